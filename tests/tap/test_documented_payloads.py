"""Every payload of the upstreams' documents is read whole, and each of our own."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pytest

from tests import payloads
from tests.tap.payload_files import PayloadFile, differences, of_kind, payload_files
from tests.tap.scenes import Played, Scene, play_named
from tests.tap.upstream import json_reply
from tests.tap.worlds import (
    appzen,
    collection,
    customer,
    number_path,
    order,
    orders_path,
    partner_center,
    purchase_order,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.tap.tap import Run
    from tests.tap.upstream import Upstream

# Errors about the caller, by status or code: they end the run.
CALLER_STATUSES = {401}
CALLER_CODES = {900309, 900308, 900329}
KINDS = {400: "request_failed", 403: "forbidden", 404: "not_found"}


class Folder:
    """One folder of payloads, and the runs that read them.

    Attributes:
        partner_center: The files of Partner Center.
        appzen: The files of AppZen.
        groups: Files with orders, in groups in which no order comes twice.
        lists: Lists of customers, each of one page or several.
        purchase_orders: Files with a purchase order.
        played: What came of the runs, by their names.
    """

    def __init__(self, partner_center: Path, appzen: Path) -> None:
        self.partner_center = list(payload_files(partner_center))
        self.appzen = list(payload_files(appzen))
        self.groups = _without_repeats(of_kind(self.partner_center, "orders"))
        self.lists = _lists(of_kind(self.partner_center, "customers"))
        self.purchase_orders = of_kind(self.appzen, "purchase_order")
        self.played: dict[str, Played] = play_named(self._scenes())

    def run(self, number: int) -> Run:
        """Return the run that has read the nth group, list and purchase order."""
        return self.played[f"reads-{number}"].run

    def _scenes(self) -> dict[str, Scene]:
        parts = zip_longest(self.groups, self.lists, self.purchase_orders)
        scenes: dict[str, Scene] = {
            f"reads-{number}": _reads(group or [], pages or [], file)
            for number, (group, pages, file) in enumerate(parts)
        }
        scenes["given"] = _reads_given(of_kind(self.partner_center, "customer"))
        scenes["errors"] = _meets(self.errors(), self.appzen_errors())
        ends = zip_longest(self.caller_errors(), self.appzen_caller_errors())
        for number, (file, appzen_file) in enumerate(ends):
            scenes[f"ends-{number}"] = _meets(
                [file] if file else [], [appzen_file] if appzen_file else []
            )
        return scenes

    def errors(self) -> list[PayloadFile]:
        """Return the errors of Partner Center that concern one customer."""
        errors = of_kind(self.partner_center, "error")
        return [file for file in errors if not _is_about_the_caller(file)]

    def caller_errors(self) -> list[PayloadFile]:
        """Return the errors of Partner Center that concern the caller."""
        errors = of_kind(self.partner_center, "error")
        return [file for file in errors if _is_about_the_caller(file)]

    def appzen_errors(self) -> list[PayloadFile]:
        """Return the errors of AppZen that concern one purchase order."""
        return [f for f in of_kind(self.appzen, "error") if f.status not in {401, 403}]

    def appzen_caller_errors(self) -> list[PayloadFile]:
        """Return the errors of AppZen that concern the caller."""
        return [f for f in of_kind(self.appzen, "error") if f.status in {401, 403}]


def _is_about_the_caller(file: PayloadFile) -> bool:
    return file.status in CALLER_STATUSES or file.value.get("code") in CALLER_CODES


def _without_repeats(files: Iterable[PayloadFile]) -> list[list[PayloadFile]]:
    groups: list[tuple[set[tuple[str, str]], list[PayloadFile]]] = []
    for file in files:
        keys = {(o["referenceCustomerId"], o["id"]) for o in file.orders()}
        fits = (part for part in groups if part[0].isdisjoint(keys))
        if (part := next(fits, None)) is None:
            part = (set(), [])
            groups.append(part)
        part[0].update(keys)
        part[1].append(file)
    return [group for _, group in groups]


def _lists(files: list[PayloadFile]) -> list[list[PayloadFile]]:
    """Return the single pages, and last those that belong together."""
    pages = [file for file in files if "-page-" in file.name]
    return [[file] for file in files if file not in pages] + [pages]


def _reads(
    orders: list[PayloadFile], pages: list[PayloadFile], file: PayloadFile | None
) -> Scene:
    """Return a scene: customers of our own, a documented list, a purchase order."""

    def scene(upstream: Upstream) -> Mapping[str, Any]:
        link = {"next": {"uri": "/customers?documented", "method": "GET"}}
        own = collection(
            (customer(file.path.stem) for file in orders), links=link if pages else {}
        )
        replies = [page.reply for page in pages]
        upstream.answer("/v1/customers", json_reply(own), *replies)
        for page in pages:
            for item in page.value["items"]:
                upstream.answer(orders_path(item["id"]), json_reply(collection([])))
        for group_file in orders:
            path = orders_path(group_file.path.stem)
            upstream.answer(path, group_file.orders_reply)
        config = {"partner_center": partner_center(upstream)}
        if file:
            number = file.value.get("purchase_order_number", "asked")
            upstream.answer(number_path(number), file.reply)
            config["appzen"] = appzen(upstream, [number])
        return {"config": config}

    return scene


def _reads_given(files: list[PayloadFile]) -> Scene:
    def scene(upstream: Upstream) -> Mapping[str, Any]:
        ids = [file.value["id"] for file in files]
        for file in files:
            upstream.answer(f"/v1/customers/{file.value['id']}", file.reply)
            empty = json_reply(collection([]))
            upstream.answer(orders_path(file.value["id"]), empty)
        return {
            "config": {"partner_center": partner_center(upstream, customer_ids=ids)}
        }

    return scene


def _meets(orders: list[PayloadFile], numbers: list[PayloadFile]) -> Scene:
    def scene(upstream: Upstream) -> Mapping[str, Any]:
        names = [file.name for file in orders]
        listed = collection(map(customer, [*names, "good"]))
        upstream.answer("/v1/customers", json_reply(listed))
        good = json_reply(collection([order("o", "good")]))
        upstream.answer(orders_path("good"), good)
        upstream.answer(number_path("good"), json_reply(purchase_order("good")))
        for file in orders:
            upstream.answer(orders_path(file.name), file.reply)
        for file in numbers:
            upstream.answer(number_path(file.name), file.reply)
        asked = [*(file.name for file in numbers), "good"]
        return {
            "config": {
                "partner_center": partner_center(upstream),
                "appzen": appzen(upstream, asked),
            }
        }

    return scene


@pytest.fixture(scope="module")
def own() -> Folder:
    return Folder(payloads.OWN / "partner_center", payloads.OWN / "appzen")


@pytest.fixture(scope="module")
def documented() -> Folder:
    return Folder(
        payloads.DOCUMENTED / "partner-center", payloads.DOCUMENTED / "appzen"
    )


@pytest.fixture(
    scope="module", params=["own", *(["documented"] * payloads.HAS_DOCUMENTED)]
)
def folder(request: pytest.FixtureRequest) -> Folder:
    found: Folder = request.getfixturevalue(request.param)
    return found


def test_every_value_of_every_order_comes_through(folder: Folder) -> None:
    for number, group in enumerate(folder.groups):
        run = folder.run(number)
        sent = [sent for file in group for sent in file.orders()]
        emitted = run.records("orders")

        assert [record["id"] for record in emitted] == [o["id"] for o in sent]
        assert run.issues() == []
        assert run.warnings == []
        assert run.status == 0
        for raw, record in zip(sent, emitted, strict=True):
            header = {name: raw[name] for name in raw if name != "lineItems"}
            assert differences(header, record, run.schemas["orders"]["schema"]) == []
            assert record["line_count"] == len(raw["lineItems"])


def test_every_value_of_every_line_item_comes_through(folder: Folder) -> None:
    for number, group in enumerate(folder.groups):
        run = folder.run(number)
        schema = run.schemas["order_line_items"]["schema"]
        sent = [
            {
                **line,
                "orderId": raw["id"],
                "referenceCustomerId": raw["referenceCustomerId"],
            }
            for file in group
            for raw in file.orders()
            for line in raw["lineItems"]
        ]

        emitted = run.records("order_line_items")
        assert len(emitted) == len(sent)
        for raw, record in zip(sent, emitted, strict=True):
            assert differences(raw, record, schema) == []


def test_every_order_with_a_status_begins_its_story(folder: Folder) -> None:
    for number, group in enumerate(folder.groups):
        run = folder.run(number)
        changes = run.records("order_status_changes")

        assert [(c["orderId"], c["status"]) for c in changes] == [
            (raw["id"], raw["status"])
            for file in group
            for raw in file.orders()
            if raw.get("status") is not None
        ]


def test_every_value_of_every_listed_customer_comes_through(folder: Folder) -> None:
    for number, pages in enumerate(folder.lists):
        run = folder.run(number)
        sent = [item for page in pages for item in page.value["items"]]
        emitted = run.records("customers")[-len(sent) :]

        assert len(emitted) == len(sent) > 0
        for raw, record in zip(sent, emitted, strict=True):
            assert differences(raw, record, run.schemas["customers"]["schema"]) == []


def test_the_token_of_a_page_is_sent_for_the_next(folder: Folder) -> None:
    number = len(folder.lists) - 1
    asked = folder.played[f"reads-{number}"].asked_for("/v1/customers")
    (header,) = folder.lists[-1][0].value["links"]["next"]["headers"]

    assert [a.headers.get(header["key"].lower()) for a in asked] == [
        None,
        None,
        header["value"],
    ]


def test_every_value_of_a_customer_comes_through_but_credentials(
    folder: Folder,
) -> None:
    run = folder.played["given"].run
    files = of_kind(folder.partner_center, "customer")
    emitted = run.records("customers")

    assert len(emitted) == len(files) > 0
    assert run.warnings == []
    for file, record in zip(files, emitted, strict=True):
        raw = {n: v for n, v in file.value.items() if n != "userCredentials"}
        assert differences(raw, record, run.schemas["customers"]["schema"]) == []
    assert b"userCredentials" not in run.output
    assert b"sample-password" not in run.output


def test_every_value_of_a_purchase_order_comes_through(folder: Folder) -> None:
    assert folder.purchase_orders
    for number, file in enumerate(folder.purchase_orders):
        run = folder.run(number)
        (header,) = run.records("purchase_orders")
        lines = run.records("purchase_order_lines")
        sent = file.value
        sent_lines = sent.pop("purchase_order_lines") or []

        assert run.issues() == []
        assert run.status == 0
        assert differences(sent, header, run.schemas["purchase_orders"]["schema"]) == []
        assert header["line_count"] == len(lines) == len(sent_lines)
        for raw, line in zip(sent_lines, lines, strict=True):
            schema = run.schemas["purchase_order_lines"]["schema"]
            assert differences(raw, line, schema) == []
            assert line["purchase_order_number"] == header["purchase_order_number"]


def test_every_error_of_one_key_is_an_issue_that_says_what_was_said(
    folder: Folder,
) -> None:
    run = folder.played["errors"].run
    files = {("orders", file.name): file for file in folder.errors()}
    files |= {("purchase_orders", file.name): file for file in folder.appzen_errors()}
    issues = {(i["stream"], i["record_key"]): i for i in run.issues()}

    assert issues.keys() == files.keys()
    for key, file in files.items():
        issue, body = issues[key], file.value
        assert issue["kind"] == KINDS.get(file.status, "unavailable")
        assert issue["http_status"] == file.status
        text = body.get("description", body.get("message"))
        assert text in issue["message"]
        if "code" in body:
            assert issue["error_code"] == str(body["code"])
    assert run.status == 1
    assert len(run.records("orders")) == len(run.records("purchase_orders")) == 1


def test_every_error_of_the_caller_ends_its_part_of_the_run(folder: Folder) -> None:
    errors = (folder.caller_errors(), folder.appzen_caller_errors())

    for files, stream in zip(errors, ("orders", "purchase_orders"), strict=True):
        assert files
        for number, file in enumerate(files):
            run = folder.played[f"ends-{number}"].run
            assert run.status == 1
            assert run.records(stream) == []
            assert any(f"HTTP {file.status}" in line for line in run.errors)


def test_ids_that_differ_only_in_their_case_are_two_orders(own: Folder) -> None:
    runs = [own.run(number) for number in range(len(own.groups))]
    ids = [record["id"] for run in runs for record in run.records("orders")]
    long = [order_id for order_id in ids if len(order_id) == 33]

    assert len(long) > len({order_id.lower() for order_id in long})
