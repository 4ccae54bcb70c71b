"""The schema files, alone and against the payloads: our own and the documented."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from tests import payloads

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

REPOSITORY = Path(__file__).resolve().parents[2]
SCHEMAS = REPOSITORY / "schemas"

KEYS = {
    "customers": ["id"],
    "orders": ["referenceCustomerId", "id"],
    "order_line_items": ["referenceCustomerId", "orderId", "lineItemNumber"],
    "order_status_changes": ["referenceCustomerId", "orderId", "sequence"],
    "order_attachments": ["referenceCustomerId", "orderId", "attachmentId"],
    "order_provisioning_status": ["referenceCustomerId", "orderId", "lineItemNumber"],
    "purchase_orders": ["purchase_order_number"],
    "purchase_order_lines": ["purchase_order_number", "line_key"],
    "extraction_issues": ["issue_id"],
    "extraction_runs": ["run_id", "upstream"],
}
STREAMS = sorted(KEYS)
INTEGER_KEYS = {"lineItemNumber", "sequence"}

NEVER_NULL = {
    "extraction_issues": {"upstream", "stream", "kind", "observed_at"},
    "extraction_runs": {
        *("started_at", "ended_at", "seconds", "outcome", "requests", "repeats"),
        *("rate_limit_wait_seconds", "keys_done", "records", "issues"),
        *("shard_index", "shard_count", "tap_version"),
    },
}

# What no upstream sends: the tap adds it to rows that come from an upstream.
ADDED_BY_THE_TAP = {
    "customers": set[str](),
    "orders": {"line_count"},
    "order_line_items": {"referenceCustomerId", "orderId"},
    "order_attachments": {"referenceCustomerId", "orderId"},
    "order_provisioning_status": {"referenceCustomerId", "orderId"},
    "purchase_orders": {"line_count"},
    "purchase_order_lines": {"purchase_order_number", "line_key"},
}

MADE_BY_THE_TAP = {
    "order_status_changes": (
        "referenceCustomerId orderId sequence previousStatus status "
        "orderCreationDate observedAt"
    ),
    "extraction_issues": (
        "issue_id upstream stream record_key kind field http_status error_code "
        "message correlation_id payload observed_at"
    ),
    "extraction_runs": (
        "run_id upstream started_at ended_at seconds outcome requests repeats "
        "rate_limit_wait_seconds keys_done keys_total records issues shard_index "
        "shard_count tap_version"
    ),
}

LINES = {
    "order_line_items": ("orders", "lineItems"),
    "purchase_order_lines": ("purchase_orders", "purchase_order_lines"),
}

ANY_JSON = {"object", "array", "string", "number", "boolean", "null"}


class Source(NamedTuple):
    """Files that hold records of a stream, under `member` or as the body itself."""

    pattern: str
    stream: str
    member: str | None = None

    @property
    def root(self) -> Path:
        return payloads.OWN if self in OWN else payloads.DOCUMENTED


OWN = [
    Source("partner_center/customer--*.json", "customers"),
    Source("partner_center/customers-*.json", "customers", "items"),
    Source("partner_center/order--*.json", "orders"),
    Source("partner_center/orders--*", "orders", "items"),
    Source("partner_center/attachments*.json", "order_attachments", "items"),
    Source("partner_center/provisioning-*.json", "order_provisioning_status", "items"),
    Source("appzen/purchase-order--*.json", "purchase_orders"),
]
DOCUMENTED = [
    Source("partner-center/customer--*.json", "customers"),
    Source("partner-center/customers-*.json", "customers", "items"),
    Source("partner-center/derived--customers-*.json", "customers", "items"),
    Source("partner-center/order--*.json", "orders"),
    Source("partner-center/derived--order-*.json", "orders"),
    Source("partner-center/orders-*.json", "orders", "items"),
    Source("partner-center/checkout--*.json", "orders", "orders"),
    Source("partner-center/attachments-*.json", "order_attachments", "items"),
    Source(
        "partner-center/provisioning--o*.json", "order_provisioning_status", "items"
    ),
    Source("appzen/purchase-order-*.json", "purchase_orders"),
]

UNKNOWN_ON_PURPOSE = {
    "partner_center/customer--by-id.json": {"userCredentials"},
    "partner-center/customer--created-for-indirect-reseller.json": {"userCredentials"},
    "partner_center/orders--irregular.json": {
        "fulfilmentHint",
        "lineItems[].pricing.surcharge",
    },
    "appzen/purchase-order--irregular-lines.json": {
        "approval_route",
        "purchase_order_lines[].amount.rounding",
        "purchase_order_lines[].packing",
    },
}

# These are there to be unlike the documents, down to blank dates.
UNLIKE_THE_DOCUMENTS = re.compile("irregular|null-lines")

every_source = pytest.mark.parametrize(
    "source",
    [*OWN, *(DOCUMENTED if payloads.HAS_DOCUMENTED else [])],
    ids=lambda source: source.pattern,
)


@cache
def schema_of(stream: str) -> Json:
    schema: Json = json.loads((SCHEMAS / f"{stream}.json").read_text("utf-8"))
    return schema


def types_of(schema: Json) -> set[str]:
    types = schema["type"]
    return {types} if isinstance(types, str) else set(types)


def properties_of(schema: Json, path: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every property at every depth, with its path (`lineItems[].pricing`)."""
    for name, described in schema.get("properties", {}).items():
        yield f"{path}{name}", described
        yield from properties_of(described, f"{path}{name}.")
        yield from properties_of(described.get("items", {}), f"{path}{name}[].")


def subschemas_of(schema: Json) -> Iterator[Json]:
    """Yield the schema and every schema inside it."""
    yield schema
    for described in schema.get("properties", {}).values():
        yield from subschemas_of(described)
    for keyword in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(keyword), dict):
            yield from subschemas_of(inner)


def body_of(path: Path) -> Any:
    return json.loads(path.read_bytes().decode("utf-8-sig"))


def records_by_file(source: Source) -> dict[str, list[Json]]:
    """Return the records of every file, by the file's path in its payload folder."""
    bodies = {
        path.relative_to(source.root).as_posix(): body_of(path)
        for path in sorted(source.root.glob(source.pattern))
    }
    return {
        name: [body] if source.member is None else body[source.member]
        for name, body in bodies.items()
    }


def members_of(value: Any, schema: Json, path: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the path of every member of a value, and whether the schema knows it."""
    if isinstance(value, list):
        for item in value:
            yield from members_of(item, schema.get("items", {}), path)
    elif isinstance(value, dict) and "properties" in schema:
        for name, inner in value.items():
            described = schema["properties"].get(name)
            yield f"{path}{name}", described is not None
            below = f"{path}{name}{'[]' if isinstance(inner, list) else ''}."
            yield from members_of(inner, described or {}, below)


def line_schema(stream: str) -> Json:
    """Return the schema of a line inside the array of its header."""
    header, array = LINES[stream]
    items: Json = schema_of(header)["properties"][array]["items"]
    return items


# The schemas themselves


def test_there_is_one_schema_file_for_each_stream() -> None:
    assert sorted(path.name for path in SCHEMAS.iterdir()) == [
        f"{stream}.json" for stream in STREAMS
    ]


@pytest.mark.parametrize("stream", STREAMS)
def test_a_schema_is_valid_draft_2020_12(stream: str) -> None:
    schema = schema_of(stream)

    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert schema["type"] == "object"
    assert schema["title"].lower().replace(" ", "_") == stream
    assert schema["description"].endswith(".")


@pytest.mark.parametrize("stream", STREAMS)
def test_every_property_at_any_depth_has_a_type_and_a_description(stream: str) -> None:
    for path, described in properties_of(schema_of(stream)):
        assert described.get("type"), path
        assert re.fullmatch(r"\S.*\.", described.get("description", "")), path


@pytest.mark.parametrize("stream", STREAMS)
def test_keys_are_required_and_not_null(stream: str) -> None:
    schema = schema_of(stream)

    assert schema["required"] == KEYS[stream]
    for name in KEYS[stream]:
        expected = "integer" if name in INTEGER_KEYS else "string"
        assert schema["properties"][name]["type"] == expected


@pytest.mark.parametrize("stream", STREAMS)
def test_every_field_but_the_keys_may_be_null(stream: str) -> None:
    never_null = {*KEYS[stream], *NEVER_NULL.get(stream, ())}
    schema = schema_of(stream)

    for name, described in schema["properties"].items():
        assert ("null" in types_of(described)) == (name not in never_null), name
        for inner in list(subschemas_of(described))[1:]:
            assert "null" in types_of(inner), name


@pytest.mark.parametrize("stream", STREAMS)
def test_enumerations_and_bounds_are_left_open(stream: str) -> None:
    allowed = {"type", "description", "format", "properties", "items"}
    top_level = {"$schema", "title", "required"}

    for depth, schema in enumerate(subschemas_of(schema_of(stream))):
        extra = top_level if depth == 0 else {"additionalProperties"}
        assert set(schema) <= allowed | extra


@pytest.mark.parametrize("stream", STREAMS)
def test_an_object_inside_a_record_is_closed_a_map_of_text_or_any_json(
    stream: str,
) -> None:
    for path, described in properties_of(schema_of(stream)):
        for schema in (described, described.get("items", {"type": "null"})):
            if "object" not in types_of(schema):
                continue
            if "properties" in schema:
                assert schema["additionalProperties"] is False, path
            elif "additionalProperties" in schema:
                assert path.endswith("provisioningContext")
                assert types_of(schema["additionalProperties"]) == {"string", "null"}
            else:
                assert types_of(schema) == ANY_JSON, path
                assert path.endswith(("custom_json", ".body"))


@pytest.mark.parametrize("stream", STREAMS)
def test_dates_and_only_dates_have_a_format(stream: str) -> None:
    for path, described in properties_of(schema_of(stream)):
        is_date = re.search(r"(date|Date|edAt|_at)$", path) is not None
        assert ("format" in described) == is_date, path
        if is_date:
            assert described["format"] in {"date", "date-time"}
            assert types_of(described) <= {"string", "null"}


@pytest.mark.parametrize("stream", sorted(LINES))
def test_a_line_is_the_same_in_its_own_stream_and_in_its_header(stream: str) -> None:
    child = {
        name: described
        for name, described in schema_of(stream)["properties"].items()
        if name not in ADDED_BY_THE_TAP[stream]
    }
    in_header = line_schema(stream)["properties"]

    assert list(child) == list(in_header)
    for name, described in child.items():
        if name in KEYS[stream]:
            nullable = {**described, "type": [described["type"], "null"]}
            assert nullable == in_header[name]
        else:
            assert described == in_header[name], name


@pytest.mark.parametrize("member", ["uri", "amount", "condition_type", "postalCode"])
def test_a_shared_shape_is_the_same_wherever_it_stands(member: str) -> None:
    shapes = [
        schema["properties"]
        for stream in STREAMS
        for schema in list(subschemas_of(schema_of(stream)))[1:]
        if member in schema.get("properties", {})
        # A purchase commitment and an allocation have amounts, and are no money.
        and not {"grain", "gl_code"} & set(schema["properties"])
    ]

    assert len(shapes) > 1
    assert all(shape == shapes[0] for shape in shapes)


@pytest.mark.parametrize("stream", ["orders", "purchase_orders"])
def test_a_header_counts_its_lines(stream: str) -> None:
    line_count = schema_of(stream)["properties"]["line_count"]

    assert line_count["type"] == ["integer", "null"]


@pytest.mark.parametrize("stream", sorted(MADE_BY_THE_TAP))
def test_a_stream_of_the_taps_own_has_the_fields_of_the_contract(stream: str) -> None:
    assert list(schema_of(stream)["properties"]) == MADE_BY_THE_TAP[stream].split()


@pytest.mark.parametrize("stream", STREAMS)
def test_no_schema_has_credentials_of_a_customer(stream: str) -> None:
    names = {path.split(".")[-1] for path, _ in properties_of(schema_of(stream))}

    assert names.isdisjoint({"userCredentials", "userName", "password"})


# Payloads against the schemas


@every_source
def test_the_schema_knows_every_member_of_a_payload(source: Source) -> None:
    files = records_by_file(source)

    assert files
    for name, records in files.items():
        members = members_of(records, {"items": schema_of(source.stream)})
        unknown = {path for path, known in members if not known}
        assert unknown == UNKNOWN_ON_PURPOSE.get(name, set()), name


@every_source
def test_a_payload_has_the_types_of_the_schema(source: Source) -> None:
    # On the wire the parents' keys are missing: the tap adds them.
    schema = {**schema_of(source.stream), "required": []}
    checker = Draft202012Validator.FORMAT_CHECKER
    validator = Draft202012Validator(schema, format_checker=checker)

    assert {"date", "date-time"} <= set(checker.checkers)
    for name, records in records_by_file(source).items():
        errors = [error for it in records for error in validator.iter_errors(it)]
        assert bool(errors) == bool(UNLIKE_THE_DOCUMENTS.search(name)), name


def test_every_field_of_the_appzen_field_list_has_its_documented_type() -> None:
    header = schema_of("purchase_orders")["properties"]
    line = line_schema("purchase_order_lines")["properties"]
    scopes = {
        "header": [header],
        "line": [line],
        "money": [header["total_amount"]["properties"]],
        "exchange_rate": [header["exchange_rate"]["properties"]],
        "line_vat_breakdown[]": [line["line_vat_breakdown"]["items"]["properties"]],
        "line_allocations[]": [line["line_allocations"]["items"]["properties"]],
        "po_conditions[] / po_line_conditions[]": [
            header["po_conditions"]["items"]["properties"],
            line["po_line_conditions"]["items"]["properties"],
        ],
        "amortization_schedule_details": [
            line["amortization_schedule_details"]["properties"]
        ],
    }
    documented = body_of(payloads.OWN / "appzen_field_types.json")["scopes"]

    assert set(documented) == set(scopes)
    for scope, fields in documented.items():
        for name, documented_type in fields.items():
            json_type, _, date_format = documented_type.partition(" ")
            for properties in scopes[scope]:
                types = types_of(properties[name]) - {"null"}
                free_form = name == "custom_json"
                assert types == (ANY_JSON - {"null"} if free_form else {json_type})
                assert properties[name].get("format", "") == date_format, name


@pytest.mark.parametrize("stream", sorted({source.stream for source in OWN}))
def test_every_field_of_the_schema_occurs_in_a_payload_of_our_own(stream: str) -> None:
    seen = {
        path
        for source in OWN
        if source.stream == stream
        for records in records_by_file(source).values()
        for path, known in members_of(records, {"items": schema_of(stream)})
        if known
    }
    expected = {
        path
        for path, _ in properties_of(schema_of(stream))
        # Metadata of resources is alike everywhere; some of it stands for each.
        if not re.search(r"(^|\.)(links|attributes)\.", path)
        and path not in ADDED_BY_THE_TAP[stream]
    }
    # A company's address and a billing address are one shape, filled in parts.
    parts = {path for path in expected if re.search(r"[aA]ddress\.", path)}

    assert expected - parts <= seen
    assert {path.split(".")[-1] for path in parts} <= {
        path.split(".")[-1] for path in seen & parts
    }
