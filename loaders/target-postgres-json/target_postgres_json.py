"""meltanolabs-target-postgres with another way into its tables: as JSON, by COPY.

Settings, tables, columns and STATE are the loader's own. Only rows go another way: the
lines of the tap are copied as they are into a temporary table of JSON, and one INSERT
takes them apart in the server. No value passes through Python.
"""

from __future__ import annotations

import datetime as dt
import re
import typing as t

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib.encoding import SimpleSingerReader
from sqlalchemy.dialects import postgresql
from target_postgres.sinks import PostgresSink
from target_postgres.target import TargetPostgres
from typing_extensions import override

if t.TYPE_CHECKING:
    import sqlalchemy

# A record as most taps begin it; any other spelling is decoded to see what it is.
_RECORD = re.compile(r'\{"type":\s?"RECORD",\s?"stream":\s?"([^"\\]+)",')
# What the loader does to each record with these, this one would not.
_NOT_TAKEN = (
    "validate_records",
    "stream_maps",
    "flattening_enabled",
    "sanitize_null_text_characters",
    "interpret_content_encoding",
)
_dialect = postgresql.dialect()
# It doubles the percent signs, too.
_quoted = _dialect.identifier_preparer.quote_identifier


class _LineReader(SimpleSingerReader):
    """Leaves records undecoded."""

    @override
    def deserialize_json(self, line: str) -> dict[str, t.Any]:
        if match := _RECORD.match(line):
            return {"type": "RECORD", "stream": match[1], "line": line}
        return {**super().deserialize_json(line), "line": line}


class JsonSink(PostgresSink):
    """Loads lines that are RECORD messages."""

    @override
    def process_batch(self, context: dict[str, t.Any]) -> None:
        """Load a batch in one transaction; of each key the last line counts."""
        with self.connector._connect() as connection, connection.begin():
            table = self.connector.prepare_table(
                full_table_name=self.full_table_name,
                schema=self.schema,
                primary_keys=self.key_properties,
                as_temp_table=False,
                connection=connection,
            )
            cursor = connection.connection.cursor()
            cursor.execute(
                "CREATE TEMPORARY TABLE singer_lines ("
                "position bigint GENERATED ALWAYS AS IDENTITY, line jsonb"
                ") ON COMMIT DROP"
            )
            with cursor.copy("COPY singer_lines (line) FROM STDIN") as copy:
                # In this format a backslash is two; line ends are its own, too.
                copy.write("".join(context["records"]).replace("\\", "\\\\"))
            cursor.execute(self._insert(table), self._metadata(context))

    def _metadata(self, context: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return what the loader adds to records; the same for a whole batch."""
        now = dt.datetime.now(tz=dt.UTC)
        return {
            "_sdc_received_at": now.replace(tzinfo=None),
            "_sdc_batched_at": context["batch_start_time"].replace(tzinfo=None),
            "_sdc_sequence": round(now.timestamp() * 1000),
            "_sdc_sync_started_at": self.sync_started_at,
        }

    def _insert(self, table: sqlalchemy.Table) -> str:
        """Return the statement that takes the lines apart."""
        columns = {name: table.columns[name] for name in self.schema["properties"]}
        types = {n: column.type.compile(_dialect) for n, column in columns.items()}
        # A date-time is cut to microseconds, not rounded, and the time in UTC,
        # whatever the time zone of the session.
        moments = {n for n, type_ in types.items() if type_.startswith("TIMESTAMP")}
        values = {name: f"record.{_quoted(name)}" for name in columns}
        if self.include_sdc_metadata_properties:
            values["_sdc_extracted_at"] = "line ->> 'time_extracted'"
            values["_sdc_table_version"] = "(line ->> 'version')::bigint"
            fixed = ("received_at", "batched_at", "sequence", "sync_started_at")
            values |= {f"_sdc_{name}": f"%(_sdc_{name})s" for name in fixed}
        for name in moments - {"_sdc_received_at", "_sdc_batched_at"}:
            cut = rf"regexp_replace({values[name]}, '(\.\d{{6}})\d+', '\1')"
            values[name] = f"{cut}::timestamptz AT TIME ZONE 'UTC'"
        members = ", ".join(
            f"{_quoted(name)} {'text' if name in moments else type_}"
            for name, type_ in types.items()
        )
        keys = ", ".join(map(_quoted, self.key_properties))
        rest = [_quoted(name) for name in columns if name not in self.key_properties]
        set_ = ", ".join(f"{name} = excluded.{name}" for name in rest)
        members_of_keys = ", ".join(f"record.{_quoted(n)}" for n in self.key_properties)
        name = _dialect.identifier_preparer.format_table(table)
        parts = (
            f"INSERT INTO {name} ({', '.join(map(_quoted, columns))}) SELECT",
            f"DISTINCT ON ({members_of_keys})" if keys else "",
            ", ".join(values[name] for name in columns),
            "FROM singer_lines,",
            f"jsonb_to_record(line -> 'record') AS record ({members})",
            f"ORDER BY {members_of_keys}, position DESC" if keys else "",
            f"ON CONFLICT ({keys}) DO" if keys else "",
            (f"UPDATE SET {set_}" if rest else "NOTHING") if keys else "",
        )
        return " ".join(parts)


class TargetPostgresJson(TargetPostgres):
    """The loader, with records that stay text."""

    name = "target-postgres-json"
    default_sink_class = JsonSink
    message_reader_class = _LineReader

    @override
    def __init__(self, *args: t.Any, **options: t.Any) -> None:
        super().__init__(*args, **options)
        given = [name for name in _NOT_TAKEN if self.config.get(name)]
        if given:
            mistakes = [f"`{name}` must be off: records stay text" for name in given]
            raise ConfigValidationError("; ".join(mistakes), errors=mistakes, schema={})

    @override
    def _process_record_message(self, message_dict: dict[str, t.Any]) -> None:
        sink = self.get_sink(message_dict["stream"])
        context = sink._get_context({})
        sink.tally_record_read()
        # It needs an end of its own: the last line of all may have none.
        sink.process_record(message_dict["line"].rstrip("\r\n") + "\n", context)
        sink.record_counter_metric.increment()
        sink._after_process_record(context)
        if sink.is_full:
            self.drain_one(sink)
        self._handle_max_record_age()
