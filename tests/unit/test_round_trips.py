from __future__ import annotations

from tap_purchase_orders.http.round_trips import Longest, RoundTrips


def test_the_least_is_the_least_of_all() -> None:
    trips = RoundTrips()
    for seconds in (0.3, 0.2, 0.4):
        trips.add(seconds, 20)

    assert trips.least == 0.2


def test_enough_of_them_stay_enough_when_more_would_be_needed_later() -> None:
    trips = RoundTrips()
    seen = []
    for enough in (2, 2, 99):
        trips.add(0.3, enough)
        seen.append(trips.are_enough)

    assert seen == [False, True, True]


def test_the_longest_is_known_for_five_minutes_and_not_for_more_than_ten() -> None:
    longest = Longest()
    longest.add(0.0, 0.4)
    longest.add(299.0, 0.3)
    longest.add(301.0, 0.2)
    assert longest.seconds == 0.4

    longest.look_at(601.0)
    assert longest.seconds == 0.2

    longest.look_at(1300.0)
    assert longest.seconds == 0
