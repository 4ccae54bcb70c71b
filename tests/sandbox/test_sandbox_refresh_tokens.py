"""A user's refresh tokens in the sandbox: rotation, ancestry, refusals."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.sandbox.process import Sandbox, SandboxError
from tests.sandboxes import SCOPE, USER_SCOPE, Caller, assert_error, claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

USUAL: dict[str, Any] = {
    "rotation": "usual",
    "user_mfa": True,
    "mfa_enforced": True,
}


@pytest.fixture(scope="module")
def _shared() -> Iterator[Caller]:
    with Sandbox(customers=1) as sandbox, Caller(sandbox) as result:
        yield result


@pytest.fixture
def caller(_shared: Caller) -> Caller:
    """The sandbox of this module with the usual rules and no faults."""
    _shared.sandbox.sign_in(**USUAL)
    _shared.sandbox.faults([])
    return _shared


def redeem(caller: Caller, token: str, **form: str) -> requests.Response:
    wanted = {"grant_type": "refresh_token", "scope": USER_SCOPE} | form
    return caller.ask_token(refresh_token=token, **wanted)


def line_of(caller: Caller, token: str) -> list[dict[str, Any]]:
    """Return what is known of a token and its ancestors, the youngest first.

    Those from before a restart are not known.
    """
    known = {entry["id"]: entry for entry in caller.sandbox.refresh_tokens()["tokens"]}
    line = [entry for entry in known.values() if entry["token"] == token]
    while parent := known.get(line[-1]["parent"]):
        line.append(parent)
    return line


def test_usually_a_redeemed_token_stays_good(caller: Caller) -> None:
    first = caller.sandbox.new_refresh_token()

    second, third = (redeem(caller, first).json()["refresh_token"] for _ in range(2))

    assert len({first, second, third}) == 3
    assert [entry["redemptions"] for entry in line_of(caller, third)] == [0, 2]


def test_with_strict_rotation_only_the_newest_token_is_good(caller: Caller) -> None:
    caller.sandbox.sign_in(rotation="strict")
    tokens = [caller.sandbox.new_refresh_token()]
    tokens += [redeem(caller, tokens[-1]).json()["refresh_token"]]
    tokens += [redeem(caller, tokens[-1]).json()["refresh_token"]]

    for token in tokens[:-1]:
        answer = redeem(caller, token)
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_grant"
        assert answer.json()["error_codes"] == [70000]

    line = line_of(caller, tokens[-1])
    assert [entry["token"] for entry in line] == tokens[::-1]
    assert [entry["redemptions"] for entry in line] == [0, 1, 1]
    assert [entry["refusals"] for entry in line] == [0, 1, 1]
    assert redeem(caller, tokens[-1]).ok


def test_of_two_who_redeem_the_same_token_strictly_one_gets_the_next(
    caller: Caller,
) -> None:
    caller.sandbox.sign_in(rotation="strict")
    token = caller.sandbox.new_refresh_token()
    before = caller.sandbox.refresh_tokens()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: redeem(caller, token), range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    after = caller.sandbox.refresh_tokens()
    assert after["redemptions"] - before["redemptions"] == 1
    assert after["refusals"] - before["refusals"] == 3


@pytest.mark.parametrize(
    "form",
    [
        {"scope": "nonsense"},
        {"client_secret": "wrong"},
        {"client_secret": ""},
        {"endpoint": "oauth2/token", "resource": "https://nowhere.example"},
    ],
)
def test_a_mistaken_request_does_not_use_a_token_up(
    form: dict[str, str], caller: Caller
) -> None:
    caller.sandbox.sign_in(rotation="strict")
    token = caller.sandbox.new_refresh_token()

    assert redeem(caller, token, **form).status_code in {400, 401}

    assert redeem(caller, token).ok


@pytest.mark.parametrize("endpoint", ["oauth2/token", "oauth2/v2.0/token"])
def test_an_answer_need_not_have_a_fresh_token(endpoint: str, caller: Caller) -> None:
    caller.sandbox.sign_in(rotation="none")
    token = caller.sandbox.new_refresh_token()

    for _ in range(2):
        body = redeem(caller, token, endpoint=endpoint).json()
        assert "access_token" in body
        assert "refresh_token" not in body


def test_the_options_set_the_rules_from_the_start() -> None:
    options = {
        "user_without_mfa": True,
        "mfa_not_enforced": True,
        "single_use_assertions": True,
    }
    with Sandbox(customers=1, refresh_tokens="strict", **options) as sandbox:
        assert sandbox.sign_in()["rules"] == {
            "rotation": "strict",
            "user_mfa": False,
            "mfa_enforced": False,
            "single_use_assertions": True,
        }


@pytest.mark.parametrize(
    "rules", [{"rotation": "sometimes"}, {"user_mfa": "no"}, {"colour": "red"}]
)
def test_rules_that_do_not_exist_are_refused(
    rules: dict[str, object], caller: Caller
) -> None:
    with pytest.raises(SandboxError, match="400"):
        caller.sandbox.sign_in(**rules)
    assert caller.sandbox.sign_in()["rules"]["rotation"] == "usual"


def test_a_kept_token_is_good_after_a_restart_with_the_same_seed() -> None:
    with Sandbox(customers=1, seed=7) as sandbox, Caller(sandbox) as caller:
        first = str(sandbox.document["refresh_token"])
        kept = str(redeem(caller, first).json()["refresh_token"])
    with Sandbox(customers=1, seed=7) as sandbox, Caller(sandbox) as caller:
        newer = redeem(caller, kept).json()["refresh_token"]
        line = line_of(caller, newer)
        assert [entry["token"] for entry in line] == [newer, kept]
        assert [entry["redemptions"] for entry in line] == [0, 1]


def test_a_token_of_another_seed_is_refused(caller: Caller) -> None:
    with Sandbox(customers=1, seed=7) as other:
        token = str(other.document["refresh_token"])

    answer = redeem(caller, token)

    assert answer.json()["error"] == "invalid_grant"
    assert answer.json()["error_codes"] == [9002313]


# The second factor


def test_partner_center_refuses_a_user_without_a_second_factor(caller: Caller) -> None:
    caller.sandbox.sign_in(user_mfa=False)
    token = caller.user_token()
    assert claims_of(token)["amr"] == ["pwd"]

    answer = caller.partner_center("/v1/customers", token=token)

    assert_error(answer, 401, "900421")
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


@pytest.mark.parametrize("has_two_factors", [True, False])
def test_a_user_can_find_out_before_it_is_enforced(
    caller: Caller, *, has_two_factors: bool
) -> None:
    caller.sandbox.sign_in(user_mfa=has_two_factors, mfa_enforced=False)
    token = caller.user_token()

    answer = caller.partner_center("/v1/customers", token=token, ValidateMfa="true")

    assert answer.ok
    assert answer.headers["isMfaCompliant"] == str(has_two_factors).lower()
    unasked = caller.partner_center("/v1/customers", token=token)
    assert unasked.ok
    assert "isMfaCompliant" not in unasked.headers


def test_the_second_factor_is_not_asked_of_an_application(caller: Caller) -> None:
    caller.sandbox.sign_in(user_mfa=False)

    token = caller.ask_token(scope=SCOPE).json()["access_token"]

    assert caller.partner_center("/v1/customers", token=token).ok


# What a fault script can have said


@pytest.mark.parametrize("code", [65001, 50076, 50173, 700082, 53003, 50057])
def test_a_script_has_the_authority_refuse_the_user(code: int, caller: Caller) -> None:
    when = {"api": "authority"}
    caller.sandbox.faults([{"when": when, "times": 1, "answer": {"code": code}}])
    token = caller.sandbox.new_refresh_token()

    answer = redeem(caller, token)

    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_grant"
    assert answer.json()["error_codes"] == [code]
    assert redeem(caller, token).ok


def test_a_script_has_the_authority_be_unavailable(caller: Caller) -> None:
    caller.sandbox.faults([{"answer": {"code": 90033}}])

    answer = redeem(caller, caller.sandbox.new_refresh_token())

    assert answer.status_code == 503
    assert answer.json()["error"] == "temporarily_unavailable"


@pytest.mark.parametrize(
    ("code", "status"),
    [(900420, 401), (900421, 401), (900308, 403), (900150, 403), (900329, 403)],
)
def test_a_script_has_partner_center_refuse_the_caller(
    code: int, status: int, caller: Caller
) -> None:
    caller.sandbox.faults([{"answer": {"code": code}}])

    answer = caller.partner_center("/v1/customers", token="any")

    assert answer.status_code == status
    # The two of the token are newer than the documents, and text.
    assert answer.json()["code"] == (str(code) if status == 401 else code)
    assert answer.json().keys() == {"code", "description", "data", "source"}
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_a_script_cannot_ask_for_an_unknown_error(caller: Caller) -> None:
    with pytest.raises(SandboxError, match="code 12345 is none of"):
        caller.sandbox.faults([{"answer": {"code": 12345}}])
