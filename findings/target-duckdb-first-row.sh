#!/bin/sh
# target-duckdb 0.8.0 loses the first row of a batch, with exit status 0.
#
# The loader writes a batch into a CSV file without a header, and has DuckDB read it without
# saying so. DuckDB guesses, by the types of the columns. A table of texts loses its first row
# in DuckDB 1.1.3 and in 2.0.0; one with a date-time beside them only in 2.0.0; one with an
# integer in neither. Nothing is logged. A batch of one row leaves no row.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > messages.jsonl <<'JSON'
{"type":"SCHEMA","stream":"texts","schema":{"properties":{"id":{"type":"string"},"name":{"type":["string","null"]}}},"key_properties":["id"]}
{"type":"RECORD","stream":"texts","record":{"id":"a","name":"amber"}}
{"type":"RECORD","stream":"texts","record":{"id":"b","name":"blue"}}
{"type":"RECORD","stream":"texts","record":{"id":"c","name":"cyan"}}
{"type":"SCHEMA","stream":"instants","schema":{"properties":{"id":{"type":"string"},"at":{"type":["string","null"],"format":"date-time"}}},"key_properties":["id"]}
{"type":"RECORD","stream":"instants","record":{"id":"a","at":"2026-03-01T12:00:00Z"}}
{"type":"RECORD","stream":"instants","record":{"id":"b","at":"2026-03-02T12:00:00Z"}}
{"type":"RECORD","stream":"instants","record":{"id":"c","at":null}}
{"type":"SCHEMA","stream":"integers","schema":{"properties":{"id":{"type":"string"},"number":{"type":["integer","null"]}}},"key_properties":["id"]}
{"type":"RECORD","stream":"integers","record":{"id":"a","number":1}}
{"type":"RECORD","stream":"integers","record":{"id":"b","number":2}}
{"type":"RECORD","stream":"integers","record":{"id":"c","number":3}}
JSON
for version in 1.1.3 2.0.0; do
  python3 -m venv "env-$version"
  "env-$version/bin/pip" install -qq --disable-pip-version-check target-duckdb==0.8.0 "duckdb==$version"
  printf '{"filepath": "rows%s.duckdb", "default_target_schema": "main"}' "${version%%.*}" > config.json
  "env-$version/bin/target-duckdb" --config config.json < messages.jsonl > state.txt 2> log.txt || { cat log.txt; exit 1; }
  "env-$version/bin/python" - "$version" <<'PYTHON'
import sys

import duckdb

version = sys.argv[1]
database = duckdb.connect(f"rows{version[0]}.duckdb")
found = {
    table: [id for (id,) in database.execute(f"SELECT id FROM {table} ORDER BY id").fetchall()]
    for table in ("texts", "instants", "integers")
}
print(f"duckdb {version}: {found}")
everything, cut = ["a", "b", "c"], ["b", "c"]
assert found == {
    "texts": cut,
    "instants": everything if version == "1.1.3" else cut,
    "integers": everything,
}
PYTHON
done
