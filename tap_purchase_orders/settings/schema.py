"""The settings as a JSON schema: names, types, bounds and defaults."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_purchase_orders.auth.method import AuthMethod
from tap_purchase_orders.auth.registry import auth_method, built_in_settings
from tap_purchase_orders.clouds import CLOUDS
from tap_purchase_orders.exact_json import json_copy
from tap_purchase_orders.number_sources.registry import (
    built_in_sources,
    number_source,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_purchase_orders.config import Settings


def _auth(upstream: str) -> th.Property[Any]:
    """Return the `auth` section: `method`, and what the built-in methods need."""
    methods, settings = built_in_settings(upstream)
    named = ", ".join(f"`{method}`" for method in methods)
    return th.Property(
        "auth",
        th.ObjectType(
            th.Property(
                "method",
                th.StringType(min_length=1),
                required=True,
                title="Authentication method",
                description=(
                    f"How to sign in: {named}, or the name of an installed plug-in."
                ),
            ),
            *settings,
        ),
        required=True,
        title="Authentication",
        description="The method and its credentials.",
    )


_MAX_TRIES = th.Property(
    "max_tries",
    th.IntegerType(minimum=1, maximum=20),
    default=6,
    title="Tries per request",
    description=(
        "How often a request is tried before its key becomes an issue. The waits in "
        "between are 1, 2, 4, 8, 16 ... seconds, jittered, and never below Retry-After."
    ),
)

_MAX_CONCURRENCY = th.Property(
    "max_concurrency",
    th.IntegerType(minimum=1, maximum=256),
    default=8,
    title="Requests in flight",
    description="How many requests may be under way at once.",
)

_PARTNER_CENTER: Sequence[th.Property[Any]] = (
    th.Property(
        "cloud",
        th.StringType(allowed_values=sorted(CLOUDS)),
        default="public",
        title="Cloud",
        description="Picks `api_url` and the token authority.",
    ),
    th.Property(
        "api_url",
        th.StringType(min_length=1),
        title="API URL",
        description="Address of the Partner Center API; by default that of the cloud.",
    ),
    _auth("partner_center"),
    th.Property(
        "customer_ids",
        th.ArrayType(th.StringType(min_length=1)),
        default=[],
        title="Customers",
        description="Read only these customers. Empty: every customer of the partner.",
    ),
    th.Property(
        "page_size",
        th.IntegerType(minimum=1),
        default=500,
        title="Page size",
        description="Customers per page of the customer list.",
    ),
    th.Property(
        "include_price",
        th.BooleanType,
        default=False,
        title="Prices",
        description="Ask for prices. The caller needs the right to see them.",
    ),
    th.Property(
        "include_system_purchases",
        th.BooleanType,
        default=False,
        title="System purchases",
        description="Also read purchases made by the system (renewals and billing).",
    ),
    th.Property(
        "lookback_days",
        th.IntegerType(minimum=0),
        default=8,
        title="Lookback (days)",
        description=(
            "Orders created up to this many days before the bookmark are compared "
            "with what was last emitted. Never less than 15 minutes."
        ),
    ),
    th.Property(
        "change_detection",
        th.StringType(allowed_values=["full", "activity_log"]),
        default="full",
        title="Change detection",
        description=(
            "`full` asks for the orders of every customer in every run; "
            "`activity_log` only for those that the activity log names, that have "
            "open orders, or that are due by `full_read_days`."
        ),
    ),
    th.Property(
        "full_read_days",
        th.IntegerType(minimum=1),
        default=7,
        title="Full read (days)",
        description="With `activity_log`: every customer is read at least this often.",
    ),
    th.Property(
        "full_table_days",
        th.IntegerType(minimum=1),
        title="All orders (days)",
        description=(
            "Each customer is taken whole once in this many days, as by FULL_TABLE, "
            "the customers spread evenly over the days. Without it, never."
        ),
    ),
    th.Property(
        "first_sequence",
        th.IntegerType(minimum=1, maximum=1_000_000_000_000),
        default=1,
        title="First sequence",
        description=(
            "The least `sequence` of the first row of an order in "
            "`order_status_changes`. After a loss of the state, set it above those "
            "that the table has."
        ),
    ),
    th.Property(
        "max_requests_per_minute",
        th.IntegerType(minimum=1, maximum=1_000_000),
        default=500,
        title="Requests per minute",
        description=(
            "Allowance per resource (customers, orders, ...) in any sliding minute."
        ),
    ),
    _MAX_CONCURRENCY,
    _MAX_TRIES,
)

_SOURCE_NAMES, _SOURCE_SETTINGS = built_in_sources()
_SOURCES = ", ".join(f"`{name}`" for name in _SOURCE_NAMES)

_APPZEN: Sequence[th.Property[Any]] = (
    th.Property(
        "api_url",
        th.StringType(min_length=1),
        default="https://api.appzen.com",
        title="API URL",
        description="Address of AppZen, with or without `/dictionary-data-services`.",
    ),
    _auth("appzen"),
    th.Property(
        "purchase_order_numbers",
        th.ObjectType(
            th.Property(
                "source",
                th.StringType(min_length=1),
                required=True,
                title="Number source",
                description=(
                    f"Where the numbers come from: {_SOURCES}, or the name of an "
                    f"installed plug-in."
                ),
            ),
            *_SOURCE_SETTINGS,
            th.Property(
                "allow_empty",
                th.BooleanType,
                title="Empty list",
                description=(
                    "Let a list without any numbers be no failure. By default it is "
                    "one: it looks the same as an export that has failed."
                ),
            ),
        ),
        required=True,
        title="Purchase order numbers",
        description="AppZen has no list of purchase orders: the numbers to ask for.",
    ),
    th.Property(
        "max_requests_per_second",
        th.IntegerType(minimum=1, maximum=10_000),
        default=20,
        title="Requests per second",
        description="Allowance in any sliding second.",
    ),
    th.Property(
        "max_requests_per_run",
        th.IntegerType(minimum=1),
        title="Requests per run",
        description=(
            "Budget of one run, repeats included. When it is used up the run stops "
            "with a resume point and a warning."
        ),
    ),
    _MAX_CONCURRENCY,
    _MAX_TRIES,
)


def settings_schema() -> dict[str, Any]:
    """Return the JSON schema of the settings, secrets marked `secret`."""
    return json_copy(_schema())


@cache
def _schema() -> dict[str, Any]:
    return th.PropertiesList(
        th.Property(
            "start_date",
            th.DateTimeType,
            title="Start date",
            description="Orders created earlier are left out.",
        ),
        th.Property(
            "strict",
            th.BooleanType,
            default=False,
            title="Strict",
            description="End the run with a failure at the first extraction issue.",
        ),
        th.Property(
            "run_history",
            th.BooleanType,
            default=False,
            title="Run history",
            description=(
                "Discover the stream `extraction_runs`: what each run did, and how it "
                "ended."
            ),
        ),
        th.Property(
            "use_singer_decimal",
            th.BooleanType,
            default=False,
            title="Numbers as decimal text",
            description=(
                "Emit numbers as text of the same digits, declared as "
                "`x-singer.decimal`: for warehouses whose loader makes floats of "
                "numbers."
            ),
        ),
        th.Property(
            "singer_decimal_precision",
            th.IntegerType(minimum=1, maximum=1000),
            default=38,
            title="Decimal precision",
            description=(
                "With `use_singer_decimal`: the most digits of a number. One that "
                "does not fit is null, and an issue."
            ),
        ),
        th.Property(
            "singer_decimal_scale",
            th.IntegerType(minimum=0, maximum=1000),
            default=9,
            title="Decimal scale",
            description=(
                "With `use_singer_decimal`: the most digits behind the point, of "
                "those that `singer_decimal_precision` allows."
            ),
        ),
        th.Property(
            "shard",
            th.ObjectType(
                th.Property(
                    "index",
                    th.IntegerType(minimum=0),
                    default=0,
                    title="Shard index",
                    description="Which share this process takes, counted from 0.",
                ),
                th.Property(
                    "count",
                    th.IntegerType(minimum=1),
                    default=1,
                    title="Shard count",
                    description="How many shares the work is split into.",
                ),
                additional_properties=False,
            ),
            default={},
            title="Shard",
            description="Take only the customers and numbers of one share.",
        ),
        th.Property(
            "partner_center",
            th.ObjectType(*_PARTNER_CENTER, additional_properties=False),
            title="Partner Center",
            description="Microsoft Partner Center: read when this section is set.",
        ),
        th.Property(
            "appzen",
            th.ObjectType(*_APPZEN, additional_properties=False),
            title="AppZen",
            description="AppZen: read when this section is set.",
        ),
        additional_properties=False,
    ).to_dict()


def settings_schema_with_plug_ins(settings: Settings) -> dict[str, Any]:
    """Return the schema with the keys that the plug-ins in use say they read.

    What a key means to the tap itself stays as it is.
    """
    schema = settings_schema()
    for upstream, section, declared in _declared(settings):
        known = schema["properties"][upstream]["properties"][section]["properties"]
        for name, part in th.PropertiesList(*declared).to_dict()["properties"].items():
            known.setdefault(name, part)
    return schema


def _declared(
    settings: Settings,
) -> Iterator[tuple[str, str, Sequence[th.Property[Any]]]]:
    """Yield the keys that methods and sources declare: upstream, section, keys."""
    for upstream in ("partner_center", "appzen"):
        own = getattr(settings, upstream)
        method = None if own is None else auth_method(upstream, own.auth)
        if isinstance(method, AuthMethod):
            yield upstream, "auth", method.settings
    if settings.appzen is not None:
        numbers = settings.appzen.purchase_order_numbers
        yield "appzen", "purchase_order_numbers", number_source(numbers).settings or ()
