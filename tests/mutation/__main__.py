"""`python -m tests.mutation`: mutants of the modules that read, decide and remember."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from .mutants import mutants_of
from .trial import outcome_of

PROJECT = Path(__file__).resolve().parents[2]
PACKAGES = ("records", "incremental")
_UNIT = "tests/unit"
# The tests of a module, those first that notice most.
TESTS = {
    "records.activity": ("activity_reading",),
    "records.fast_reader": (
        "reading_in_one_go",
        "fast_reader",
        "orders_reading",
        "purchase_orders_reading",
    ),
    "records.customers": ("customers_reading",),
    "records.encoded_records": ("encoded_records", "fast_reader"),
    "records.issues": ("issues", "orders_reading", "run_scope"),
    "records.bulk_checks": ("fast_reader", "purchase_orders_reading"),
    "records.line_keys": ("line_keys", "purchase_orders_reading", "fast_reader"),
    "records.order_children": ("order_children_reading",),
    "records.schema_types": ("fast_reader", "two_readings"),
    "records.orders": ("orders_reading", "issues_of_orders", "fast_reader"),
    "records.purchase_orders": (
        "purchase_orders_reading",
        "issues_of_orders",
        "reading_in_one_go",
        "fast_reader",
    ),
    "records.field_reader": (
        "records",
        "purchase_orders_reading",
        "orders_reading",
        "fast_reader",
    ),
    "records.record_encoder": ("reading_in_one_go", "fast_reader", "two_readings"),
    "records.schemas": ("decimal_text", "records", "orders_reading"),
    "records.number_text": ("fast_reader", "two_readings"),
    "records.unknown_fields": ("fast_reader", "two_readings"),
    "records.values": (
        "values",
        "decimal_text",
        "number_values",
        "records",
        "fast_reader",
    ),
    "incremental.activity_rules": ("activity_rules",),
    "incremental.customer_bookmark": ("change_detection", "given_state", "state"),
    "incremental.change_detection": (
        "change_detection",
        "old_orders",
        "attachments_owed",
        "change_detection_properties",
    ),
    "incremental.order_id_digest": ("order_id_digest", "old_orders"),
    "incremental.read_schedule": ("order_histories", "change_detection"),
    "incremental.record_digests": ("change_detection", "state"),
    "incremental.resume": ("resume_points", "state"),
    "incremental.run_scope": ("run_scope", "state", "order_histories"),
    "incremental.state": ("state", "state_of_numbers", "given_state"),
    "incremental.state_parser": ("state", "state_of_numbers", "given_state"),
    "incremental.status_sequences": ("status_sequences", "change_detection"),
    "incremental.statuses": ("statuses", "change_detection"),
}
_SLACK = 4
_LEAST_SECONDS = 60


def main() -> int:
    """Run a sample; return the exit status: 1 if fewer are noticed than asked for."""
    arguments = _parser().parse_args()
    chance = random.Random(arguments.seed)  # noqa: S311
    paths = {
        name: PROJECT / "tap_purchase_orders" / f"{name.replace('.', '/')}.py"
        for name in TESTS
        if name.startswith(tuple(arguments.only))
    }
    mutants = [
        (name, mutant)
        for name, path in paths.items()
        for mutant in mutants_of(
            f"tap_purchase_orders.{name}", path.read_text(encoding="utf-8")
        )
    ]
    chance.shuffle(mutants)
    chosen = mutants[: arguments.sample or None]
    print(
        f"{len(mutants)} mutants of {len(paths)} modules, {len(chosen)} of them tried"
    )
    seconds_of: dict[str, float] = {}
    outcomes: Counter[tuple[str, str]] = Counter()
    ends_at = time.monotonic() + arguments.seconds
    for name, mutant in chosen:
        if arguments.seconds and time.monotonic() > ends_at:
            break
        tests = [f"{_UNIT}/test_{test}.py" for test in TESTS[name]]
        if name not in seconds_of:
            outcome, seconds_of[name] = outcome_of(None, tests, 600)
            if outcome != "survived":
                print(f"{name}: its tests fail without any mutant")
                return 2
        most = max(_LEAST_SECONDS, round(_SLACK * seconds_of[name]))
        outcome, _ = outcome_of(mutant, tests, most)
        outcomes[name, outcome] += 1
        if outcome == "survived":
            print(f"survived: {name}:{mutant.line}: {mutant.change}", flush=True)
    return _summary(outcomes, arguments.least)


def _summary(outcomes: Counter[tuple[str, str]], least: float) -> int:
    tried = sum(outcomes.values())
    survived = sum(n for (_, outcome), n in outcomes.items() if outcome == "survived")
    for name in sorted({name for name, _ in outcomes}):
        own = {outcome: n for (each, outcome), n in outcomes.items() if each == name}
        noticed = sum(n for outcome, n in own.items() if outcome != "survived")
        print(f"{name}: {noticed} of {sum(own.values())} noticed")
    share = (tried - survived) / tried if tried else 0.0
    print(f"{tried - survived} of {tried} mutants noticed: {share:.1%}")
    return 0 if share >= least else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("--sample", type=int, default=0, help="so many; 0: all")
    parser.add_argument("--seconds", type=float, default=0, help="0: to the end")
    parser.add_argument("--seed", type=int, default=1, help="chooses the sample")
    parser.add_argument("--only", nargs="+", default=PACKAGES, metavar="MODULE")
    parser.add_argument("--least", type=float, default=0.85, metavar="SHARE")
    return parser


if __name__ == "__main__":
    sys.exit(main())
