from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.unit.configs import (
    API_KEY,
    APPZEN,
    CLIENT_SECRET,
    FULL,
    NUMBERS,
    appzen,
    changed,
    dotted,
    load,
    mistakes,
    partner_center,
    places,
)

if TYPE_CHECKING:
    from tests.unit.json_values import Json

PLACES = list(places(FULL))


def only_mistake(config: Json) -> str:
    (line,) = mistakes(config)
    return line


# Defaults


def test_every_setting_may_be_given() -> None:
    assert mistakes(FULL) == ()


def test_the_defaults_of_partner_center_are_those_of_the_documents() -> None:
    section = load(partner_center()).partner_center

    assert section is not None
    assert section.api_url == "https://api.partnercenter.microsoft.com"
    assert section.auth["authority"] == "https://login.microsoftonline.com"
    assert section.customer_ids == ()
    assert (section.page_size, section.max_concurrency, section.max_tries) == (
        500,
        8,
        6,
    )
    assert (section.include_price, section.include_system_purchases) == (False, False)
    assert (section.lookback_days, section.full_read_days) == (8, 7)
    assert section.change_detection == "full"
    assert section.max_requests_per_minute == 500


def test_the_defaults_of_appzen_are_those_of_the_documents() -> None:
    section = load(appzen()).appzen

    assert section is not None
    assert section.api_url == "https://api.appzen.com"
    assert section.max_requests_per_second == 20
    assert section.max_requests_per_run is None
    assert (section.max_concurrency, section.max_tries) == (8, 6)


def test_an_upstream_is_on_when_its_section_is_there() -> None:
    only_orders, only_numbers = load(partner_center()), load(appzen())

    assert only_orders.appzen is None
    assert only_numbers.partner_center is None
    assert only_orders.start_date is None
    assert only_orders.strict is False
    assert (only_orders.shard.index, only_orders.shard.count) == (0, 1)


@pytest.mark.parametrize(
    ("cloud", "api_url", "authority", "scope"),
    [
        (
            "public",
            "https://api.partnercenter.microsoft.com",
            "https://login.microsoftonline.com",
            "https://api.partnercenter.microsoft.com/.default",
        ),
        (
            "us_government",
            "https://api.partnercenter.microsoft.com",
            "https://login.microsoftonline.us",
            "https://api.partnercenter.microsoft.com/.default",
        ),
        (
            "china",
            "https://partner.partnercenterapi.microsoftonline.cn",
            "https://login.partner.microsoftonline.cn",
            "https://partner.partnercenterapi.microsoftonline.cn/.default",
        ),
    ],
)
def test_a_cloud_picks_its_addresses_and_the_scope(
    cloud: str, api_url: str, authority: str, scope: str
) -> None:
    section = load(partner_center(cloud=cloud)).partner_center

    assert section is not None
    assert (section.api_url, section.auth["authority"]) == (api_url, authority)
    assert section.auth["scope"] == scope


def test_an_address_of_ones_own_wins_over_that_of_the_cloud() -> None:
    section = load(
        partner_center(
            cloud="china",
            api_url="https://api.example",
            auth={**CLIENT_SECRET, "authority": "https://login.example:8443/"},
        )
    ).partner_center

    assert section is not None
    assert section.api_url == "https://api.example"
    assert section.auth["authority"] == "https://login.example:8443/"


def test_null_is_as_if_it_were_not_there() -> None:
    nothing = {
        "start_date": None,
        "strict": None,
        "shard": None,
        "appzen": None,
        **partner_center(
            api_url=None,
            customer_ids=None,
            page_size=None,
            auth={**CLIENT_SECRET, "scope": None, "authority": None, "token": None},
        ),
    }

    assert load(nothing) == load(partner_center())


@pytest.mark.parametrize("name", ["cloud", "change_detection"])
def test_a_choice_that_is_null_is_as_if_it_were_not_there(name: str) -> None:
    assert load(partner_center(**{name: None})) == load(partner_center())


def test_the_given_configuration_is_left_as_it_was() -> None:
    config = partner_center(auth=dict(CLIENT_SECRET), cloud="china")
    before = repr(config)
    load(config)

    assert repr(config) == before


def test_customers_are_read_once_each_in_the_order_given() -> None:
    section = load(partner_center(customer_ids=["b", "a", "b"])).partner_center

    assert section is not None
    assert section.customer_ids == ("b", "a")


def test_a_whole_number_is_one_however_it_is_written() -> None:
    section = load(partner_center(max_concurrency=8.0, page_size=8e0)).partner_center

    assert section is not None
    assert repr((section.max_concurrency, section.page_size)) == "(8, 8)"


# Mistakes


@pytest.mark.parametrize("config", [{}, {"partner_center": None, "appzen": None}])
def test_without_any_upstream_there_is_nothing_to_read(config: Json) -> None:
    line = only_mistake(config)

    assert "`partner_center`" in line
    assert "`appzen`" in line


@pytest.mark.parametrize(
    ("config", "setting"),
    [
        (partner_center(start_date="soon"), "partner_center.start_date"),
        ({**partner_center(), "start_date": "soon"}, "start_date"),
        ({**partner_center(), "start_date": " "}, "start_date"),
        ({**partner_center(), "shard": {"index": 2, "count": 2}}, "shard.index"),
        ({**partner_center(), "shard": {"index": 1}}, "shard.index"),
        (partner_center(cloud="germany"), "partner_center.cloud"),
        (partner_center(change_detection="log"), "partner_center.change_detection"),
        (partner_center(page_size=0), "partner_center.page_size"),
        (partner_center(lookback_days=-1), "partner_center.lookback_days"),
        (partner_center(full_read_days=0), "partner_center.full_read_days"),
        (partner_center(max_concurrency=2.5), "partner_center.max_concurrency"),
        (partner_center(include_price="yes"), "partner_center.include_price"),
        (partner_center(customer_ids="c-1"), "partner_center.customer_ids"),
        (partner_center(customer_ids=["a", ""]), "partner_center.customer_ids[1]"),
        (partner_center(customer_ids=["a", ".."]), "partner_center.customer_ids[1]"),
        (partner_center(customer_ids=[None]), "partner_center.customer_ids[0]"),
        (appzen(max_requests_per_run=0), "appzen.max_requests_per_run"),
        (appzen(max_requests_per_second=0), "appzen.max_requests_per_second"),
        (appzen(max_tries=0), "appzen.max_tries"),
        ({"partner_center": {}}, "partner_center.auth"),
        ({"appzen": {"auth": API_KEY}}, "appzen.purchase_order_numbers"),
        (
            appzen(purchase_order_numbers={"numbers": []}),
            "appzen.purchase_order_numbers.source",
        ),
        (
            appzen(purchase_order_numbers={"source": "list"}),
            "appzen.purchase_order_numbers.numbers",
        ),
        (
            appzen(purchase_order_numbers={"source": "list", "numbers": ["1", 1.5]}),
            "appzen.purchase_order_numbers.numbers[1]",
        ),
        (
            appzen(purchase_order_numbers={"source": "lst", "numbers": []}),
            "appzen.purchase_order_numbers.source",
        ),
        (partner_center(auth={}), "partner_center.auth.method"),
        (partner_center(auth={"method": "magic"}), "partner_center.auth.method"),
        (partner_center(auth=API_KEY), "partner_center.auth.method"),
        (appzen(auth=CLIENT_SECRET), "appzen.auth.method"),
        (appzen(auth={**API_KEY, "api_key": ""}), "appzen.auth.api_key"),
        (appzen(auth={**API_KEY, "api_key": None}), "appzen.auth.api_key"),
        (appzen(auth={**API_KEY, "api_key": "key\n"}), "appzen.auth.api_key"),
        (appzen(auth={**API_KEY, "customer_id": " 1"}), "appzen.auth.customer_id"),
        (appzen(auth={**API_KEY, "customer_key": "ä"}), "appzen.auth.customer_key"),
        (
            partner_center(auth={"method": "bearer_token", "token": "a\r\nb: c"}),
            "partner_center.auth.token",
        ),
        (appzen(auth={**API_KEY, "token": "x"}), "appzen.auth.token"),
        ({**appzen(), "stat_date": "2019-01-01"}, "stat_date"),
    ],
)
def test_a_mistake_is_one_line_that_names_the_setting(
    config: Json, setting: str
) -> None:
    line = only_mistake(config)

    assert f"`{setting}`" in line
    assert "\n" not in line


@pytest.mark.parametrize("path", PLACES, ids=dotted)
@pytest.mark.parametrize("wrong", [{"a": 1}, [1], 3.5, True, "x\ny"], ids=repr)
def test_a_refused_value_is_named_by_its_path(
    path: tuple[str | int, ...], wrong: Any
) -> None:
    lines = mistakes(changed(FULL, path, wrong))

    assert all(dotted(path[:2]) in line for line in lines)
    assert not any(line.rstrip().endswith("must be") for line in lines)


@pytest.mark.parametrize(
    ("config", "hint"),
    [
        ({**partner_center(), "stat_date": "x"}, "start_date"),
        (partner_center(pagesize=5), "partner_center.page_size"),
        (appzen(auth={**API_KEY, "apikey": "x"}), "appzen.auth.api_key"),
        (
            appzen(purchase_order_numbers={**NUMBERS, "number": []}),
            "appzen.purchase_order_numbers.numbers",
        ),
    ],
)
def test_an_unknown_setting_is_named_with_the_one_that_may_be_meant(
    config: Json, hint: str
) -> None:
    line = only_mistake(config)

    assert line.startswith("unknown setting ")
    assert f"did you mean `{hint}`?" in line


def test_a_setting_like_no_other_gets_no_hint() -> None:
    assert only_mistake(partner_center(zzz=1)) == "unknown setting `partner_center.zzz`"


def test_all_mistakes_are_found_at_once() -> None:
    config = {
        "stat_date": "x",
        "shard": {"index": 3, "count": 2},
        "partner_center": {"auth": {"method": "client_secret"}, "page_size": 0},
        "appzen": {"api_url": "http://api.example", **APPZEN, "auth": {"method": "x"}},
    }
    text = "\n".join(mistakes(config))

    for setting in (
        "stat_date",
        "shard.index",
        "partner_center.page_size",
        "partner_center.auth.tenant_id",
        "partner_center.auth.client_id",
        "partner_center.auth.client_secret",
        "appzen.api_url",
        "appzen.auth.method",
    ):
        assert f"`{setting}`" in text
    assert len(mistakes(config)) == 8


@pytest.mark.parametrize("wrong", [float("inf"), float("nan")])
def test_a_number_that_is_none_is_a_mistake(wrong: Any) -> None:
    line = only_mistake(partner_center(page_size=wrong))

    assert "`partner_center.page_size`" in line
