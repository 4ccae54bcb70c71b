"""Invoices that cannot be read: said aloud, and nothing is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.invoices import (
    INVOICE_PATH,
    SEARCH_PATH,
    START,
    Invoices,
    ago,
    config,
    emitted,
    invoice,
    read_until,
    text_of,
)
from tests.tap.tap import run_tap
from tests.tap.upstream import Reply, Upstream, json_reply
from tests.tap.worlds import appzen_error, number_path

if TYPE_CHECKING:
    from collections.abc import Iterator

HTML = Reply(b"<html>Sign in</html>", headers={"Content-Type": "text/html"})
WHOLE = json_reply(invoice("PO-1-1"))
ACCOUNT = "GB29NWBK60161331926819"


@pytest.fixture
def invoices() -> Iterator[Invoices]:
    """Three invoices in each of four weeks, each with a purchase order of its own."""
    with Upstream() as started:
        known = Invoices(started)
        for week in range(4):
            for day in range(3):
                name = f"{week}-{day}"
                at = ago(days=28 - 7 * week - 2 * day)
                known.add(name, at, invoice(f"PO-{name}"))
        yield known


def all_numbers(invoices: Invoices) -> list[str]:
    by_time = sorted(invoices.processed, key=lambda uuid: invoices.processed[uuid])
    return [f"PO-{uuid}" for uuid in by_time]


def break_invoice(invoices: Invoices, uuid: str, *replies: Reply) -> None:
    invoices.upstream.answer(f"{INVOICE_PATH}/{uuid}", *replies)


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (appzen_error(500), "unavailable"),
        (appzen_error(429), "unavailable"),
        (Reply(dropped=True), "unavailable"),
        (HTML, "invalid_response"),
        (json_reply({"message": "no"}), "invalid_response"),
        (json_reply({"appzen-uuid": "a"}), "invalid_response"),
        (json_reply([{"uuid": "a"}]), "invalid_response"),
        (json_reply([{"appzen-uuid": "a"}, None]), "invalid_response"),
        (json_reply([{"appzen-uuid": ".."}]), "invalid_response"),
        (Reply(b"", 302, {"Location": "https://example.com/"}), "refused_redirect"),
    ],
)
def test_a_search_that_fails_ends_the_reading_and_the_next_run_goes_on_there(
    reply: Reply, kind: str, invoices: Invoices
) -> None:
    invoices.upstream.answer(SEARCH_PATH, invoices.found, invoices.found, reply)
    first = invoices.read()
    searched = invoices.searches()
    invoices.upstream.answer(SEARCH_PATH, invoices.found)
    second = invoices.read(first.state)

    assert (first.status, second.status) == (1, 0)
    (issue,) = first.issues()
    failed = searched[-1][0]
    assert issue["kind"] == kind
    assert issue["record_key"] == f"invoice/search/{failed:%Y-%m-%dT%H:%M:%SZ}"
    assert len(searched) == 3
    assert read_until(first) == failed
    assert invoices.searches()[0][0] == failed
    assert emitted(first, second) == all_numbers(invoices)


@pytest.mark.parametrize("status", [400, 402, 404])
def test_a_search_that_is_refused_ends_the_run_in_one_line(
    status: int, invoices: Invoices
) -> None:
    invoices.upstream.answer(SEARCH_PATH, invoices.found, appzen_error(status))

    run = invoices.read()

    assert run.status == 1
    assert "search of invoices was refused" in run.errors[0]
    assert f"HTTP {status}" in run.errors[0]
    assert emitted(run) == ["PO-0-0", "PO-0-1", "PO-0-2"]
    assert len(invoices.searches()) == 2


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("path", [SEARCH_PATH, f"{INVOICE_PATH}/1-1"])
def test_a_caller_that_is_served_nothing_ends_the_run(
    path: str, status: int, invoices: Invoices
) -> None:
    invoices.upstream.answer(path, appzen_error(status))

    run = invoices.read()

    assert run.status == 1
    assert f"HTTP {status}" in run.errors[0]
    assert emitted(run) == all_numbers(invoices)[: len(emitted(run))]
    assert "PO-1-1" not in emitted(run)


@pytest.mark.parametrize(
    ("reply", "kind", "tells_times"),
    [
        (appzen_error(500), "unavailable", True),
        (appzen_error(500), "unavailable", False),
        (Reply(WHOLE.body, cut_to=20), "invalid_response", True),
        (HTML, "invalid_response", False),
        (json_reply([]), "invalid_response", True),
        (json_reply({}), "invalid_response", True),
        (Reply(appzen_error(500).body), "invalid_response", True),
    ],
)
def test_an_invoice_that_cannot_be_read_is_read_by_the_next_run(
    reply: Reply, kind: str, invoices: Invoices, *, tells_times: bool
) -> None:
    invoices.tells_times = tells_times
    break_invoice(invoices, "1-1", reply)
    first = invoices.read()
    break_invoice(invoices, "1-1", WHOLE)
    second = invoices.read(first.state)

    assert (first.status, second.status) == (1, 0)
    (issue,) = first.issues()
    assert (issue["kind"], issue["record_key"]) == (kind, "invoice/1-1")
    # The others are not kept from the reader, and come once more.
    others = [number for number in all_numbers(invoices) if number != "PO-1-1"]
    assert emitted(first) == others
    assert START < read_until(first) <= invoices.processed["1-1"]
    assert emitted(second)[-8:] == all_numbers(invoices)[-8:]
    assert "0-0" not in invoices.read_invoices()


@pytest.mark.parametrize(
    ("status", "kind"), [(404, "not_found"), (400, "request_failed")]
)
def test_an_invoice_that_is_refused_is_an_issue_and_the_run_goes_on(
    status: int, kind: str, invoices: Invoices
) -> None:
    break_invoice(invoices, "1-1", appzen_error(status))

    first = invoices.read()
    second = invoices.read(first.state)

    assert (first.status, second.status) == (0, 0)
    (issue,) = first.issues()
    assert (issue["kind"], issue["record_key"]) == (kind, "invoice/1-1")
    assert len(emitted(first)) == 11
    assert second.issues() == []
    assert invoices.read_invoices() == []


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("purchase_order_numbers", "PO-1-1"),
        ("purchase_order_numbers", {"0": "PO-1-1"}),
        ("purchase_order_numbers", ["PO-1-1", True]),
        ("purchase_order_numbers", [["PO-1-1"]]),
        ("invoice_lines", {"purchase_order_number": "PO-1-1"}),
        ("invoice_lines", ["PO-1-1"]),
        ("invoice_lines", [{"purchase_order_number": {"number": "PO-1-1"}}]),
        ("invoice_lines", [{"line_allocations": ["PO-1-1"]}]),
    ],
)
def test_an_invoice_with_another_shape_is_an_issue_without_what_else_is_on_it(
    member: str, value: Any, invoices: Invoices
) -> None:
    body = {"iban": ACCOUNT, "purchase_order_numbers": ["PO-1-1"], member: value}
    break_invoice(invoices, "1-1", json_reply(body))

    run = invoices.read()

    assert run.status == 1
    (issue,) = run.issues()
    assert issue["kind"] == "invalid_response"
    assert issue["record_key"] == "invoice/1-1"
    assert "of the invoice cannot be read" in issue["message"]
    assert ACCOUNT not in run.output.decode() + run.log
    assert "PO-1-1" not in emitted(run)


def test_what_may_pass_is_asked_for_again(invoices: Invoices) -> None:
    invoices.upstream.answer(SEARCH_PATH, appzen_error(500), invoices.found)
    body = json_reply(invoice("PO-1-1"))
    break_invoice(invoices, "1-1", appzen_error(503), body)

    run = invoices.read(max_tries=2)

    assert (run.status, run.issues()) == (0, [])
    assert emitted(run) == all_numbers(invoices)


def test_a_purchase_order_that_cannot_be_read_is_asked_for_by_the_next_run(
    invoices: Invoices,
) -> None:
    invoices.upstream.answer_first(number_path("PO-1-1"), appzen_error(500))

    first = invoices.read()
    second = invoices.read(first.state)

    assert (first.status, second.status) == (1, 0)
    assert read_until(first) <= invoices.processed["1-1"]
    assert "PO-1-1" in emitted(second)


def test_numbers_that_appzen_does_not_know_are_issues(invoices: Invoices) -> None:
    for name in ("0-0", "0-1", "0-2", "2-2"):
        invoices.upstream.answer(number_path(f"PO-{name}"), appzen_error(404))

    first = invoices.read()
    second = invoices.read(first.state)

    assert (first.status, second.status) == (0, 0)
    assert len(first.issues(kind="not_found")) == 4
    assert len(emitted(first)) == 8
    assert invoices.read_invoices() == []


def test_none_known_at_all_looks_like_a_wrong_address(invoices: Invoices) -> None:
    for number in all_numbers(invoices):
        invoices.upstream.answer(number_path(number), appzen_error(404))

    first = invoices.read()
    again = invoices.read(first.state)

    assert (first.status, again.status) == (1, 1)
    assert "none of the purchase order numbers (12) was found" in first.errors[0]
    assert len(invoices.read_invoices()) == 12
    # However long nothing was processed before the first one.
    assert invoices.read(start_date=text_of(ago(days=300))).status == 1


def test_the_first_issue_ends_a_strict_run(invoices: Invoices) -> None:
    break_invoice(invoices, "0-1", appzen_error(404))

    run = invoices.read(strict=True)

    assert run.status == 1
    assert emitted(run) == ["PO-0-0"]


def test_trying_the_connection_says_that_the_search_does_not_work(
    invoices: Invoices,
) -> None:
    invoices.upstream.answer(SEARCH_PATH, appzen_error(500))

    run = run_tap(config(invoices.upstream), "--test")

    assert run.status == 1
    assert "AppZen does not work: invoice/search" in run.log
