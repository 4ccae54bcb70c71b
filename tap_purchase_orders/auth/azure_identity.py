"""The method `azure_identity`: a managed or workload identity, or the Azure CLI."""

from __future__ import annotations

import logging
import os
import re
import time
from contextlib import closing
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.auth.authority import AUTH
from tap_purchase_orders.auth.identity_platform import CLIENT_ID, DEFAULT_SCOPE, SCOPE
from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.auth.token import Token, TokenAuth
from tap_purchase_orders.errors import SignInError, TapError
from tap_purchase_orders.extras import how_to_install
from tap_purchase_orders.http.session import TapSession

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import RequestException
    from requests.auth import AuthBase

_AUTHORITY_VARIABLE = "AZURE_AUTHORITY_HOST"
# By default it waits five minutes for each of many tries.
_BOUNDS = {"connection_timeout": 10, "read_timeout": 30, "retry_total": 5}
# Each attempt has a line in the message: the credential's name, and what happened.
_ATTEMPT = re.compile(r"^\s*(\w+)Credential:", re.MULTILINE)
_CODE = re.compile(r"AADSTS\d+")

logger = logging.getLogger(__name__)


class AzureIdentity:
    """Asks the first of Azure's credentials that is there.

    Args:
        section: The `auth` section.
    """

    def __init__(self, section: Mapping[str, Any]) -> None:
        self._session = TapSession()
        self._scope: str = section.get("scope", DEFAULT_SCOPE)
        self._options: dict[str, Any] = {
            **_BOUNDS,
            "exclude_interactive_browser_credential": True,
            "disable_instance_discovery": True,
        }
        if not os.environ.get(_AUTHORITY_VARIABLE):
            self._options["authority"] = section["authority"]
        if (client_id := section.get("client_id")) is not None:
            self._options["managed_identity_client_id"] = client_id
            self._options["workload_identity_client_id"] = client_id

    def use_session(self, session: TapSession) -> None:
        """Ask by a session from now on."""
        self._session = session

    def token(self) -> Token:
        """Return a new token.

        Raises:
            SignInError: No credential gives one.
        """
        # Imported here: only runs that sign in this way have it, and pay for it.
        from azure.core.exceptions import ClientAuthenticationError  # noqa: PLC0415
        from azure.core.pipeline.transport import RequestsTransport  # noqa: PLC0415
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415

        # They would log long texts for developers, and claims of tokens.
        for name in ("azure", "msal"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        asked_at = time.monotonic()
        cancel_token = self._session.cancel_token
        transport = RequestsTransport(session=self._session, session_owner=False)
        transport.sleep = cancel_token.wait
        options = {**self._options, "transport": transport}
        try:
            # One for each token: a credential would give the same token again, be it
            # refused or not.
            with closing(DefaultAzureCredential(**options)) as credential:
                given = credential.get_token(self._scope)
        except ClientAuthenticationError as error:
            # It takes any error for one of a credential.
            cancel_token.check()
            failure = self._session.failure
            if isinstance(failure, TapError):
                raise failure from error
            raise _refusal(str(error), _words(failure)) from error
        except (ValueError, OSError) as error:
            problem = " ".join(str(error).split())[:200]
            msg = (
                f"Partner Center: no token by `azure_identity`: {problem}; check the "
                f"variables AZURE_* and `{AUTH}.scope`"
            )
            raise SignInError(msg) from error
        logger.info("Partner Center: signed in by azure-identity")
        return Token(given.token, asked_at, given.expires_on - time.time())


def _words(failure: RequestException | None) -> str:
    """Return why a request to a token authority has no response.

    The endpoint of a managed identity has no TLS, and most machines have no such
    endpoint: that it cannot be reached says nothing.
    """
    request = None if failure is None else failure.request
    is_secure = request is not None and str(request.url).startswith("https:")
    return str(failure) if is_secure else ""


def _refusal(message: str, failure: str) -> SignInError:
    """Return the error for the long message of a chain of credentials.

    Args:
        message: The message.
        failure: Why the last request to a token authority has no response.
    """
    tried = ", ".join(dict.fromkeys(_ATTEMPT.findall(message))) or "all credentials"
    code = _CODE.search(message)
    reason = f" ({code[0]})" if code else ""
    advice = (
        f"{failure}; check the network and the variables AZURE_*"
        if failure
        else f"give this machine a managed or workload identity, set the variables "
        f"AZURE_*, or run `az login`; `{AUTH}.client_id` names a user-assigned identity"
    )
    return SignInError(
        f"Partner Center: no token by `azure_identity`{reason}; tried {tried}: {advice}"
    )


def _mistakes(_section: Mapping[str, Any]) -> list[tuple[str, str]]:
    try:
        is_installed = find_spec("azure.identity") is not None
    except ModuleNotFoundError:
        is_installed = False
    if is_installed:
        return []
    problem = f"needs one more package: {how_to_install('azure')}"
    return [("method", problem)]


def _sign_in(section: Mapping[str, Any]) -> AuthBase:
    identity = AzureIdentity(section)
    return TokenAuth(identity.token, identity.use_session)


METHOD = AuthMethod(
    upstream="partner_center",
    settings=(CLIENT_ID, SCOPE),
    required=(),
    sign_in=_sign_in,
    mistakes=_mistakes,
)
