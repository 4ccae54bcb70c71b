from __future__ import annotations

import pytest

from tests.unit.configs import CLIENT_SECRET, appzen, mistakes, partner_center

LOOPBACK = [
    "http://localhost",
    "http://localhost:8080",
    "http://LOCALHOST:8080/",
    "http://127.0.0.1:8080",
    "http://127.8.9.10",
    "http://[::1]:8080",
]
PLAIN = [
    "https://api.example",
    "https://api.example/",
    "https://api.example:8443",
    "https://10.0.0.1/v1",
    "https://api.example/dictionary-data-services",
    "HTTPS://API.EXAMPLE",
]
# Plain http to any other machine, whatever it looks like at first sight.
ELSEWHERE = [
    "http://api.example",
    "http://10.0.0.1",
    "http://0.0.0.0:8080",
    "http://localhost.example",
    "http://127.0.0.1.example",
    "http://api.example:80/localhost",
    "http://[::2]",
    "http://localhost@api.example",
    "http://127.0.0.1:80@api.example",
]
NO_ADDRESSES = [
    "api.example",
    "/v1",
    "x",
    "//api.example",
    "https://",
    "https:///v1",
    "https://[bad",
    "https://api.example:bad",
    "https://api.example:99999",
    "ftp://api.example",
    "file:///etc/passwd",
    "javascript:alert(1)",
    " https://api.example",
    "https://api.example ",
    "https://api .example",
    "https://api.example\n",
    "https://api.example\r\nHost: other.example",
    "https://api.exa\tmple",
    "https://\uff11\uff12\uff17.0.0.1",
]
TOO_MUCH = [
    "https://user:password@api.example",
    "https://user@api.example",
    "https://:password@api.example",
    "https://api.example?key=x",
    "https://api.example/#top",
]


@pytest.mark.parametrize("url", [*PLAIN, *LOOPBACK])
def test_an_api_may_be_at_any_https_address_and_at_http_on_this_machine(
    url: str,
) -> None:
    assert mistakes(partner_center(api_url=url)) == ()
    assert mistakes(appzen(api_url=url)) == ()


@pytest.mark.parametrize("url", [*ELSEWHERE, *NO_ADDRESSES, *TOO_MUCH])
def test_any_other_address_of_an_api_is_refused_and_not_shown(url: str) -> None:
    for upstream, config in (
        ("partner_center", partner_center(api_url=url)),
        ("appzen", appzen(api_url=url)),
    ):
        (line,) = mistakes(config)
        assert line.startswith(f"`{upstream}.api_url` must ")
        assert "password" not in line
        assert "api.example" not in line


@pytest.mark.parametrize(
    "url",
    ["https://login.example", "https://login.example/", "https://localhost:8443"],
)
def test_an_authority_is_an_https_address_without_a_path(url: str) -> None:
    assert mistakes(partner_center(auth={**CLIENT_SECRET, "authority": url})) == ()


@pytest.mark.parametrize(
    "url",
    [
        "https://login.example/tenant",
        "https://login.example/tenant/v2.0",
        *LOOPBACK,
        *ELSEWHERE,
        *NO_ADDRESSES,
        *TOO_MUCH,
    ],
)
def test_any_other_authority_is_refused(url: str) -> None:
    (line,) = mistakes(partner_center(auth={**CLIENT_SECRET, "authority": url}))

    assert line.startswith("`partner_center.auth.authority` must ")
