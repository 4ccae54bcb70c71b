"""The method `bearer_token`: an access token from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from requests.auth import AuthBase
from singer_sdk import typing as th
from typing_extensions import override

from tap_purchase_orders.auth.method import HEADER_VALUE, AuthMethod

if TYPE_CHECKING:
    from collections.abc import Mapping

    from requests import PreparedRequest


class BearerTokenAuth(AuthBase):
    """Sends one given token; it cannot be renewed."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    @override
    def __call__(self, r: PreparedRequest) -> PreparedRequest:
        self.sign_at_once(r)
        return r

    def sign_at_once(self, r: PreparedRequest) -> bool:
        """Sign a request; return that it is done."""
        r.headers["Authorization"] = self._header
        return True


def _sign_in(section: Mapping[str, Any]) -> AuthBase:
    return BearerTokenAuth(section["token"])


METHOD = AuthMethod(
    upstream="partner_center",
    settings=(
        th.Property(
            "token",
            th.StringType(pattern=HEADER_VALUE),
            secret=True,
            title="Access token",
            description="`bearer_token`: an access token got elsewhere.",
        ),
    ),
    required=("token",),
    sign_in=_sign_in,
)
