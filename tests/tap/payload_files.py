"""Files of payloads, those of the documents and our own, by what they are."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.tap.upstream import Reply, json_reply, read_json
from tests.tap.worlds import collection

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_KINDS = (
    ("error-token", r"error-token"),
    ("error", r"error-\d{3}"),
    ("orders", r"order-|orders-|checkout-"),
    ("customers", r"customers-"),
    ("customer", r"customer-"),
    ("token", r"token--app-only"),
    ("purchase_order", r"purchase-order-"),
)
_OWN_SHAPE = "irregular"
_FRACTION = re.compile(r"\.\d+")


@dataclass(frozen=True, slots=True)
class PayloadFile:
    """One file.

    Attributes:
        path: Where it is.
        kind: What it answers: `orders`, `customers`, `customer`, `purchase_order`,
            `error`, `token` or `error-token`.
    """

    path: Path
    kind: str

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name

    @property
    def status(self) -> int:
        """The status that it comes with."""
        found = re.search(r"error-(\d{3})", self.name)
        return int(found[1]) if found else 200

    @property
    def value(self) -> Any:
        """The JSON value, with exact decimals."""
        return read_json(self.path.read_bytes().decode("utf-8-sig"))

    @property
    def reply(self) -> Reply:
        """The file as an answer, byte for byte."""
        return Reply(self.path.read_bytes(), self.status)

    def orders(self) -> list[dict[str, Any]]:
        """Return the orders that it holds: one, a collection, or a checkout's."""
        value = self.value
        orders: list[dict[str, Any]] = value.get("items", value.get("orders", [value]))
        return orders

    @property
    def orders_reply(self) -> Reply:
        """The file as an answer to the call for a customer's orders."""
        is_collection = "items" in self.value
        return self.reply if is_collection else json_reply(collection(self.orders()))


def payload_files(folder: Path) -> Iterator[PayloadFile]:
    """Yield the files of a folder that answer a call of the tap's."""
    for path in sorted(folder.iterdir()):
        name = path.name.removeprefix("derived--")
        kinds = [kind for kind, pattern in _KINDS if re.match(pattern, name)]
        if kinds and _OWN_SHAPE not in name:
            yield PayloadFile(path, kinds[0])


def of_kind(files: Iterable[PayloadFile], kind: str) -> list[PayloadFile]:
    """Return the files of one kind."""
    return [file for file in files if file.kind == kind]


def differences(
    raw: Mapping[str, Any], record: Mapping[str, Any], schema: Mapping[str, Any]
) -> list[str]:
    """Return the paths at which a record does not say what a payload says.

    Args:
        raw: The object as it was sent.
        record: The record that came of it.
        schema: The schema of the record.
    """
    return list(_differences(raw, record, schema, ""))


def _differences(
    raw: Any, made: Any, schema: Mapping[str, Any], path: str
) -> Iterator[str]:
    if isinstance(raw, dict):
        known = schema.get("properties")
        for name, value in raw.items():
            part = (known or {}).get(name, schema.get("additionalProperties"))
            part = part if isinstance(part, dict) else {}
            if not isinstance(made, dict) or name not in made:
                yield f"{path}.{name}"
            else:
                yield from _differences(value, made[name], part, f"{path}.{name}")
    elif isinstance(raw, list):
        if not isinstance(made, list) or len(raw) != len(made):
            yield path
            return
        for position, (value, item) in enumerate(zip(raw, made, strict=True)):
            part = schema.get("items", {})
            yield from _differences(value, item, part, f"{path}[{position}]")
    else:
        expected = _expected(raw, schema)
        # As text, two decimals are the same only if all their digits are.
        if (type(expected), str(expected)) != (type(made), str(made)):
            yield path


def _expected(raw: Any, schema: Mapping[str, Any]) -> Any:
    if "format" in schema and raw == "":
        return None
    return in_utc(raw) if schema.get("format") == "date-time" and raw else raw


def in_utc(text: str) -> str:
    """Return a date-time in UTC with all its digits."""
    fraction = "".join(_FRACTION.findall(text))
    moment = dt.datetime.fromisoformat(_FRACTION.sub("", text))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=dt.UTC)
    return f"{moment.astimezone(dt.UTC):%Y-%m-%dT%H:%M:%S}{fraction}Z"
