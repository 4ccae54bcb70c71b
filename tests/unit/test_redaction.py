from __future__ import annotations

import base64
import html
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_purchase_orders.redaction import Secrets, configured_secrets
from tap_purchase_orders.settings.schema import settings_schema
from tests.unit.configs import FULL

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.unit.json_values import Json

SECRET = 'hunter2\\"\nhunter2-hunter2'
texts = st.text(st.characters(codec="utf-8"), max_size=10)


@given(texts, texts, st.text(st.characters(codec="utf-8"), min_size=16))
def test_no_text_shows_a_secret_plain_or_as_json(
    before: str, after: str, secret: str
) -> None:
    secrets = Secrets([secret])
    for shown in (f"{before}{secret}{after}", json.dumps([before, secret, after])):
        redacted = secrets.redacted(shown)
        assert secret not in redacted


@given(texts)
def test_a_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert Secrets([SECRET]).redacted(text) == text
    assert not Secrets([SECRET]).are_in(json.dumps(text).encode())


def test_a_secret_within_a_secret_does_not_uncover_the_longer_one() -> None:
    secrets = Secrets(["hunter2", "hunter2-hunter3", "2-hunt"])

    assert secrets.redacted("a hunter2-hunter3 b hunter2 c") == "a *** b *** c"


@pytest.mark.parametrize("short", ["", "a", "abc"])
def test_a_value_too_short_to_tell_hides_nothing(short: str) -> None:
    assert Secrets([short]).redacted("abc a") == "abc a"


def json_escaped_slashes(text: str) -> str:
    return json.dumps(text).replace("/", r"\/")


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_base64_for_addresses(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


SPELLINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "json": json.dumps,
    "json with all signs": lambda text: json.dumps(text, ensure_ascii=False),
    "json with escaped slashes": json_escaped_slashes,
    "json in json": lambda text: json.dumps({"said": json.dumps({"sent": text})}),
    "json in json in json": lambda text: json.dumps(json.dumps(json.dumps(text))),
    "address": lambda text: quote(text, safe=""),
    "path": quote,
    "form": quote_plus,
    "form in json": lambda text: json.dumps(urlencode({"client_secret": text})),
    "small letters": lambda text: small(quote(text, safe="")),
    "address as scripts write it": lambda text: quote(text, safe="!'()*~"),
    "html": html.escape,
    "repr": repr,
    "repr of bytes": lambda text: repr(text.encode()),
    "ascii": ascii,
    "base64": in_base64,
    "base64 for addresses": in_base64_for_addresses,
    "base64 in an address": lambda text: quote(in_base64(text), safe=""),
    "base64 in json": lambda text: json_escaped_slashes(in_base64(text)),
}


def small(text: str) -> str:
    """Return a percent-encoded text with small letters behind its percent signs."""
    return re.sub("%..", lambda match: match[0].lower(), text)


@pytest.mark.parametrize("name", SPELLINGS)
@pytest.mark.parametrize(
    "secret",
    [
        SECRET,
        "p%l@n+t/e d\\s&ecret=~",
        "Größe<€>😀'geheim",
        "AQAB-_.~AQAB-_.~",
        "tab\tand\nline",
        "/begins and ends/",
    ],
)
def test_a_secret_is_found_however_it_is_spelled(name: str, secret: str) -> None:
    for before, after in (("", ""), ("x", "yz"), ("Bearer ", "!"), ("client:", "??")):
        shown = SPELLINGS[name](f"{before}{secret}{after}")
        redacted = Secrets([secret]).redacted(shown)

        assert "***" in redacted
        # Of base64, bits of the first and the last sign are not the secret's alone.
        tail = 4 if name.startswith("base64") else 0
        for part in parts_of(SPELLINGS[name](secret), 6 + tail):
            assert part not in redacted


def parts_of(text: str, length: int) -> list[str]:
    """Return all parts of a spelled secret but those that quotes would be in."""
    inner = text.strip("b\"'\\=").removeprefix('{"said": ')
    if "said" in text or "client_secret" in text:
        return []
    return [inner[at : at + length] for at in range(len(inner) - length + 1)]


@given(
    st.text(st.characters(codec="utf-8"), max_size=5),
    st.text(st.characters(codec="utf-8"), min_size=16, max_size=40),
    st.sampled_from([*SPELLINGS]),
)
def test_any_secret_is_found_in_any_spelling(
    before: str, secret: str, name: str
) -> None:
    redacted = Secrets([secret]).redacted(SPELLINGS[name](f"{before}:{secret}"))

    assert "***" in redacted
    assert secret not in redacted


@pytest.mark.parametrize("sign", ["\\", '"', '\\"', "%", "A", "AAAA"])
def test_a_hostile_text_is_searched_in_no_time(sign: str) -> None:
    secrets = Secrets(['"\\/"\\/"\\/secret', "AAAAAAAAAAAAAAAAAAAAAAAB", "%2%2%2%2%2"])

    # Were this not linear, the test would run into its limit of time.
    assert secrets.redacted(sign * 100_000) == sign * 100_000


@pytest.mark.parametrize("name", ["as it is", "json", "address"])
def test_a_secret_is_found_in_the_spellings_that_a_body_may_have(name: str) -> None:
    secret = 'p%l@n+t/e d"s\\&ecret=~'
    body = json.dumps({"note": SPELLINGS[name](f"x{secret}")}).encode()

    assert Secrets([secret]).are_in(body)


def test_a_secret_is_found_whose_signs_are_escaped() -> None:
    secret = "0123456789-Größe-€"
    signs = "".join(f"\\u{ord(sign):04X}" for sign in secret)

    assert Secrets([secret]).are_in(f'{{"note": "{signs}"}}'.encode())
    assert Secrets([secret]).are_in(json.dumps([secret]).encode())
    assert Secrets(["a/b/c/d/e/f/g/h/i"]).are_in(rb'["a\/b\/c\/d\/e\/f\/g\/h\/i"]')


@pytest.mark.parametrize("times", [1, 2, 3])
@pytest.mark.parametrize("spelled", [r"\/", r"\u002F", r"\u002f", "/"])
def test_a_secret_is_found_in_a_text_within_texts(spelled: str, times: int) -> None:
    text = f'{{"key": "key-0123456789{spelled}abcdef"}}'
    for _ in range(times):
        text = json.dumps({"note": text})

    assert Secrets(["key-0123456789/abcdef"]).are_in(text.encode())
    assert not Secrets(["key-0123456789/abcdeg"]).are_in(text.encode())


@given(
    st.text(
        st.characters(max_codepoint=0xFFFF, categories=["L", "N", "P"]), min_size=16
    ),
    st.data(),
)
def test_a_secret_is_found_whichever_of_its_signs_are_escaped(
    secret: str, data: st.DataObject
) -> None:
    others = data.draw(st.text(st.sampled_from("\u00ff\u20acz\n/")))
    spelled = json.dumps(others)[1:-1].replace("/", "\\/")
    for sign in secret:
        escapes = [f"\\u{ord(sign):04x}", f"\\u{ord(sign):04X}"]
        ways = escapes if sign in '"\\' else [sign, *escapes]
        spelled += data.draw(st.sampled_from(ways))

    assert Secrets([secret]).are_in(f'["{spelled}"]'.encode())


def test_a_secret_that_comes_later_is_hidden_from_then_on() -> None:
    secrets = Secrets()
    secrets.add("hunter2")

    assert secrets.redacted("hunter2") == "***"


def test_what_may_stand_in_a_record_by_chance_is_no_sign() -> None:
    body = b'{"amount":1200345,"customer":"1200345"}'

    assert not Secrets(["1200345"]).are_in(body)


def test_a_token_is_found_without_the_scheme_that_it_was_sent_with() -> None:
    secrets = Secrets()
    secrets.add_sent("Bearer 0123456789abcdef")
    secrets.add_sent("0123456789abcdef")

    assert secrets.are_in(b'{"note": "0123456789abcdef"}')


def test_an_id_may_stand_in_data_even_when_it_is_sent() -> None:
    secrets = Secrets()
    secrets.add_id("contoso-purchasing")
    secrets.add_sent("contoso-purchasing")

    assert not secrets.are_in(b'{"purchase_order_number": "contoso-purchasing-1"}')


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("customer contoso-purchasing, order 5", "customer ***, order 5"),
        ("order contoso-purchasing-1", "order contoso-purchasing-1"),
        ("contoso-purchasing_2", "contoso-purchasing_2"),
    ],
)
def test_an_id_is_hidden_where_it_is_a_word(shown: str, expected: str) -> None:
    secrets = Secrets()
    secrets.add_id("contoso-purchasing")

    assert secrets.redacted(shown) == expected


def test_a_short_id_is_not_redacted() -> None:
    secrets = Secrets()
    secrets.add_id("2024")

    assert secrets.redacted("HTTP 400: due in 2024") == "HTTP 400: due in 2024"


def hidden_of(config: Json, *texts: str) -> list[str]:
    """Return which of some texts are hidden once the settings are known."""
    secrets = configured_secrets(config, settings_schema())
    return [text for text in texts if secrets.redacted(text) != text]


def test_the_secrets_of_the_settings_are_those_marked_so() -> None:
    planted = [f"planted-{name}" for name in ("client-secret", "api-key", "tenant-id")]
    planted += ["planted-customer-id", "planted-customer-key"]

    assert hidden_of(FULL, *planted) == [p for p in planted if "tenant" not in p]


PLUG_IN_AUTH = {"method": "basic", "user": "someone-of-contoso", "password": "a" * 16}


@pytest.mark.parametrize(
    "auth",
    [
        {"deep": {"password": "pass"}},
        {"keys": ["pass"]},
        {"keys": [{"key": "pass"}]},
        {"keys": {"all": ["pass"]}},
        {"user": "pass"},
    ],
)
def test_whatever_a_plug_in_is_given_is_hidden(auth: Any) -> None:
    config = {"partner_center": {"auth": {"method": "basic", **auth}}, "appzen": None}

    assert hidden_of(config, "pass") == ["pass"]


def test_what_a_plug_in_is_given_may_stand_in_data_unless_its_name_says_not() -> None:
    config: Json = {"partner_center": {"auth": PLUG_IN_AUTH}}
    secrets = configured_secrets(config, settings_schema())

    assert not secrets.are_in(b'{"createdBy": "someone-of-contoso"}')
    assert secrets.are_in(b'{"note": "aaaaaaaaaaaaaaaa"}')


def test_what_signed_a_request_long_ago_is_forgotten_and_settings_never_are() -> None:
    secrets = Secrets(["configured-key"])
    for number in range(1000):
        secrets.add_sent(f"signature-{number:04}")

    text = "configured-key signature-0000 signature-0999"
    assert secrets.redacted(text) == "*** signature-0000 ***"
