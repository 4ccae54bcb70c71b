"""The short way to tell right settings, against the library that knows all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tap_purchase_orders.settings.fit import is_certainly_valid
from tests.unit.configs import FULL, SCHEMA, changed, places

VALIDATOR = Draft202012Validator(SCHEMA)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 300)
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["public", "full", "activity_log", " blank ", "line\n"]),
    lambda values: (
        st.lists(values, max_size=2)
        | st.dictionaries(
            st.sampled_from(["index", "count", "auth", "method", "other"]),
            values,
            max_size=3,
        )
    ),
    max_leaves=4,
)
PLACES = st.sampled_from([place for place in places(FULL) if place])


@given(place=PLACES, value=VALUES)
def test_settings_that_surely_fit_have_no_mistake(place: Any, value: Any) -> None:
    config = changed(FULL, place, value)

    if is_certainly_valid(config, SCHEMA):
        assert VALIDATOR.is_valid(config)


@pytest.mark.parametrize("left_out", [(), *((name,) for name in FULL)])
def test_right_settings_surely_fit(left_out: tuple[str, ...]) -> None:
    config = {name: part for name, part in FULL.items() if name not in left_out}

    assert is_certainly_valid(config, SCHEMA)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "maxLength": 9},
        {"type": "array", "uniqueItems": True},
        {"anyOf": [{"type": "string"}, {"type": "array"}]},
        {"type": "number"},
    ],
)
@pytest.mark.parametrize("value", ["text", ["text"], 5, None, 5.0])
def test_what_takes_more_than_this_knows_is_in_doubt(value: Any, schema: Any) -> None:
    assert not is_certainly_valid(value, schema)
