# ruff: noqa: INP001  # run as a script
"""Writes the staging models, which follow from the schemas of the streams.

`python transform/generate_staging.py` writes the files anew; with `--check` it only
says which of them would change.

A staging model has a column for each field of its stream, in snake case and with its
type. The members of an object become columns too, one level deep; what is nested deeper
stays JSON. The description of a field becomes that of its column.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tap_purchase_orders.records.schemas import types_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PROJECT = Path(__file__).resolve().parents[1]
_MODELS = Path("transform/models/staging")
_ORIGIN = "Written by transform/generate_staging.py from schemas/"
# From which Meltano takes the loader's setting `default_target_schema`.
_SCHEMA_VARIABLE = "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA"

# Not loaded by default, because another stream has them row by row.
_ARRAYS_OF_ROWS = {"lineItems", "purchase_order_lines"}
_MONEY = {"amount", "currency"}
_MOMENT = "timestamp with time zone"
_TYPES = {
    ("boolean", None): "boolean",
    ("integer", None): "bigint",
    ("number", None): "numeric",
    ("string", None): "text",
    ("string", "date"): "date",
    ("string", "date-time"): _MOMENT,
}
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@dataclass(frozen=True, slots=True)
class Parent:
    """The stream that a stream's rows belong to.

    Attributes:
        stream: Its name.
        fields: Fields of the child, each with the field of the parent that it names.
        is_header: Parent and child come from one answer, so that their times can be
            compared.
        is_asked_alone: A child is also read when its parent has no news.
        severity: What it means to dbt if the parent of a row is missing.
    """

    stream: str
    fields: Mapping[str, str]
    is_header: bool = False
    is_asked_alone: bool = False
    severity: str = "error"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a staging model."""

    name: str
    expression: str
    data_type: str
    description: str


_ORDER = {"referenceCustomerId": "referenceCustomerId", "orderId": "id"}
_PARENTS = {
    # An order is kept under the customer that it names, whoever that is.
    "orders": Parent("customers", {"referenceCustomerId": "id"}, severity="warn"),
    "order_line_items": Parent("orders", _ORDER, is_header=True),
    "order_status_changes": Parent("orders", _ORDER),
    "order_attachments": Parent("orders", _ORDER, is_asked_alone=True),
    "order_provisioning_status": Parent("orders", _ORDER, is_asked_alone=True),
    "purchase_order_lines": Parent(
        "purchase_orders",
        {"purchase_order_number": "purchase_order_number"},
        is_header=True,
    ),
}
# The variable of the dbt project that says whether a stream is loaded; the issues
# always are.
_VARIABLES = {
    "customers": "partner_center",
    "orders": "partner_center",
    "order_line_items": "partner_center",
    "order_status_changes": "partner_center",
    "order_attachments": "order_attachments",
    "order_provisioning_status": "order_provisioning_status",
    "purchase_orders": "appzen",
    "purchase_order_lines": "appzen",
    "extraction_runs": "extraction_runs",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write or check the files; return the exit status: 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing")
    parser.add_argument("--into", type=Path, default=_PROJECT, help="project directory")
    options = parser.parse_args(arguments)
    stale = []
    for path, text in files():
        target = options.into / path
        if not options.check:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        elif not target.is_file() or target.read_text(encoding="utf-8") != text:
            stale.append(str(path))
    if stale:
        sys.stderr.write(f"out of date: {', '.join(stale)}; run {__file__}\n")
    return int(bool(stale))


def files() -> Iterator[tuple[Path, str]]:
    """Yield the path within the project and the text of each file."""
    schemas = {
        path.stem: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((_PROJECT / "schemas").glob("*.json"))
    }
    for stream, schema in schemas.items():
        yield _MODELS / f"stg_{stream}.sql", _model(stream, _columns(stream, schema))
    yield _MODELS / "_sources.yml", _yaml_text(_sources(schemas))
    yield _MODELS / "_staging.yml", _yaml_text(_described(schemas))


def snake_case(name: str) -> str:
    """Return a field's name in snake case: `sizeInKB` is `size_in_kb`."""
    return _WORD_START.sub("_", name).lower()


def _columns(stream: str, schema: Mapping[str, Any]) -> list[Column]:
    """Return the columns of a stream's staging model."""
    columns = [
        column
        for name, part in schema["properties"].items()
        if name not in _ARRAYS_OF_ROWS
        for column in _columns_of_field(name, part)
    ]
    extracted = "When the tap received the answer that the row is from."
    batched = "When the loader wrote the row."
    columns += [
        Column("extracted_at", _moment("_sdc_extracted_at"), _MOMENT, extracted),
        Column("batched_at", _moment("_sdc_batched_at"), _MOMENT, batched),
    ]
    parent = _PARENTS.get(stream)
    if parent is not None and parent.is_header:
        is_as_new = "loaded._sdc_extracted_at >= header._sdc_extracted_at"
        told = (
            "False: the row is older than its header, so the upstream no longer has "
            "the line."
        )
        column = Column("is_current", f"coalesce({is_as_new}, true)", "boolean", told)
        columns.append(column)
    elif parent is not None and parent.is_asked_alone:
        keys = ", ".join(map(_field, parent.fields))
        is_newest = (
            "loaded._sdc_extracted_at = max(loaded._sdc_extracted_at)\n"
            f"        over (partition by {keys})"
        )
        told = (
            "False: the row is older than another of the same order, so it was not in "
            "the latest answer about the order."
        )
        columns.append(Column("is_current", is_newest, "boolean", told))
    return columns


def _columns_of_field(name: str, part: Mapping[str, Any]) -> Iterator[Column]:
    """Yield the columns that a field becomes: of an object, one for each member."""
    column, description = snake_case(name), part["description"]
    members: Mapping[str, Any] = part.get("properties", {})
    if not members:
        data_type = _data_type(part)
        yield Column(column, _typed(name, data_type), data_type, description)
    for member, inner in members.items():
        expression, data_type = _typed_member(name, member, _data_type(inner))
        if members.keys() == _MONEY:
            # What the amount is stands with the object, and not with its members.
            suffix = "" if member == "amount" else f"_{member}"
            text = f"{description} {inner['description']}"
        else:
            suffix = f"_{snake_case(member)}"
            text = inner["description"]
        yield Column(f"{column}{suffix}", expression, data_type, text)


def _data_type(part: Mapping[str, Any]) -> str:
    """Return the type of a column as PostgreSQL names it."""
    named = types_of(part)
    if len(named) > 1 or named == ["object"]:
        return "jsonb"
    if named == ["array"]:
        return f"{_data_type(part['items'])}[]"
    return _TYPES[named[0], part.get("format")]


def _typed(name: str, data_type: str) -> str:
    """Return a loaded column as the type that it has to have."""
    if data_type == _MOMENT:
        return _moment(name)
    # Those are loaded as what they are, by whatever loader.
    if data_type in {"text", "jsonb"} or data_type.endswith("[]"):
        return _field(name)
    return _macro("typed", _field(name), data_type)


def _typed_member(name: str, member: str, data_type: str) -> tuple[str, str]:
    """Return the expression for a member of an object, and its type."""
    if data_type.endswith("[]"):
        data_type = "jsonb"
    # Within JSON, whole numbers of any length are kept.
    data_type = "numeric" if data_type == "bigint" else data_type
    return _macro("member_of", _field(name), member, data_type), data_type


def _macro(name: str, *arguments: str) -> str:
    """Return a call of a macro of the project, for what differs between databases."""
    quoted = ", ".join(f"'{argument}'" for argument in arguments)
    return f"{{{{ {name}({quoted}) }}}}"


def _moment(name: str) -> str:
    # The loader leaves out the zone, which is UTC.
    return f"{_field(name)} at time zone 'UTC'"


def _field(name: str, table: str = "loaded") -> str:
    return f"{table}.{name}" if name.islower() else f'{table}."{name}"'


def _model(stream: str, columns: Sequence[Column]) -> str:
    """Return the SQL of a stream's staging model."""
    lines = [f"-- {_ORIGIN}{stream}.json."]
    if stream in _VARIABLES:
        lines.append(f"{{{{ config(enabled=var('{_VARIABLES[stream]}')) }}}}")
    selected = [f"    {column.expression} as {column.name}" for column in columns]
    lines += ["", "select", ",\n".join(selected), f"from {_source(stream)} as loaded"]
    parent = _PARENTS.get(stream)
    if parent is not None and parent.is_header:
        conditions = [
            f"{_field(theirs, 'header')} = {_field(ours)}"
            for ours, theirs in parent.fields.items()
        ]
        lines += [f"left join {_source(parent.stream)} as header"]
        lines += ["    on " + "\n    and ".join(conditions)]
    return "\n".join(lines) + "\n"


def _source(stream: str) -> str:
    return f"{{{{ source('tap_purchase_orders', '{stream}') }}}}"


def _sources(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tables that the loader has filled."""
    source = {
        "name": "tap_purchase_orders",
        "description": "What the tap has read, as target-postgres has loaded it.",
        "schema": f"{{{{ env_var('{_SCHEMA_VARIABLE}', 'purchasing') }}}}",
        "tables": [
            {
                "name": stream,
                "description": schema["description"],
                "columns": [
                    {"name": name, "quote": True, "description": part["description"]}
                    for name, part in schema["properties"].items()
                    if name not in _ARRAYS_OF_ROWS
                ],
            }
            for stream, schema in schemas.items()
        ],
    }
    return {"version": 2, "sources": [source]}


def _described(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return the descriptions of the staging models, and the tests of their keys."""
    models = []
    for stream, schema in schemas.items():
        keys = [snake_case(name) for name in schema["required"]]
        columns = [
            {
                "name": column.name,
                "data_type": column.data_type,
                "description": column.description,
                **({"data_tests": ["not_null"]} if column.name in keys else {}),
            }
            for column in _columns(stream, schema)
        ]
        models.append(
            {
                "name": f"stg_{stream}",
                "description": schema["description"],
                "data_tests": list(_tests(stream, keys)),
                "columns": columns,
            }
        )
    return {"version": 2, "models": models}


def _tests(stream: str, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
    yield {"unique_together": {"arguments": {"columns": list(keys)}}}
    parent = _PARENTS.get(stream)
    if parent is not None:
        arguments = {
            "columns": [snake_case(name) for name in parent.fields],
            "to": f"ref('stg_{parent.stream}')",
            "to_columns": [snake_case(name) for name in parent.fields.values()],
        }
        severity = {"severity": parent.severity}
        yield {"belongs_to": {"arguments": arguments, "config": severity}}


def _yaml_text(value: Any) -> str:
    dumped = yaml.safe_dump(value, sort_keys=False, width=88, allow_unicode=True)
    return f"# {_ORIGIN}.\n{dumped}"


if __name__ == "__main__":
    sys.exit(main())
