"""The application signs in to the sandbox with its certificate."""

from __future__ import annotations

import hashlib
import stat
import time
import uuid
from base64 import b64encode, urlsafe_b64encode
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jwt
import msal
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    load_pem_private_key,
)

from tap_purchase_orders.sandbox.process import Sandbox
from tests.sandboxes import SCOPE, USER_SCOPE, Caller, claims_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@pytest.fixture(scope="module")
def _shared() -> Iterator[Caller]:
    with Sandbox(customers=1) as sandbox, Caller(sandbox) as result:
        yield result


@pytest.fixture
def caller(_shared: Caller) -> Caller:
    """The sandbox of this module with the usual rules."""
    _shared.sandbox.sign_in(single_use_assertions=False)
    return _shared


class Signer:
    """Makes assertions, by hand, with one of the sandbox's certificates."""

    def __init__(self, caller: Caller, name: str = "certificate") -> None:
        auth = caller.sandbox.document["sign_ins"][name]["auth"]
        pem = Path(auth["certificate_path"]).read_bytes()
        key = load_pem_private_key(pem, None)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.key = key
        self.encoded = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
        realm = f"{auth['authority']}/{auth['tenant_id']}"
        now = int(time.time())
        self.claims = {
            "aud": f"{realm}/oauth2/v2.0/token",
            "iss": auth["client_id"],
            "sub": auth["client_id"],
            "jti": str(uuid.uuid4()),
            "nbf": now,
            "iat": now,
            "exp": now + 300,
        }
        self.header: dict[str, Any] = {"x5t#S256": thumbprint(self.encoded)}

    def sign(self, algorithm: str = "PS256", key: Any = None, **claims: Any) -> str:
        """Return an assertion; a claim that is None is left out."""
        wanted = {
            name: value
            for name, value in (self.claims | claims).items()
            if value is not None
        }
        return jwt.encode(wanted, key or self.key, algorithm, self.header)


def thumbprint(encoded: bytes, digest: str = "sha256") -> str:
    return urlsafe_b64encode(hashlib.new(digest, encoded).digest()).decode().rstrip("=")


def ask(caller: Caller, assertion: str, **form: str) -> requests.Response:
    proof = {"client_secret": "", "client_assertion_type": JWT_BEARER}
    return caller.ask_token(
        **({"scope": SCOPE} | proof | {"client_assertion": assertion} | form)
    )


def codes(answer: requests.Response) -> tuple[int, str, list[int]]:
    body = answer.json()
    return answer.status_code, body["error"], body["error_codes"]


# As MSAL does it


@pytest.mark.parametrize(
    "name",
    [
        *("certificate", "certificate_with_password"),
        *("certificate_pfx", "certificate_pfx_with_password"),
    ],
)
def test_msal_signs_in_with_each_of_the_files(name: str, caller: Caller) -> None:
    auth = caller.sandbox.signing_in(name)[0]["partner_center"]["auth"]
    path = Path(auth["certificate_path"])
    if path.suffix == ".pfx":
        credential = {"private_key_pfx_path": str(path)}
    else:
        pem = path.read_text(encoding="ascii")
        credential = {"private_key": pem, "public_certificate": pem}
    if password := auth.get("certificate_password"):
        credential["passphrase"] = password

    answer = msal_client(caller, credential).acquire_token_for_client([SCOPE])

    claims = claims_of(answer["access_token"])
    assert claims["appidacr"] == "2"
    assert claims["idtyp"] == "app"
    assert caller.partner_center("/v1/customers", token=answer["access_token"]).ok


def test_msal_signs_in_with_the_old_thumbprint(caller: Caller) -> None:
    signer = Signer(caller)
    path = caller.sandbox.document["sign_ins"]["certificate"]["auth"]
    credential = {
        "private_key": Path(path["certificate_path"]).read_text(encoding="ascii"),
        "thumbprint": hashlib.sha1(signer.encoded, usedforsecurity=False).hexdigest(),
    }

    answer = msal_client(caller, credential).acquire_token_for_client([SCOPE])

    assert "access_token" in answer


def test_msal_is_told_that_the_certificate_has_expired(caller: Caller) -> None:
    auth = caller.sandbox.document["sign_ins"]["certificate_expired"]["auth"]
    pem = Path(auth["certificate_path"]).read_text(encoding="ascii")
    client = msal_client(caller, {"private_key": pem, "public_certificate": pem})

    answer = client.acquire_token_for_client([SCOPE])

    assert answer["error"] == "invalid_client"
    assert answer["error_codes"] == [700027]
    assert "The key used is expired" in answer["error_description"]


def msal_client(
    caller: Caller, credential: dict[str, str]
) -> msal.ConfidentialClientApplication:
    auth = caller.partner_auth
    return msal.ConfidentialClientApplication(
        auth["client_id"],
        client_credential=credential,
        authority=f"{auth['authority']}/{auth['tenant_id']}",
        instance_discovery=False,
        http_client=caller.session,
    )


def test_the_files_can_be_read_by_their_owner_only(caller: Caller) -> None:
    auth = caller.sandbox.document["sign_ins"]["certificate"]["auth"]
    directory = Path(auth["certificate_path"]).parent

    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()
    }
    assert len(modes) == 6
    assert set(modes.values()) == {0o600}


# By hand


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
@pytest.mark.parametrize("audience", ["oauth2/v2.0/token", "oauth2/token", "v2.0"])
@pytest.mark.parametrize("endpoint", ["oauth2/v2.0/token", "oauth2/token"])
def test_both_endpoints_take_a_signed_assertion(
    endpoint: str, audience: str, algorithm: str, caller: Caller
) -> None:
    realm = f"{caller.base_url}/{caller.partner_auth['tenant_id']}"
    assertion = Signer(caller).sign(algorithm, aud=f"{realm}/{audience}")
    resource = "https://api.partnercenter.microsoft.com"

    answer = ask(caller, assertion, endpoint=endpoint, resource=resource)

    assert "access_token" in answer.json()


@pytest.mark.parametrize("form", ["x5t#S256", "x5t", "padded", "x5c"])
def test_the_header_may_name_the_certificate_in_any_form(
    form: str, caller: Caller
) -> None:
    signer = Signer(caller)
    headers: dict[str, dict[str, Any]] = {
        "x5t#S256": {"x5t#S256": thumbprint(signer.encoded)},
        "x5t": {"x5t": thumbprint(signer.encoded, "sha1")},
        "padded": {"x5t#S256": thumbprint(signer.encoded) + "="},
        "x5c": {"x5c": [b64encode(signer.encoded).decode()]},
    }
    signer.header = headers[form]

    assert "access_token" in ask(caller, signer.sign()).json()


def test_without_a_start_an_assertion_is_good_at_once(caller: Caller) -> None:
    assert "access_token" in ask(caller, Signer(caller).sign(nbf=None)).json()


def test_a_clock_that_is_a_little_wrong_is_no_matter(caller: Caller) -> None:
    now = int(time.time())
    early = Signer(caller).sign(nbf=now + 60, exp=now + 600)
    late = Signer(caller).sign(exp=now - 60)

    for assertion in (early, late):
        assert "access_token" in ask(caller, assertion).json()


def test_a_user_signs_in_through_an_application_with_a_certificate(
    caller: Caller,
) -> None:
    answer = ask(
        caller,
        Signer(caller).sign(),
        grant_type="refresh_token",
        refresh_token=caller.sandbox.new_refresh_token(),
        scope=USER_SCOPE,
    )

    claims = claims_of(answer.json()["access_token"])
    assert claims["appidacr"] == "2"
    assert claims["scp"] == "user_impersonation"
    given = caller.sandbox.sign_in()["tokens_given"]
    assert given["refresh_token"]["certificate"] >= 1


@pytest.mark.parametrize(
    ("claims", "status", "error", "code"),
    [
        ({"exp": 1}, 401, "invalid_client", 700024),
        ({"exp": "tomorrow"}, 401, "invalid_client", 700024),
        ({"nbf": int(time.time()) + 3600}, 401, "invalid_client", 700024),
        ({"aud": "https://elsewhere.example"}, 401, "invalid_client", 700023),
        ({"sub": "someone-else"}, 401, "invalid_client", 50048),
        (
            {"iss": "someone-else", "sub": "someone-else"},
            *(401, "invalid_client", 700021),
        ),
        ({"jti": None}, 401, "invalid_client", 90016),
        ({"exp": None}, 401, "invalid_client", 90016),
        ({"iss": None}, 401, "invalid_client", 90016),
    ],
)
def test_each_wrong_claim_has_its_code(
    claims: dict[str, Any], status: int, error: str, code: int, caller: Caller
) -> None:
    answer = ask(caller, Signer(caller).sign(**claims))

    assert codes(answer) == (status, error, [code])
    assert answer.json()["error_description"].startswith(f"AADSTS{code}: ")


def test_a_certificate_that_is_not_registered_is_not_found(caller: Caller) -> None:
    signer = Signer(caller)
    signer.header = {"x5t#S256": thumbprint(b"another certificate")}

    answer = ask(caller, signer.sign())

    assert codes(answer) == (401, "invalid_client", [700027])
    assert "The key was not found" in answer.json()["error_description"]


@pytest.mark.parametrize("header", [{}, {"x5c": []}, {"x5c": ["?"]}, {"x5t": "?"}])
def test_an_assertion_that_names_no_certificate_is_refused(
    header: dict[str, Any], caller: Caller
) -> None:
    signer = Signer(caller)
    signer.header = header

    assert codes(ask(caller, signer.sign()))[2] == [700027]


def test_a_signature_by_another_key_is_refused(caller: Caller) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    answer = ask(caller, Signer(caller).sign(key=other))

    assert codes(answer) == (401, "invalid_client", [700027])
    assert "verify the signature failed" in answer.json()["error_description"]


def test_other_algorithms_are_refused(caller: Caller) -> None:
    signer = Signer(caller)
    forged = signer.sign("HS256", key="a secret that is long enough for this")
    unsigned = jwt.encode(signer.claims, "", "none", signer.header)

    for assertion in (forged, unsigned, signer.sign("RS512")):
        assert codes(ask(caller, assertion)) == (400, "invalid_request", [50027])


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"client_assertion": "no.token"}, 50027),
        ({"client_assertion_type": ""}, 900144),
        ({"client_assertion_type": "urn:something:else"}, 90023),
        ({"client_id": "someone-else"}, 700016),
    ],
)
def test_a_malformed_request_has_its_code(
    form: dict[str, str], code: int, caller: Caller
) -> None:
    answer = ask(caller, Signer(caller).sign(), **form)

    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [code]


def test_a_wrong_assertion_is_not_saved_by_the_secret(caller: Caller) -> None:
    secret = caller.partner_auth["client_secret"]

    answer = ask(caller, Signer(caller).sign(exp=1), client_secret=secret)

    assert answer.json()["error_codes"] == [700024]


def test_an_assertion_may_be_used_again_unless_that_is_forbidden(
    caller: Caller,
) -> None:
    assertion = Signer(caller).sign()
    assert ask(caller, assertion).ok
    assert ask(caller, assertion).ok

    caller.sandbox.sign_in(single_use_assertions=True)

    assert codes(ask(caller, assertion)) == (401, "invalid_client", [50013])
    fresh = Signer(caller).sign()
    assert ask(caller, fresh).ok
    assert codes(ask(caller, fresh))[2] == [50013]
