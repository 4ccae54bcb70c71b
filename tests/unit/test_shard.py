from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.config import Shard

KEYS = [
    "5e8b21cd-7f06-4a93-a2d8-0c94f3b6e715",
    "193-994K",
    "000917",
    "PO 1/2?x",
    "Größe \N{EURO SIGN}",
    "",
]


@given(st.text(), st.integers(1, 64))
def test_every_key_is_in_exactly_one_shard(key: str, count: int) -> None:
    takers = [index for index in range(count) if Shard(index, count).takes(key)]

    assert len(takers) == 1


@given(st.text())
def test_one_shard_alone_takes_everything(key: str) -> None:
    assert Shard(0, 1).takes(key)


# Worked out once, apart from the code: with other values, whoever runs shards would
# have the state of other customers in each of them.
@pytest.mark.parametrize(
    ("key", "of_2", "of_3", "of_7", "of_16"),
    [
        (KEYS[0], 1, 2, 4, 3),
        (KEYS[1], 1, 0, 4, 13),
        (KEYS[2], 0, 2, 6, 0),
        (KEYS[3], 1, 0, 5, 7),
        (KEYS[4], 1, 1, 4, 9),
        (KEYS[5], 0, 1, 1, 4),
    ],
)
def test_the_share_of_a_key_never_changes(
    key: str, of_2: int, of_3: int, of_7: int, of_16: int
) -> None:
    shares = [
        next(index for index in range(count) if Shard(index, count).takes(key))
        for count in (2, 3, 7, 16)
    ]

    assert shares == [of_2, of_3, of_7, of_16]


def test_shares_are_of_about_one_size() -> None:
    keys = [f"PO-{number:06}" for number in range(12_000)]
    sizes = [sum(map(Shard(index, 4).takes, keys)) for index in range(4)]

    assert sum(sizes) == len(keys)
    assert all(2_700 < size < 3_300 for size in sizes)
