"""Bad settings, states and catalogs: a line for each mistake, and nothing is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.worlds import SECRETS, appzen, partner_center

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.tap.upstream import Upstream


def both(upstream: Upstream, **settings: Any) -> dict[str, Any]:
    return {
        "partner_center": partner_center(upstream),
        "appzen": appzen(upstream, ["A"]),
        **settings,
    }


def nothing_is_set(_upstream: Upstream) -> Mapping[str, Any]:
    return {"config": {}}


def many_mistakes(upstream: Upstream) -> Mapping[str, Any]:
    return {
        "config": {
            "start_dat": "2024-01-01T00:00:00Z",
            "strict": "yes",
            "api_key": SECRETS["api_key"],
            "partner_center": partner_center(
                upstream, page_size=0, clod="public", cloud="mars", customer_ids="c1"
            ),
            "appzen": appzen(
                upstream, ["A"], max_tries=SECRETS["api_key"], max_concurrency=1.5
            ),
        }
    }


def mistakes_behind_the_types(upstream: Upstream) -> Mapping[str, Any]:
    auth = {"method": "bearer_token", "token": SECRETS["token"], "tokn": "x"}
    return {
        "config": {
            "start_date": "yesterday",
            "shard": {"index": 2, "count": 2},
            "partner_center": partner_center(
                upstream, api_url="http://api.example.com", auth=auth
            ),
            "appzen": appzen(upstream, ["A"], api_url="ftp://127.0.0.1"),
        }
    }


def unknown_plug_ins(upstream: Upstream) -> Mapping[str, Any]:
    config = both(upstream)
    config["partner_center"]["auth"] = {"method": "magic"}
    config["appzen"]["purchase_order_numbers"] = {"source": "crystal_ball"}
    return {"config": config}


def method_of_the_other_upstream(upstream: Upstream) -> Mapping[str, Any]:
    config = both(upstream)
    config["partner_center"]["auth"] = dict(config["appzen"]["auth"])
    return {"config": config}


def credentials_are_missing(upstream: Upstream) -> Mapping[str, Any]:
    config = both(upstream)
    config["partner_center"]["auth"] = {"method": "client_secret", "tenant_id": "t"}
    del config["appzen"]["auth"]["customer_key"]
    return {"config": config}


def authority_is_no_place(upstream: Upstream) -> Mapping[str, Any]:
    config = both(upstream)
    config["partner_center"]["auth"] = {
        "method": "client_secret",
        "tenant_id": "t",
        "client_id": "c",
        "client_secret": SECRETS["client_secret"],
        "authority": "https://login.example.com/tenant",
    }
    return {"config": config}


def number_is_no_text(upstream: Upstream) -> Mapping[str, Any]:
    config = both(upstream)
    config["appzen"]["purchase_order_numbers"]["numbers"] = ["A", True]
    return {"config": config}


def credentials_that_no_header_can_carry(upstream: Upstream) -> Mapping[str, Any]:
    config = both(upstream)
    config["partner_center"]["auth"]["token"] = f"{SECRETS['token']}\u20ac"
    config["appzen"]["auth"]["api_key"] = f"{SECRETS['api_key']}\n"
    return {"config": config}


def config_is_not_json(_upstream: Upstream) -> Mapping[str, Any]:
    return {"config": f'{{"appzen": "{SECRETS["api_key"]}"'}


def config_is_not_an_object(_upstream: Upstream) -> Mapping[str, Any]:
    return {"config": [SECRETS["api_key"]]}


def config_is_missing(_upstream: Upstream) -> Mapping[str, Any]:
    return {"config": None, "arguments": ["--config", "nowhere.json"]}


def state_is_not_json(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": both(upstream), "state": "{"}


def state_is_of_another_shape(upstream: Upstream) -> Mapping[str, Any]:
    partitions = [{"context": {"customer_id": "c1"}, "replication_key_value": "soon"}]
    return {
        "config": both(upstream),
        "state": {"bookmarks": {"orders": {"partitions": partitions}}},
    }


def catalog_is_not_json(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": both(upstream), "catalog": "streams"}


def catalog_is_of_another_shape(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": both(upstream), "catalog": {"streams": [{"stream": "orders"}]}}


def catalog_is_empty(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": both(upstream), "catalog": {}}


def catalog_has_no_list(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": both(upstream), "catalog": {"streams": {"orders": {}}}}


def state_is_another_message(upstream: Upstream) -> Mapping[str, Any]:
    record = {"type": "RECORD", "stream": "orders", "record": {}}
    return {"config": both(upstream), "state": record}


def state_is_what_meltano_keeps(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": both(upstream), "state": {"singer_state": {"bookmarks": {}}}}


def state_message_without_a_state(upstream: Upstream) -> Mapping[str, Any]:
    return {"config": both(upstream), "state": {"type": "STATE", "value": {"a": 1}}}


# Scene, and for each line what it has to name.
MISTAKES: dict[Scene, list[str]] = {
    nothing_is_set: ["partner_center"],
    many_mistakes: [
        "start_dat",
        "strict",
        "api_key",
        "partner_center.page_size",
        "partner_center.clod",
        "partner_center.cloud",
        "partner_center.customer_ids",
        "appzen.max_tries",
        "appzen.max_concurrency",
    ],
    mistakes_behind_the_types: [
        "start_date",
        "shard.index",
        "partner_center.api_url",
        "partner_center.auth.tokn",
        "appzen.api_url",
    ],
    unknown_plug_ins: [
        "partner_center.auth.method",
        "appzen.purchase_order_numbers.source",
    ],
    method_of_the_other_upstream: ["partner_center.auth.method"],
    credentials_are_missing: [
        "partner_center.auth.client_id",
        "partner_center.auth.client_secret",
        "appzen.auth.customer_key",
    ],
    authority_is_no_place: ["partner_center.auth.authority"],
    number_is_no_text: ["appzen.purchase_order_numbers.numbers[1]"],
    credentials_that_no_header_can_carry: [
        "partner_center.auth.token",
        "appzen.auth.api_key",
    ],
    config_is_not_json: ["config.json"],
    config_is_not_an_object: ["config.json"],
    config_is_missing: ["nowhere.json"],
    state_is_not_json: ["state.json"],
    state_is_of_another_shape: ["bookmarks.orders.partitions[0]"],
    catalog_is_not_json: ["catalog.json"],
    catalog_is_of_another_shape: ["catalog"],
    catalog_is_empty: ["`streams`"],
    catalog_has_no_list: ["`streams`"],
    state_is_another_message: ["`bookmarks`"],
    state_is_what_meltano_keeps: ["singer_state"],
    state_message_without_a_state: ["`bookmarks`"],
}


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(*MISTAKES)


@pytest.mark.parametrize("scene", MISTAKES, ids=lambda scene: scene.__name__)
def test_every_mistake_is_one_line_and_nothing_is_asked(
    scene: Scene, played: dict[Scene, Played]
) -> None:
    run = played[scene].run

    assert run.status == 1
    assert run.output == b""
    assert played[scene].asked == []
    for named in MISTAKES[scene]:
        assert [line for line in run.errors if named in line], run.log
    assert len(run.errors) == len(MISTAKES[scene]), run.errors


def test_an_unknown_setting_is_named_with_the_likely_one(
    played: dict[Scene, Played],
) -> None:
    assert any(
        "partner_center.clod" in line and "partner_center.cloud" in line
        for line in played[many_mistakes].run.errors
    )
