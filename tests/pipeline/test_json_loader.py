"""target-postgres-json makes the rows that target-postgres makes, in any time zone."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.pipeline.loaded_world import STREAMS, LoadedWorld, loaded_world
from tests.pipeline.postgres import program, running_postgres

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.pipeline.postgres import Postgres

# The world of the first test is loaded twice, and each load starts a process.
pytestmark = pytest.mark.timeout(900)

_PROJECT = Path(__file__).parents[2]
_LOADERS = _PROJECT / ".meltano" / "loaders"
PLAIN = "target-postgres"
JSON = "target-postgres-json"
# Made anew by every load.
OF_THE_LOAD = (
    "_sdc_received_at",
    "_sdc_batched_at",
    "_sdc_sequence",
    "_sdc_sync_started_at",
)
SCHEMA = {
    "type": "SCHEMA",
    "stream": "things",
    "key_properties": ["id", "part"],
    "schema": {
        "properties": {
            "id": {"type": ["string", "null"]},
            "part": {"type": ["integer", "null"]},
            "amount": {"type": ["number", "null"]},
            "fixed": {
                "type": ["string", "null"],
                "format": "x-singer.decimal",
                "precision": 38,
                "scale": 9,
            },
            "day": {"type": ["string", "null"], "format": "date"},
            "moment": {"type": ["string", "null"], "format": "date-time"},
            "flag": {"type": ["boolean", "null"]},
            "text": {"type": ["string", "null"]},
            "object": {
                "type": ["object", "null"],
                "properties": {"amount": {"type": ["number", "null"]}},
            },
            "list": {"type": ["array", "null"], "items": {"type": ["object", "null"]}},
            "anything": {
                "type": ["object", "array", "string", "number", "boolean", "null"]
            },
            'odd % "name"': {"type": ["string", "null"]},
        }
    },
}
# By what is special about it, members of a record as they are spelled in its message.
RECORDS = {
    "nothing": "",
    "nulls": '"amount":null,"object":null,"list":null,"anything":null,"moment":null',
    "digits": '"amount":1234567890123456789012345.678901234567890123450,"fixed":"1.50"',
    "an exponent": '"amount":1.5E+3',
    "a small number": '"amount":-0.0000000000000000000012',
    "most of a microsecond": '"moment":"9999-12-31T23:59:59.9999999Z"',
    "the first moment": '"moment":"0001-01-01T00:00:00Z"',
    # Twice the same hour in Berlin, and one that there is not.
    "before the clock is put back": '"moment":"2026-10-25T00:30:00.1234567Z"',
    "after the clock is put back": '"moment":"2026-10-25T01:30:00.1234567Z"',
    "an hour left out": '"moment":"2026-03-29T02:30:00Z"',
    "an offset": '"moment":"2026-03-29T02:30:00.5+05:30"',
    "a day": '"day":"2024-02-29"',
    "text": r'"text":"tab\tline\nback\\slash \"quote\" \u00e9 \ud83d\ude00 \\N \\."',
    "blank text": '"text":""',
    "an odd name": r'"odd % \"name\"":"100 %s"',
    "flags": '"flag":true',
    "objects": '"object":{"amount":0.10,"more":[1,null,"x"]},"list":[{"a":1},null]',
    "an empty object": '"object":{},"list":[]',
    "a number of any type": '"anything":7.50',
    "an object of any type": '"anything":{"b":[true]}',
}
_TAIL = ',"time_extracted":"2026-03-29T01:30:00.123456Z"}\n'


@pytest.fixture(scope="module")
def world(request: pytest.FixtureRequest) -> LoadedWorld:
    loader(JSON)
    return loaded_world(request.config)


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    loader(JSON)
    with running_postgres() as server:
        yield server


@contextmanager
def sessions_in(postgres: Postgres, zone: str) -> Iterator[None]:
    """Let the server's sessions be in a time zone."""
    postgres.execute(f"ALTER ROLE CURRENT_USER SET timezone = '{zone}'")
    yield
    postgres.execute("ALTER ROLE CURRENT_USER RESET timezone")


def loader(name: str) -> str:
    return program(name, _LOADERS / name / "venv" / "bin")


def load(
    name: str, messages: bytes, postgres: Postgres, schema: str, **settings: Any
) -> subprocess.CompletedProcess[bytes]:
    """Load messages; target-postgres with the time zone that makes it right."""
    config = {
        **postgres.settings,
        "port": int(postgres.settings["port"]),
        "default_target_schema": schema,
        "validate_records": False,
        **settings,
    }
    environment = {**os.environ, "PGTZ": "UTC"}
    if name == JSON:
        # It needs no help.
        del environment["PGTZ"]
    with tempfile.TemporaryDirectory(prefix="load-") as folder:
        path = Path(folder) / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        return subprocess.run(
            [loader(name), "--config", str(path)],
            input=messages,
            capture_output=True,
            cwd=folder,
            env=environment,
            timeout=400,
            check=False,
        )


def rows(postgres: Postgres, schema: str, table: str) -> list[str]:
    """Return all rows of a table but for what every load makes anew."""
    query = f"""
        SELECT (to_jsonb(each) - '{{{",".join(OF_THE_LOAD)}}}'::text[])::text AS row
        FROM {schema}.{table} AS each ORDER BY 1
    """  # noqa: S608  # names of our own
    return [row["row"] for row in postgres.rows(query)]


def things(members: dict[str, str]) -> bytes:
    """Return messages: the schema, and a record for each text of members."""
    lines = [json.dumps(SCHEMA) + "\n"]
    for name, text in members.items():
        key = f'"id":{json.dumps(name)},"part":1'
        record = ",".join(filter(None, [key, text]))
        head = '{"type":"RECORD","stream":"things","record":{'
        lines.append(f"{head}{record}}}{_TAIL}")
    lines.append('{"type":"STATE","value":{"done":1}}\n')
    return "".join(lines).encode()


def test_two_runs_of_a_world_make_the_same_rows(world: LoadedWorld) -> None:
    schema = "json_berlin"
    with sessions_in(world.postgres, "Europe/Berlin"):
        for run in world.runs:
            done = load(JSON, run.output, world.postgres, schema)
            assert done.returncode == 0, done.stderr.decode()[-2000:]

    for table in STREAMS:
        expected = rows(world.postgres, "purchasing", table)
        assert rows(world.postgres, schema, table) == expected


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York"])
def test_values_that_are_hard_to_keep_make_the_same_rows(
    postgres: Postgres, zone: str
) -> None:
    city = (zone.partition("/")[2] or zone).lower()
    names = {PLAIN: f"plain_things_{city}", JSON: f"json_things_{city}"}
    messages = things(RECORDS)
    with sessions_in(postgres, zone):
        for name, schema in names.items():
            done = load(name, messages, postgres, schema)
            assert done.returncode == 0, done.stderr.decode()[-2000:]
            assert json.loads(done.stdout) == {"done": 1}

    plain, as_json = (rows(postgres, names[n], "things") for n in (PLAIN, JSON))
    assert len(plain) == len(RECORDS)
    assert as_json == plain
    assert columns(postgres, names[JSON]) == columns(postgres, names[PLAIN])


def columns(postgres: Postgres, schema: str) -> list[dict[str, Any]]:
    query = f"""
        SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull
        FROM pg_attribute WHERE attrelid = '{schema}.things'::regclass AND attnum > 0
        ORDER BY attnum
    """  # noqa: S608  # names of our own
    return postgres.rows(query)


def test_the_last_of_a_key_counts_within_a_batch_and_over_batches(
    postgres: Postgres,
) -> None:
    record = '{"type": "RECORD", "stream": "things", "record": {"id": "a", "part": %d'
    lines = [json.dumps(SCHEMA)]
    for text in ("one", "two", "three", "four", "five"):
        lines += [record % part + f', "text": "{text}"}}}}' for part in (1, 2)]
    # Spelled in another order, without an end.
    lines.append(
        '{"record":{"id":"a","part":2,"text":"last"},"stream":"things","type":"RECORD"}'
    )
    done = load(JSON, "\n".join(lines).encode(), postgres, "keys", batch_size_rows=3)

    assert done.returncode == 0, done.stderr.decode()[-2000:]
    found = postgres.rows("SELECT part, text FROM keys.things ORDER BY part")
    assert found == [{"part": 1, "text": "five"}, {"part": 2, "text": "last"}]


def test_without_keys_every_record_is_a_row(postgres: Postgres) -> None:
    schema = {**SCHEMA, "key_properties": []}
    line = '{"type":"RECORD","stream":"things","record":{"id":"a","text":"x"}}'
    messages = "\n".join([json.dumps(schema), line, line, ""]).encode()
    done = load(JSON, messages, postgres, "keyless")

    assert done.returncode == 0, done.stderr.decode()[-2000:]
    assert len(rows(postgres, "keyless", "things")) == 2


@pytest.mark.parametrize(
    "settings",
    [
        {"validate_records": True},
        {"stream_maps": {"things": None}},
        {"flattening_enabled": True, "flattening_max_depth": 1},
        {"sanitize_null_text_characters": True},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_a_setting_that_needs_values_is_refused_by_name(
    settings: dict[str, Any], postgres: Postgres
) -> None:
    done = load(JSON, things(RECORDS), postgres, "refused", **settings)

    assert done.returncode != 0
    assert f"`{next(iter(settings))}` must be off" in done.stderr.decode()


def test_what_fits_no_column_ends_the_load_and_leaves_nothing_of_the_batch(
    postgres: Postgres,
) -> None:
    messages = things({"good": '"amount":1', "bad": '"flag":"perhaps"'})
    done = load(JSON, messages, postgres, "unfit")

    assert done.returncode != 0
    assert done.stdout == b""
    assert rows(postgres, "unfit", "things") == []
