"""The type of an authentication method, built in or from a plug-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from requests.auth import AuthBase
    from singer_sdk import typing as th

# A credential in a header is printable ASCII, without blanks at its ends. The last
# part is there because `$` also matches before a final line end.
HEADER_VALUE = r"^[!-~]([ -~]*[!-~])?$(?!\n)"


class AuthMethod(Struct, frozen=True):
    """One way to sign in, registered as an entry point under its name.

    Calling it with the `auth` section gives the object that signs requests. A plug-in
    may register any callable of that shape; this class adds the checking of its keys.

    The object may have three more methods. `renew(refused)` gets a request that was
    refused with 401; the next one has to be signed with new credentials.
    `hide_secrets(hide)` is called before the first request: to keep a credential out of
    the log that it fetches and does not send to the upstream, the object calls `hide`
    with it. `use_session(session)` is called before the first request, too, with a
    `requests.Session` over the tap's own transport: requests by it have the same
    proxies, certificates, limits and error messages, and are cancelled with the run, as
    is `session.cancel_token.wait(seconds)`.

    Attributes:
        upstream: The upstream it is for: `partner_center` or `appzen`.
        settings: The keys of the `auth` section that it reads, `method` apart.
        required: The names of those that must be given.
        sign_in: Makes the signing object; makes no request yet. Of a built-in method of
            Partner Center, the section always has `authority` and `scope`: as given,
            else those of the cloud.
        mistakes: Returns the mistakes in a section that has all required keys: pairs of
            a key and what is wrong with it. It may read files, and makes no request.
        is_app_only: The credentials are the application's own, without a user.
    """

    upstream: str
    settings: tuple[th.Property[Any], ...]
    required: tuple[str, ...]
    sign_in: Callable[[Mapping[str, Any]], AuthBase]
    mistakes: Callable[[Mapping[str, Any]], list[tuple[str, str]]] = lambda _: []
    is_app_only: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the keys that it reads."""
        return tuple(setting.name for setting in self.settings)

    def __call__(self, section: Mapping[str, Any]) -> AuthBase:
        """Return the object that signs requests with these credentials."""
        return self.sign_in(section)
