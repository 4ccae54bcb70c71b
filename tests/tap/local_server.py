"""Servers of the standard library, for as long as a block lasts."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from socketserver import BaseServer
    from types import TracebackType

# How often a server looks whether it is to stop.
_LOOK_SECONDS = 0.02


class Serving:
    """Serves while its block lasts; what it serves with is made before."""

    _server: BaseServer

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_LOOK_SECONDS,), daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; open connections end first."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
