"""ms-partner-tools: its list of customers."""

from __future__ import annotations

from partner_tools import PartnerTools
from partner_tools.auth import AuthInfo
from reach import AUTH, say
from token_of_adal import token


class GivenToken(AuthInfo):  # type: ignore[misc]  # it has no types
    """A token that is there already: its own ways to sign in ask a person."""

    def _get_token(self) -> str:
        return token()


tools = PartnerTools(GivenToken(enable_cache=False))
# The address is fixed there.
tools._api_client._base = AUTH["authority"]  # noqa: SLF001
say(len(tools.customer.get_customers()))
