"""A `requests` session over the tap's own transport, for signing in."""

from __future__ import annotations

import io
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from requests import exceptions
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from typing_extensions import override

from tap_purchase_orders.concurrency.cancellation import CancelToken
from tap_purchase_orders.errors import TapError
from tap_purchase_orders.http.channel import (
    Channel,
    ForeignHostError,
    InvalidRequestError,
    field_lines,
)
from tap_purchase_orders.http.curl import CONNECT_SECONDS
from tap_purchase_orders.http.curl_errors import (
    TransportError,
    UntrustedServerError,
)
from tap_purchase_orders.http.response_limits import UnacceptableResponseError
from tap_purchase_orders.redaction import Secrets

if TYPE_CHECKING:
    from requests import PreparedRequest

    from tap_purchase_orders.http.api_response import ApiResponse

# Less than the 10 seconds in which a run ends after a signal.
_GRACE_SECONDS = 5.0
# libcurl adds these itself.
_OWN_FIELDS = {"content-length", "transfer-encoding"}


class TapSession(requests.Session):
    """A session with the limits, proxies, TLS and cancellation of the tap's transport.

    Redirects are not followed, cookies are not kept, and no `.netrc` file adds
    credentials.

    Attributes:
        cancel_token: Is cancelled when the run is to end, which ends its `wait`.
        failure: Why the last request has no response; nothing if it has one. For
            libraries whose errors do not say it.

    Args:
        cancel_token: As above.
        secrets: The credentials, to which the password of a proxy is added.
    """

    def __init__(
        self, cancel_token: CancelToken | None = None, secrets: Secrets | None = None
    ) -> None:
        super().__init__()
        self.cancel_token = cancel_token or CancelToken()
        self.failure: TapError | exceptions.RequestException | None = None
        self.trust_env = False
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        self.headers["Accept-Encoding"] = "gzip"
        adapter = TransportAdapter(self.cancel_token, secrets or Secrets())
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    @override
    def send(self, request: PreparedRequest, **options: Any) -> requests.Response:
        """Return the response to a request; remember why there is none."""
        self.failure = None
        try:
            return super().send(request, **options)
        except (TapError, exceptions.RequestException) as error:
            self.failure = error
            raise

    @override
    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Follow no redirect."""
        return None


class TransportAdapter(BaseAdapter):
    """Sends requests by libcurl; works in tasks of the event loop, and on any thread.

    Args:
        cancel_token: Ends the waiting.
        secrets: The credentials, to which the password of a proxy is added.
    """

    def __init__(self, cancel_token: CancelToken, secrets: Secrets) -> None:
        super().__init__()
        self._cancel_token = cancel_token
        self._secrets = secrets
        self._channels: dict[str, Channel] = {}

    @override
    def send(
        self,
        request: PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        *_: object,
        **__: object,
    ) -> requests.Response:
        """Return the whole response to a request.

        The tap's own limits hold; a timeout may only make the time for connecting
        shorter.

        Raises:
            requests.RequestException: There is none, and why.
            CancelledError: The run is to end.
        """
        self._cancel_token.check()
        try:
            received = self._exchanged(request, _connect_seconds(timeout))
        except UntrustedServerError as error:
            raise exceptions.SSLError(str(error), request=request) from error
        except UnacceptableResponseError as error:
            unfit = exceptions.ContentDecodingError(str(error), request=request)
            raise unfit from error
        except (ForeignHostError, InvalidRequestError) as error:
            raise exceptions.InvalidHeader(str(error), request=request) from error
        except TransportError as error:
            raise exceptions.ConnectionError(str(error), request=request) from error
        received.sent = request
        return as_response(received, self)

    def _exchanged(
        self, request: PreparedRequest, connect_seconds: float
    ) -> ApiResponse:
        channel = self._channel(str(request.url))
        target = channel.target(str(request.url))
        fields: Any = request.headers.items()
        lines = field_lines(f for f in fields if f[0].lower() not in _OWN_FIELDS)
        body = body_bytes(request)
        asked = (str(request.method), target, lines, body, connect_seconds)
        try:
            return channel.exchange(*asked)
        except TransportError as error:
            if not error.was_stale_connection:
                raise
            # The server had closed a kept-alive connection: use a new one.
            return channel.exchange(*asked)

    def _channel(self, url: str) -> Channel:
        address = urlsplit(url)
        origin = f"{address.scheme}://{address.netloc}"
        if origin not in self._channels:
            self._channels[origin] = Channel(
                origin, self._secrets, self._cancel_token, _GRACE_SECONDS
            )
        return self._channels[origin]

    @override
    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        while self._channels:
            self._channels.popitem()[1].close()


def _connect_seconds(timeout: Any) -> float:
    """Return how long connecting may take by a timeout as `requests` has them."""
    given = timeout[0] if isinstance(timeout, tuple) else timeout
    is_shorter = isinstance(given, int | float) and given < CONNECT_SECONDS
    return given if is_shorter else CONNECT_SECONDS


def as_response(received: ApiResponse, adapter: BaseAdapter) -> requests.Response:
    """Return a response as `requests` has them."""
    response: Any = requests.Response()
    response.status_code, response.reason = received.status, received.reason
    response.headers = CaseInsensitiveDict(received.headers)
    response.encoding = get_encoding_from_headers(response.headers)
    response.url, response.request = received.sent.url, received.sent
    # For code that reads the stream instead of the content.
    response.raw = io.BytesIO(received.content)
    response._content, response._content_consumed = received.content, True  # noqa: SLF001
    response.connection = adapter
    received.close()
    made: requests.Response = response
    return made


def body_bytes(request: PreparedRequest) -> bytes | None:
    """Return the body of a `requests` request."""
    body: Any = request.body
    if hasattr(body, "read"):
        body = body.read()
    return body.encode() if isinstance(body, str) else body
