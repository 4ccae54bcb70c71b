from __future__ import annotations

from tap_purchase_orders.asking.round_trips import RoundTrips


def test_the_least_and_the_most_of_the_last_minutes() -> None:
    trips = RoundTrips()
    for seconds in (0.3, 0.2, 0.4):
        trips.add(0.0, seconds)

    assert (trips.count, trips.least, trips.most) == (3, 0.2, 0.4)


def test_what_was_seen_is_known_for_five_minutes_and_not_for_more_than_ten() -> None:
    trips = RoundTrips()
    trips.add(0.0, 0.1)
    trips.add(299.0, 0.3)
    trips.add(301.0, 0.2)
    assert (trips.count, trips.least, trips.most) == (3, 0.1, 0.3)

    trips.look_at(601.0)
    assert (trips.count, trips.least, trips.most) == (1, 0.2, 0.2)

    trips.look_at(1300.0)
    assert trips.count == 0


def test_what_is_not_typical_may_be_the_least_but_does_not_count() -> None:
    trips = RoundTrips()
    trips.add(0.0, 0.3)
    trips.add(0.0, 0.1, is_typical=False)

    assert (trips.count, trips.least) == (1, 0.1)
