#!/bin/sh
# mariadb 1.1.14 (MariaDB Connector/Python): a query that the server ends midway looks like
# a short result.
#
# With an unbuffered cursor, which SQLAlchemy's `stream_results` asks for, rows come while
# the query runs. When the server ends it (max_statement_time, KILL QUERY), the error packet
# behind the last row is not raised: `fetchmany` returns an empty list, as at the end. PyMySQL
# 1.2.0 raises for the same query. A buffered cursor of the first driver raises, too.
#
# Seen with the server 10.11.19: of 20,000 rows some 900 came, and no error.
#
# Needs MariaDB's server and the headers of its C library (Debian: mariadb-server-core,
# libmariadb-dev).
set -eu
PATH=$PATH:/usr/sbin
for program in mariadbd mariadb_config; do
  command -v "$program" >/dev/null || { echo "$program is not installed"; exit 2; }
done
folder=$(mktemp -d)
trap 'test ! -f "$folder/pid" || kill "$(cat "$folder/pid")"; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv env
env/bin/pip install -qq --disable-pip-version-check mariadb==1.1.14 PyMySQL==1.2.0
user=$(id -un)
mkdir data
cat > init.sql <<SQL
CREATE DATABASE IF NOT EXISTS test;
CREATE OR REPLACE USER reader@localhost IDENTIFIED BY 'reading';
GRANT ALL ON test.* TO reader@localhost;
SQL
mariadb-install-db --no-defaults --user="$user" --datadir="$folder/data" >/dev/null
mariadbd --no-defaults --user="$user" --datadir="$folder/data" --skip-networking \
  --socket="$folder/socket" --init-file="$folder/init.sql" --pid-file="$folder/pid" \
  2>server.log &
for _ in $(seq 60); do test -S socket && break; sleep 1; done
cat > read.py <<'PYTHON'
import json
import time

import mariadb
import pymysql

ROWS = 20_000
account = {"user": "reader", "password": "reading", "database": "test", "unix_socket": "socket"}
for _ in range(60):
    try:
        pymysql.connect(**account).close()
        break
    except pymysql.OperationalError:
        time.sleep(1)
QUERY = f"SELECT seq, REPEAT('x', 100), SLEEP(0.001) FROM seq_1_to_{ROWS}"


def rows(cursor):
    """Return how many rows come, and the error behind them."""
    count = 0
    try:
        cursor.execute("SET max_statement_time = 1")
        cursor.execute(QUERY)
        while some := cursor.fetchmany(100):
            count += len(some)
    except Exception as error:
        return count, type(error).__name__
    return count, None


found = {
    "mariadb, unbuffered": rows(mariadb.connect(**account).cursor(buffered=False)),
    "mariadb, buffered": rows(mariadb.connect(**account).cursor(buffered=True)),
    "PyMySQL, unbuffered": rows(pymysql.connect(**account).cursor(pymysql.cursors.SSCursor)),
}
print(json.dumps(found, indent=1))
count, error = found["mariadb, unbuffered"]
assert error is None and 0 < count < ROWS
assert found["mariadb, buffered"][1] is not None
assert found["PyMySQL, unbuffered"][1] is not None
PYTHON
env/bin/python read.py
