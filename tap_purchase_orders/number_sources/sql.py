"""The source `sql`: numbers from a query."""

from __future__ import annotations

import logging
import re
from contextlib import closing
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_purchase_orders.number_sources.buffer import Buffer
from tap_purchase_orders.number_sources.databases.dialects import dialect_of
from tap_purchase_orders.number_sources.databases.since import (
    OVERLAP_SECONDS,
    compares_days,
    since_value,
)
from tap_purchase_orders.number_sources.databases.sql_query import (
    SINCE,
    parameters,
    writes,
)
from tap_purchase_orders.number_sources.error_messages import source_error
from tap_purchase_orders.number_sources.number_values import NumberColumn
from tap_purchase_orders.number_sources.source import (
    SECTION,
    Checkpoint,
    NumberSource,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from tap_purchase_orders.number_sources.databases.database import Database
    from tap_purchase_orders.number_sources.databases.since import Kind
    from tap_purchase_orders.number_sources.databases.since import Value as Since
    from tap_purchase_orders.number_sources.source import Item, SourceContext

_URL = re.compile(r"[A-Za-z][\w.+-]*://.*", re.DOTALL)
_LONGEST_OVERLAP_SECONDS = 366 * 24 * 60 * 60
_COLUMN = "the first column of the query"

logger = logging.getLogger(__name__)


def _numbers(section: Mapping[str, Any], context: SourceContext) -> Iterator[Item]:
    """Yield the numbers; the database is let go of before the second one.

    Asking for them may take days. No database likes a transaction that is open for so
    long, and the list must not change meanwhile: so it is copied at once. The first one
    goes ahead, for whoever needs only one.
    """
    with Buffer() as buffer:
        with closing(_pages(section, context)) as pages:
            for page in pages:
                is_first = buffer.count == 0
                buffer.write(page)
                if is_first and page:
                    yield page[0]
        logger.info("AppZen: the database gave %d numbers", buffer.count)
        yield from islice(buffer.read(), 1, None)
    if _follows_changes(section):
        yield Checkpoint(context.until)


def _pages(
    section: Mapping[str, Any], context: SourceContext
) -> Generator[list[str], None, None]:
    # SQLAlchemy takes a while to be imported: only those who use it wait for it.
    from tap_purchase_orders.number_sources.databases.database import Database  # noqa: PLC0415

    column = NumberColumn(_COLUMN, partial(source_error, key="query"))
    database = Database(
        section["url"], context.cancel_token, section.get("connect_args")
    )
    since = _since(section, context, database)
    row, has_blanks = 0, False
    with closing(database.pages(section["query"], since)) as pages:
        for page in pages:
            column.exact_up_to = database.exact_up_to
            texts = [column.text(value, row) for row, value in enumerate(page, row + 1)]
            row += len(page)
            numbers = [text for text in texts if text is not None]
            if not has_blanks and any(text != text.strip() != "" for text in numbers):
                has_blanks = True
                logger.warning(
                    "AppZen: %s has blanks around numbers, which are asked for as "
                    "they are; TRIM() in the query takes the blanks away",
                    _COLUMN,
                )
            yield numbers
    column.end()


def _since(
    section: Mapping[str, Any], context: SourceContext, database: Database
) -> Since | None:
    """Return the value of `:since`, none for a query that has none."""
    if not _follows_changes(section):
        return None
    kind: Kind = section.get("since_as") or "datetime"
    if "since_as" not in section:
        dialect = dialect_of(section["url"])
        if compares_days(section["query"], dialect, database.columns()):
            kind = "date"
            logger.info(
                "AppZen: the query compares `:since` with days: `since_as` is taken "
                "for `date`"
            )
    return since_value(section, context, kind)


def _follows_changes(section: Mapping[str, Any]) -> bool:
    return SINCE in _parameters(section)


def _parameters(section: Mapping[str, Any]) -> set[str]:
    return parameters(section["query"], dialect_of(section["url"]))


def _mistakes(section: Mapping[str, Any]) -> list[str]:
    mistakes = []
    if not _URL.fullmatch(section["url"]):
        # Its value is not shown: it is a secret.
        mistakes.append(
            f"`{SECTION}.url` must be an address as SQLAlchemy has it, such as "
            f"postgresql://user:password@host/database"
        )
    setting, query = f"`{SECTION}.query`", section["query"]
    if not query.strip():
        mistakes.append(f"{setting} must be a SELECT")
    if (word := writes(query, dialect_of(section["url"]))) is not None:
        mistakes.append(f"{setting} must be a SELECT; it begins with {word}")
    mistakes += [
        f"{setting} has the parameter `:{name}`, and there is only `:{SINCE}`; a colon "
        f"that is only a colon is written `\\:`"
        for name in sorted(_parameters(section) - {SINCE})
    ]
    return mistakes


SOURCE = NumberSource(
    numbers=_numbers,
    settings=(
        th.Property(
            "url",
            th.StringType(min_length=1),
            secret=True,
            title="Database",
            description=(
                "Source `sql`: the database as a SQLAlchemy URL, such as "
                "postgresql://user:password@host/database."
            ),
        ),
        th.Property(
            "query",
            th.StringType(min_length=1),
            title="Query",
            description=(
                "Source `sql`: a SELECT with the numbers in its first column. "
                "`:since` in it is the start of the last finished run."
            ),
        ),
        th.Property(
            "since_as",
            th.StringType(allowed_values=["date", "datetime", "text"]),
            title="Type of :since",
            description=(
                "Source `sql`: what `:since` is. `datetime` is a UTC date-time with "
                "zone; `date` is the day before, for columns that have only days; "
                "`text` is like 2026-03-01T12:00:00.000000Z, for databases that keep "
                "text. By default `date` where the query compares it with a column of "
                "that type, `datetime` elsewhere."
            ),
        ),
        th.Property(
            "since_overlap_seconds",
            th.IntegerType(minimum=0, maximum=_LONGEST_OVERLAP_SECONDS),
            title="Overlap of :since (seconds)",
            description=(
                "Source `sql`: how much earlier than the last finished run `:since` "
                "is, so that changes that were committed late are not missed; by "
                f"default {OVERLAP_SECONDS}."
            ),
        ),
        th.Property(
            "connect_args",
            # Whatever members: without `properties` it is one setting.
            th.CustomType({"type": ["object", "null"], "additionalProperties": True}),
            secret=True,
            title="Arguments of the driver",
            description=(
                "Source `sql`: what the database's driver takes besides the URL, by "
                'name, such as {"private_key_file": "..."}.'
            ),
        ),
    ),
    required=("url", "query"),
    mistakes=_mistakes,
    identity=lambda section: (
        f"{section['query']}\0{section.get('since_as') or 'datetime'}"
    ),
    follows_changes=_follows_changes,
)
