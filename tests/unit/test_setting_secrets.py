from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.configs import (
    FULL,
    SCHEMA,
    appzen,
    changed,
    load,
    mistakes,
    partner_center,
    places,
)
from tests.unit.json_values import any_json

SECRET = "hunter2-hunter2"
PLACES = list(places(FULL))


@given(
    st.sampled_from(PLACES),
    st.sampled_from(
        [SECRET, {SECRET: SECRET}, [SECRET], {"a": [SECRET]}, f"https://{SECRET}"]
    ),
)
def test_no_message_shows_a_value_wherever_a_secret_was_put(
    path: tuple[str | int, ...], wrong: Any
) -> None:
    # Names of settings are shown, so a secret in the place of a name is not looked for.
    shown = "\n".join(mistakes(changed(FULL, path, wrong)))
    if isinstance(wrong, dict) and SECRET in wrong:
        shown = shown.replace(f"{SECRET}`", "")

    assert SECRET not in shown
    assert "planted" not in shown


@given(
    any_json(st.sampled_from(["partner_center", "appzen", "auth", "method", "shard"]))
)
def test_any_configuration_is_used_or_refused(config: Any) -> None:
    if isinstance(config, dict):
        assert isinstance(mistakes(config), tuple)


def test_settings_do_not_show_their_secrets() -> None:
    settings = load({**partner_center(), **appzen()})

    assert "planted" not in repr(settings)
    assert "planted" not in str(settings)


def test_what_is_secret_in_the_documents_is_secret_in_the_schema() -> None:
    auth = {
        upstream: SCHEMA["properties"][upstream]["properties"]["auth"]["properties"]
        for upstream in ("partner_center", "appzen")
    }
    secrets = {
        f"{upstream}.{name}"
        for upstream, section in auth.items()
        for name, part in section.items()
        if part.get("secret") or part.get("writeOnly")
    }
    assert secrets >= {
        "partner_center.client_secret",
        "partner_center.token",
        "appzen.api_key",
        "appzen.customer_id",
        "appzen.customer_key",
    }
