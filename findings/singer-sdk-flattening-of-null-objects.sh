#!/bin/sh
# singer-sdk 0.54.9: flattened records do not match the flattened schema.
#
# With `flattening_enabled` the SDK makes columns of an object in the schema. In a record
# whose object is null, the null keeps the object's own name, which the schema does not
# have, and the object's columns are missing. A field of several types is declared as
# text, but a number in it stays a number. SQL loaders end with errors at both.
#
# Seen: a record {"price": null, "custom": 12.5} keeps `price` and the number, where the
# schema has `price__amount` and a text `custom`.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check singer-sdk==0.54.9
cat > "$folder/flatten.py" <<'PYTHON'
import sys

from singer_sdk.helpers._flattening import flatten_record, flatten_schema

SCHEMA = {
    "type": "object",
    "properties": {
        "price": {
            "type": ["object", "null"],
            "properties": {"amount": {"type": ["number", "null"]}},
        },
        "custom": {"type": ["object", "array", "string", "number", "null"]},
    },
}
schema = flatten_schema(SCHEMA, max_level=1)
record = flatten_record({"price": None, "custom": 12.5}, schema, max_level=1)
print("schema:", schema["properties"])
print("record:", record)
as_seen = (
    list(schema["properties"]) == ["price__amount", "custom"]
    and schema["properties"]["custom"] == {"type": ["string", "null"]}
    and record == {"price": None, "custom": 12.5}
)
sys.exit(0 if as_seen else 1)
PYTHON
"$folder/env/bin/python" -W ignore "$folder/flatten.py"
