#!/bin/sh
# singer-sdk 0.54.9: a stream map ends the run at the first record without a member.
#
# A schema says that a member may be missing, and APIs leave out what is not set. A map
# that names such a member, if only to give it another name, works for each record that
# has it. The first one that has not ends the run, with the records before it written.
# A tap whose streams are mapped has to write null for what is absent.
#
# Seen: of two records the first is written as mapped; the second, without `status`, ends
# the tap with "Failed to evaluate simpleeval expressions status."
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -qq --disable-pip-version-check singer-sdk==0.54.9
cat > "$folder/tap.py" <<'PYTHON'
import contextlib
import io
import json
import sys

from singer_sdk import Stream, Tap
from singer_sdk import typing as th
from singer_sdk.exceptions import MapExpressionError

RECORDS = [{"id": "1", "status": "open"}, {"id": "2"}]


class Invoices(Stream):
    name = "invoices"
    primary_keys = ("id",)
    schema = th.PropertiesList(
        th.Property("id", th.StringType, required=True),
        th.Property("status", th.StringType),
    ).to_dict()

    def get_records(self, context):
        yield from RECORDS


class SomeTap(Tap):
    name = "tap-some"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self):
        return [Invoices(self)]


maps = {"invoices": {"state": "status", "status": None}}
messages, error = io.StringIO(), None
with contextlib.redirect_stdout(messages):
    try:
        SomeTap(config={"stream_maps": maps}).sync_all()
    except MapExpressionError as raised:
        error = str(raised)
lines = [json.loads(line) for line in messages.getvalue().splitlines()]
records = [each["record"] for each in lines if each["type"] == "RECORD"]
print("written:", records)
print("error:", error)
as_seen = records == [{"id": "1", "state": "open"}] and error == (
    "Failed to evaluate simpleeval expressions status."
)
sys.exit(0 if as_seen else 1)
PYTHON
"$folder/env/bin/python" -W ignore "$folder/tap.py" 2>"$folder/log" || { tail -n 5 "$folder/log"; exit 1; }
