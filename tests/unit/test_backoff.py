from __future__ import annotations

from itertools import islice

from tap_purchase_orders.http.backoff import retry_waits


def test_each_wait_is_twice_as_long_as_the_one_before_and_up_to_a_second_more() -> None:
    series = [list(islice(retry_waits(), 6)) for _ in range(50)]

    for waits in series:
        for wait, least in zip(waits, [1, 2, 4, 8, 16, 32], strict=True):
            assert least <= wait <= least + 1
    assert len({tuple(waits) for waits in series}) > 1
