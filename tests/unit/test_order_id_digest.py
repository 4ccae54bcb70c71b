from __future__ import annotations

import pytest

from tap_purchase_orders.incremental.order_id_digest import (
    ListedIds,
    listed_ids,
    listed_ids_of,
    newcomers,
)


def names(count: int, kind: str = "o") -> list[str]:
    return [f"{kind}-{number}" for number in range(count)]


@pytest.mark.parametrize("more", [0, 1, 340, 342, 400, 511])
def test_however_many_ids_come_or_go_their_number_is_known(more: int) -> None:
    few, many = listed_ids(names(1000)), listed_ids(names(1000 + more))

    assert (many - few).grows_by == more
    assert (few - many).grows_by == -more


def test_a_digest_is_the_same_for_every_version_of_the_tap() -> None:
    # States hold these: with others, every order of a customer would look new.
    assert listed_ids([]).text == "AAAAAAA"
    assert listed_ids(["o-1", "o-2"]).text == "ALFDHjt"
    assert listed_ids(names(1025)).text == "AH_Jj9J"


@pytest.mark.parametrize("count", [0, 1, 1023, 1024, 5000])
def test_a_digest_is_read_as_it_was_written(count: int) -> None:
    assert listed_ids_of(listed_ids(names(count)).text) == listed_ids(names(count))


@pytest.mark.parametrize("text", ["", "AAAAAA", "AAAAAAAA"])
def test_a_text_of_another_length_is_no_digest(text: str) -> None:
    with pytest.raises(ValueError, match="not a digest"):
        listed_ids_of(text)


@pytest.mark.parametrize(
    ("groups", "others"),
    [
        ((), ()),
        (("system",), ()),
        (("inside",), ()),
        (("system", "inside"), ()),
        ((), (3,)),
        (("system",), (0, 29)),
        (("inside",), (5, 17)),
        (("system", "inside"), (11, 12, 13)),
    ],
)
def test_new_ids_are_found_whichever_they_are(
    groups: tuple[str, ...], others: tuple[int, ...]
) -> None:
    every = {"system": names(4, "s"), "inside": names(3, "i")}
    rest = names(30)
    new = {
        *(one for name in groups for one in every[name]),
        *(rest[place] for place in others),
    }

    assert newcomers(listed_ids(new), [*every.values()], rest) == new


@pytest.mark.parametrize("places", [range(3), range(197, 200)])
def test_of_too_many_choices_the_first_and_the_last_are_tried(places: range) -> None:
    rest = names(200)
    new = {rest[place] for place in places}

    assert newcomers(listed_ids(new), (), rest) == new


def test_new_ids_that_are_none_of_the_choices_are_not_found() -> None:
    rest = names(200)
    missing = listed_ids([rest[3], rest[50], rest[150]])

    assert newcomers(missing, (), rest) is None
    assert newcomers(listed_ids(["another"]), (), rest) is None
    assert newcomers(ListedIds() - listed_ids(["gone"]), (), rest) is None
