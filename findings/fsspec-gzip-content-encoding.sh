#!/bin/sh
# fsspec 2026.9.0 with aiohttp 3.14.5: a .csv.gz served with Content-Encoding: gzip.
#
# Object stores and web servers may label a stored .gz file with Content-Encoding: gzip. The
# HTTP client then takes that coding off, as HTTP says, and the reader gets plain text under
# a name that ends in .gz: compression="infer", which goes by the name, fails with
# "Not a gzipped file", while compression=None reads the text. So neither the name nor the
# setting says what comes: only the first bytes do.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check fsspec==2026.9.0 aiohttp==3.14.5
env/bin/python - <<'PYTHON'
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import fsspec

CONTENT = gzip.compress(b"number\nA1\n")


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/csv")
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(CONTENT)

    def log_message(self, *_):
        pass


def read(compression):
    with fsspec.open(url, "rb", compression=compression, block_size=0) as file:
        return file.read()


with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/numbers.csv.gz"
    try:
        print("infer:", read("infer"))
    except gzip.BadGzipFile as error:
        print("infer: BadGzipFile:", error)
    else:
        raise SystemExit("infer reads it now")
    plain = read(None)
    print("None:", plain)
    server.shutdown()
assert plain == b"number\nA1\n"
PYTHON
