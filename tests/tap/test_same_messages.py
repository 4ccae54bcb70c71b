"""However many requests are in flight, the messages are the same, in the same order."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.scenes import Played, Scene, play
from tests.tap.upstream import Asked, Reply, json_reply
from tests.tap.worlds import (
    appzen,
    appzen_error,
    collection,
    customer,
    number_path,
    order,
    orders_path,
    partner_center,
    partner_center_error,
    purchase_order,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from tests.tap.upstream import Upstream

WORKERS = 8
KEYS = [f"k{position:02}" for position in range(4 * WORKERS)]
# Made anew in every run.
MOMENTS = ("time_extracted", "observedAt", "observed_at", "correlation_id")


def answers() -> dict[str, tuple[Reply, Reply]]:
    """Return the answers for each key: most are good, some are not."""
    made = {}
    for position, key in enumerate(KEYS):
        orders = [order(f"{key}-{n}", key, status="pending") for n in range(3)]
        made[key] = json_reply(collection(orders)), json_reply(purchase_order(key))
        if position % 7 == 3:
            made[key] = partner_center_error(404, 20000), appzen_error(404)
        if position % 7 == 5:
            odd = order(key, key, totalPrice="much", creationDate="soon")
            purchase = purchase_order(key, end_date="soon", colour="red")
            made[key] = json_reply(collection([odd])), json_reply(purchase)
    return made


def serve(upstream: Upstream, wrap: Callable[[int, Reply], Any]) -> Mapping[str, Any]:
    for position, (key, (orders, purchase)) in enumerate(answers().items()):
        upstream.answer(orders_path(key), wrap(position, orders))
        upstream.answer(number_path(key), wrap(position, purchase))
    link = {"uri": "/customers?page=2", "method": "GET", "headers": []}
    half = len(KEYS) // 2
    first = collection(map(customer, KEYS[:half]), links={"next": link})
    upstream.answer("/v1/customers?size=500", json_reply(first))
    last = collection(map(customer, KEYS[half:]))
    upstream.answer("/v1/customers?page=2", json_reply(last))
    return {
        "partner_center": partner_center(upstream),
        "appzen": appzen(upstream, KEYS),
    }


def one_by_one(upstream: Upstream) -> Mapping[str, Any]:
    config = serve(upstream, lambda _position, reply: reply)
    for section in config.values():
        section["max_concurrency"] = 1
    return {"config": config}


def answered_backwards(upstream: Upstream) -> Mapping[str, Any]:
    """Eight at once, and of each eight the last one asked is answered first."""
    answered: dict[str, list[threading.Event]] = {
        kind: [threading.Event() for _ in KEYS] for kind in ("customers", "numbers")
    }

    def backwards(position: int, reply: Reply) -> Callable[[Asked], Reply]:
        def answer(asked: Asked) -> Reply:
            kind = "customers" if "/customers/" in asked.path else "numbers"
            if position % WORKERS < WORKERS - 1:
                answered[kind][position + 1].wait(20)
            answered[kind][position].set()
            return reply

        return answer

    config = serve(upstream, backwards)
    for section in config.values():
        section["max_concurrency"] = WORKERS
    return {"config": config}


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(one_by_one, answered_backwards)


def without_moments(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            name: (
                {n: v for n, v in value.items() if n not in MOMENTS}
                if name == "record"
                else value
            )
            for name, value in message.items()
            if name not in MOMENTS
        }
        for message in messages
    ]


def test_the_messages_are_the_same_in_the_same_order(
    played: dict[Scene, Played],
) -> None:
    serial, concurrent = played[one_by_one].run, played[answered_backwards].run

    assert without_moments(concurrent.messages) == without_moments(serial.messages)
    assert serial.status == concurrent.status == 0


def test_the_answers_did_come_in_another_order(played: dict[Scene, Played]) -> None:
    run = played[answered_backwards].run
    times = [row["time_extracted"] for row in run.rows("purchase_orders")]

    assert len(times) > 2 * WORKERS
    assert times != sorted(times)


def test_records_come_in_the_order_of_the_keys(played: dict[Scene, Played]) -> None:
    run = played[answered_backwards].run
    customers = [record["id"] for record in run.records("customers")]
    numbers = [r["purchase_order_number"] for r in run.records("purchase_orders")]

    assert customers == KEYS
    assert numbers == sorted(numbers)
    assert len(run.issues(kind="not_found")) == 2 * sum(
        1 for position in range(len(KEYS)) if position % 7 == 3
    )
