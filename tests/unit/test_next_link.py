from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from urllib3.util import parse_url

from tap_purchase_orders.clients.pagination import (
    LinkError,
    NextLink,
    collection_problem,
    next_link,
)
from tests.unit.json_values import any_json, payload

if TYPE_CHECKING:
    from tests.unit.json_values import Json

BASE = "https://api.example"


def page(**link: Any) -> Json:
    return {"items": [], "links": {"self": {"uri": "/customers"}, "next": link}}


def follow(uri: Any, base: str = BASE) -> str:
    link = next_link(page(uri=uri), base)
    assert link is not None
    return link.url


def outcome(**link: Any) -> NextLink | str | None:
    """Return a link, or the kind of issue that it is if it cannot be followed."""
    try:
        return next_link(page(**link), BASE)
    except LinkError as error:
        return error.kind


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": [], "links": None},
        {"items": [], "links": []},
        {"items": [], "links": {}},
        {"items": [], "links": {"self": {"uri": "/customers"}}},
        {"items": [], "links": {"next": None}},
        {"items": [], "links": {"next": {}}},
    ],
)
def test_a_page_without_a_link_to_the_next_is_the_last(body: Json) -> None:
    assert next_link(body, BASE) is None


def test_a_link_is_followed_with_its_headers() -> None:
    first = payload("partner_center/customers-page-1.json")
    given_link = first["links"]["next"]

    link = next_link(first, BASE)
    assert link is not None
    assert link.url == f"{BASE}/v1{given_link['uri'].removeprefix('/v1')}"
    assert link.headers == {it["key"]: it["value"] for it in given_link["headers"]}
    assert next_link(payload("partner_center/customers-page-2.json"), BASE) is None


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/customers?size=500", "/v1/customers?size=500"),
        ("/v1/customers?size=500", "/v1/customers?size=500"),
        ("customers?size=500", "/v1/customers?size=500"),
        ("v1/customers?size=500", "/v1/customers?size=500"),
        ("/v1x/customers", "/v1/v1x/customers"),
        # As the documents have it: nothing is put right.
        (
            "/customers?size=40?seekOperation=Next",
            "/v1/customers?size=40?seekOperation=Next",
        ),
        ("/a?filter=%7B%22a%22%3A1%7D&b=", "/v1/a?filter=%7B%22a%22%3A1%7D&b="),
        ("/a?next=https://other.example/", "/v1/a?next=https://other.example/"),
        ("/customers:all?size=1", "/v1/customers:all?size=1"),
    ],
)
def test_a_relative_address_is_one_of_the_api_with_its_query_as_it_is(
    uri: str, expected: str
) -> None:
    assert follow(uri) == f"{BASE}{expected}"
    assert follow(uri, f"{BASE}/partner") == f"{BASE}/partner{expected}"


@pytest.mark.parametrize(
    "uri",
    [
        "https://api.example/v1/customers?a=https://api.example",
        "https://API.example/v1/customers?a=https://api.example",
        "https://api.example:443/v1/customers?a=https://api.example",
        "HTTPS://api.example:0443/v1/customers?a=https://api.example",
        "https://api.example:/v1/customers?a=https://api.example",
    ],
)
def test_an_absolute_address_of_the_same_host_is_asked_for_at_ours(uri: str) -> None:
    assert follow(uri) == f"{BASE}/v1/customers?a=https://api.example"


def test_an_absolute_address_keeps_its_path_below_whatever_ours_has() -> None:
    assert follow("https://api.example/v1/x", f"{BASE}/partner") == f"{BASE}/v1/x"
    assert follow("https://api.example?page=2") == f"{BASE}/?page=2"


def test_the_default_port_is_that_of_the_scheme() -> None:
    base = "https://api.example:443"

    assert follow("https://api.example/v1/customers", base) == f"{base}/v1/customers"


@pytest.mark.parametrize(
    "uri",
    [
        "https://api.example@other.example/v1/customers",
        "https://user@api.example/v1/customers",
        "https://user:password@api.example/v1/customers",
        "https://@api.example/v1/customers",
        # Where the host ends, some see it at the backslash, others at the `@`.
        "https://other.example\\@api.example/v1/customers",
        "https://api.example\\@other.example/v1/customers",
        "https://other.example%5c@api.example/v1/customers",
        "https://other.example%23@api.example/v1/customers",
        "https:\\\\other.example/v1/customers",
        "https:/\\other.example/v1/customers",
    ],
)
def test_an_address_with_a_user_or_a_backslash_in_it_is_never_followed(
    uri: str,
) -> None:
    assert outcome(uri=uri) == "refused_redirect"


@pytest.mark.parametrize(
    "uri",
    [
        "/../customers",
        "/v1/../../customers",
        "../customers",
        "/v1/./customers",
        "/v1/%2e%2e/customers",
        "/v1/.%2E/customers",
        "/v1\\..\\customers",
        "https://api.example/v1/../customers",
        "/..",
    ],
)
def test_an_address_that_climbs_out_of_the_api_is_never_followed(uri: str) -> None:
    assert outcome(uri=uri) == "refused_redirect"


def test_dots_that_climb_nowhere_are_followed() -> None:
    assert follow("/v1/a..b/...?c=../d") == f"{BASE}/v1/a..b/...?c=../d"


@pytest.mark.parametrize(
    "uri",
    [
        "https://other.example/v1/customers",
        "https://api.example.other.example/v1/customers",
        "https://sub.api.example/v1/customers",
        "https://api.example:8443/v1/customers",
        "https://api.example:80/v1/customers",
        "https://api.example:99999/v1/customers",
        "https://api.example:bad/v1/customers",
        "http://api.example/v1/customers",
        "http://api.example:443/v1/customers",
        "//other.example/v1/customers",
        "//api.example/v1/customers",
        "https://api.example@other.example/v1/customers",
        "https:/v1/customers",
        "https:other.example",
        "ftp://api.example/v1/customers",
        "javascript:alert(1)",
        "file:///etc/passwd",
    ],
)
def test_an_address_of_another_host_port_or_scheme_is_never_followed(uri: str) -> None:
    assert outcome(uri=uri) == "refused_redirect"


def test_port_0_is_another_port() -> None:
    assert outcome(uri="https://api.example:0/v1/customers") == "refused_redirect"


def test_what_only_looks_like_another_host_is_a_path_on_ours() -> None:
    assert follow("///other.example/customers").startswith(f"{BASE}/v1/")
    assert follow("/@other.example").startswith(f"{BASE}/v1/")
    assert follow("/\\other.example").startswith(f"{BASE}/v1/")


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        5,
        [],
        "/customers?name=Größe",
        "/customers?name=a b",
        "/customers\r\nHost: other.example",
        " /customers",
        "https://[bad",
        "//[::1",
    ],
)
def test_an_address_that_cannot_be_read_is_an_invalid_response(
    uri: Any,
) -> None:
    assert outcome(uri=uri) == "invalid_response"


@pytest.mark.parametrize("link", ["/customers", 5, [], True])
def test_a_link_that_is_no_object_is_an_invalid_response(link: Any) -> None:
    with pytest.raises(LinkError) as caught:
        next_link({"items": [], "links": {"next": link}}, BASE)
    assert caught.value.kind == "invalid_response"


@pytest.mark.parametrize("headers", [None, []])
def test_a_link_may_have_no_headers(headers: Any) -> None:
    assert next_link(page(uri="/customers", headers=headers), BASE) == NextLink(
        f"{BASE}/v1/customers", {}
    )


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "authorization",
        "HOST",
        "Cookie",
        "Content-Length",
        "Connection",
        "Accept-Encoding",
        "Proxy-Authorization",
        "Expect",
        "Upgrade",
    ],
)
def test_some_headers_are_not_the_servers_to_choose(name: str) -> None:
    link = next_link(
        page(
            uri="/customers",
            headers=[
                {"key": name, "value": "x"},
                {"key": "MS-ContinuationToken", "value": "AAA= BBB"},
            ],
        ),
        BASE,
    )

    assert link is not None
    assert link.headers == {"MS-ContinuationToken": "AAA= BBB"}


@pytest.mark.parametrize(
    "headers",
    [
        5,
        True,
        "MS-ContinuationToken: a",
        {"MS-ContinuationToken": "a"},
        ["a"],
        [None],
        [{}],
        [{"key": "a"}],
        [{"key": "a", "value": 5}],
        [{"key": 5, "value": "a"}],
        [{"key": "", "value": "a"}],
        [{"key": "a:b", "value": "a"}],
        [{"key": "a b", "value": "a"}],
        [{"key": "a", "value": " b"}],
        [{"key": "a", "value": "b\r\nHost: other.example"}],
        [{"key": "a", "value": "Größe"}],
        [{"key": "a\r\nb", "value": "a"}],
    ],
)
def test_headers_that_cannot_be_read_or_sent_are_an_invalid_response(
    headers: Any,
) -> None:
    assert outcome(uri="/customers", headers=headers) == "invalid_response"


@pytest.mark.parametrize(
    "link",
    [
        {"uri": f"/customers?token={'a' * 70_000}"},
        {
            "uri": "/customers",
            "headers": [{"key": "MS-ContinuationToken", "value": "a" * 70_000}],
        },
        {
            "uri": "/customers",
            "headers": [
                {"key": f"a{number}", "value": "b"} for number in range(20_000)
            ],
        },
    ],
    ids=["address", "value", "many"],
)
def test_a_link_that_is_too_long_to_be_sent_is_an_invalid_response(link: Json) -> None:
    assert outcome(**link) == "invalid_response"


@given(
    st.fixed_dictionaries(
        {
            "uri": st.text("/v1customers?=&#%:@[]\\. é\n", max_size=24)
            | st.builds(
                "https://{}api.example{}".format,
                st.text("a.:@[]\\/?#%", max_size=6),
                st.text("a.:@[]\\/?#%", max_size=6),
            )
            | any_json(),
            "headers": any_json()
            | st.lists(
                st.fixed_dictionaries({"key": st.text(max_size=5), "value": st.text()}),
                max_size=2,
            ),
        }
    )
)
def test_any_link_can_be_sent_to_the_one_host_or_is_an_error(link: Json) -> None:
    tracked = outcome(**link)
    if not isinstance(tracked, NextLink):
        assert tracked in {"invalid_response", "refused_redirect"}
        return
    sent = requests.Request("GET", tracked.url, headers=tracked.headers).prepare()
    assert sent.url is not None
    assert sent.url.startswith(f"{BASE}/")
    # What is sent is the address as it is, and this library connects.
    assert parse_url(tracked.url)[:4] == parse_url(BASE)[:4]


@pytest.mark.parametrize("body", [{"items": []}, {"items": [1], "totalCount": 7}])
def test_a_collection_is_an_object_with_items(body: Any) -> None:
    assert collection_problem(body) is None


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        [{"items": []}],
        "items",
        {},
        {"items": None},
        {"items": {}},
        {"items": [None] * 100_001},
    ],
    ids=lambda body: str(body)[:20],
)
def test_anything_else_is_no_collection(body: Any) -> None:
    assert collection_problem(body) is not None
