"""adal, which asks the first version of the token endpoint."""

from __future__ import annotations

import sys

import adal
from reach import AUTH, AUTHORITY, CA, DOCUMENT, RESOURCE, read_customers

context = adal.AuthenticationContext(AUTHORITY, validate_authority=False, verify_ssl=CA)
client = (AUTH["client_id"], AUTH["client_secret"])
if sys.argv[1] == "refresh_token":
    answer = context.acquire_token_with_refresh_token(
        DOCUMENT["refresh_token"], client[0], RESOURCE, client[1]
    )
else:
    answer = context.acquire_token_with_client_credentials(RESOURCE, *client)
read_customers(answer["accessToken"])
