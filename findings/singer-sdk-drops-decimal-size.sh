#!/bin/sh
# singer-sdk 0.54.9: the size of an `x-singer.decimal` is lost in a tap's own catalog.
#
# The loader half of the SDK makes DECIMAL(precision, scale) of a field that is declared
# {"format": "x-singer.decimal", "precision": 38, "scale": 9}. The tap half sends every
# schema through its model of a catalog (singerlib.Schema), which has no place for the two:
# neither `--discover` nor a SCHEMA message has them, and a loader makes DECIMAL without a
# size of it, which is NUMBER(38,0), whole numbers, in Snowflake.
#
# Seen: the schema that the tap declares has both, its SCHEMA message has neither, and the
# loader half makes DECIMAL(38, 9) of the first and DECIMAL of the second.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check singer-sdk==0.54.9
cat > "$folder/tap.py" <<'PYTHON'
import sys

from singer_sdk import Stream, Tap
from singer_sdk.sql.connector import JSONSchemaToSQL

AMOUNT = {
    "type": ["string", "null"],
    "format": "x-singer.decimal",
    "precision": 38,
    "scale": 9,
}


class Payments(Stream):
    name = "payments"
    schema = {"type": "object", "properties": {"amount": AMOUNT}}

    def get_records(self, context):
        return []


class TapPayments(Tap):
    name = "tap-payments"
    config_jsonschema = {"properties": {}}

    def discover_streams(self):
        return [Payments(self)]


tap = TapPayments(config={})
(message,) = tap.streams["payments"]._generate_schema_messages()
written = message.to_dict()["schema"]["properties"]["amount"]
catalog = tap.catalog_dict["streams"][0]["schema"]["properties"]["amount"]
types = [str(JSONSchemaToSQL().to_sql_type(part)) for part in (AMOUNT, written)]
print("declared:", AMOUNT)
print("SCHEMA message:", written)
print("discovered:", catalog)
print("column types of the two:", types)
lost = {"type": ["string", "null"], "format": "x-singer.decimal"}
as_seen = written == catalog == lost and types == ["DECIMAL(38, 9)", "DECIMAL"]
sys.exit(0 if as_seen else 1)
PYTHON
"$folder/env/bin/python" -W ignore "$folder/tap.py"
