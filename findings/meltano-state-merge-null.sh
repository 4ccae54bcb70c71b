#!/bin/sh
# Meltano 4.4.1 cannot merge states in which a member was null and becomes an object.
#
# Singer states may hold null. `meltano run --full-refresh` and `--state-strategy=merge`
# merge the new state onto the old one with `meltano.core.utils.merge`, member by member.
# An object onto a null fails with TypeError; an array, a text or a number replaces it.
# So what a finished run writes as null should come back as anything but an object.
#
# Seen: "TypeError: 'NoneType' object does not support item assignment".
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq 'meltano==4.4.1'
"$folder/venv/bin/python" - <<'PYTHON'
from meltano.core.utils import merge

before = {"bookmarks": {"a_stream": {"resume": None}}}
after = {"bookmarks": {"a_stream": {"resume": {"position": 12}}}}
try:
    merged = merge(after, before)
except TypeError as error:
    print(f"an object onto null: TypeError: {error}")
else:
    raise SystemExit(f"an object onto null is merged now: {merged}")

after = {"bookmarks": {"a_stream": {"resume": [12, "digest"]}}}
before = {"bookmarks": {"a_stream": {"resume": None}}}
merged = merge(after, before)
print(f"an array onto null: {merged}")
assert merged == after
PYTHON
