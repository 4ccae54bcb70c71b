"""The simulator's process: `python -m benchmarks.simulator`.

It prints where it answers, and ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.simulator.server import Connection, Upstream
from tap_purchase_orders.sandbox.certificates import make_certificates

if TYPE_CHECKING:
    import ssl

_HOST = "127.0.0.1"
# More than any client here opens at once.
_BACKLOG = 512


async def _serve(context: ssl.SSLContext) -> None:
    loop = asyncio.get_running_loop()
    upstream = Upstream(loop)
    plain = await _listen(upstream, None)
    secure = await _listen(upstream, context)
    urls = {"plain": f"http://{_HOST}:{plain}", "secure": f"https://{_HOST}:{secure}"}
    print(json.dumps(urls), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


async def _listen(upstream: Upstream, context: ssl.SSLContext | None) -> int:
    """Answer on a free port; return which."""
    loop = asyncio.get_running_loop()
    server: Any = await loop.create_server(
        lambda: Connection(upstream), _HOST, 0, backlog=_BACKLOG, ssl=context
    )
    port: int = server.sockets[0].getsockname()[1]
    return port


if __name__ == "__main__":
    certificates = make_certificates(_HOST)
    Path(sys.argv[1]).write_bytes(certificates.authority_pem)
    asyncio.run(_serve(certificates.context))
