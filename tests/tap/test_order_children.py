"""Attachments and provisioning status: asked for where they can be, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.tap.payload_files import PayloadFile, differences
from tests.tap.scenes import Played, Scene, play
from tests.tap.tap import Run, catalog_of, run_tap
from tests.tap.tokens import app_only
from tests.tap.upstream import Reply, Upstream, json_reply
from tests.tap.worlds import (
    collection,
    order,
    orders_path,
    partner_center,
    partner_center_error,
    selection,
    serve_customers,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = Path(__file__).resolve().parents[1] / "payloads" / "partner_center"
ATTACHMENTS = PayloadFile(OWN / "attachments.json", "")
PROVISIONING = PayloadFile(OWN / "provisioning-status.json", "")
LONG_AGO = "2020-01-01T00:00:00Z"
STREAMS = ("orders", "order_status_changes", "extraction_issues")


def catalog(*streams: str) -> dict[str, Any]:
    config = {"partner_center": {"auth": {"method": "bearer_token", "token": "none"}}}
    return selection(catalog_of(run_tap(config, "--discover")), *streams)


@pytest.fixture(scope="module")
def with_attachments() -> dict[str, Any]:
    return catalog(*STREAMS, "order_attachments")


@pytest.fixture(scope="module")
def with_provisioning() -> dict[str, Any]:
    return catalog(*STREAMS, "order_provisioning_status")


def attachments_path(order_id: str) -> str:
    return f"{orders_path('c1')}/{order_id}/attachments"


def provisioning_path(order_id: str) -> str:
    return f"{orders_path('c1')}/{order_id}/provisioningstatus"


def linked(order_id: str, uri: str = "", **fields: Any) -> dict[str, Any]:
    link = {"uri": uri or f"/customers/c1/orders/{order_id}/provisioningstatus"}
    links = {"provisioningStatus": {**link, "method": "GET"}}
    return order(order_id, "c1", links=links, **fields)


def children_asked_for(upstream: Upstream) -> list[str]:
    """Return the last two segments of the paths below orders, and forget them."""
    paths = [asked.path.split("/") for asked in upstream.asked]
    upstream.asked.clear()
    return sorted("/".join(path[-2:]) for path in paths if len(path) > 5)


def read(upstream: Upstream, chosen: dict[str, Any], state: Any = None) -> Run:
    config = {"partner_center": partner_center(upstream)}
    return run_tap(config, catalog=chosen, state=state)


def test_attachments_follow_an_order_through_its_purchase_order_states(
    with_attachments: dict[str, Any],
) -> None:
    orders = [
        order("waits", "c1", status="pending_po_upload", creationDate=LONG_AGO),
        order("uploaded", "c1", status="po_upload_complete"),
        order("rejected", "c1", status="po_review_rejected"),
        order("empty", "c1", status="pending_po_upload"),
        order("closed", "c1", status="pending_po_upload"),
        order("ordinary", "c1", status="pending"),
    ]
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": orders})
        for order_id in ("waits", "uploaded", "rejected"):
            upstream.answer(attachments_path(order_id), ATTACHMENTS.reply)
        upstream.answer(attachments_path("empty"), json_reply(collection([])))
        closed = partner_center_error(403, 2032)
        upstream.answer(attachments_path("closed"), closed)
        first = read(upstream, with_attachments)
        asked_first = children_asked_for(upstream)
        quiet = read(upstream, with_attachments, first.state)
        asked_quiet = children_asked_for(upstream)
        orders[0]["status"] = "completed"
        serve_customers(upstream, {"c1": orders})
        left = read(upstream, with_attachments, quiet.state)
        asked_left = children_asked_for(upstream)
        after = read(upstream, with_attachments, left.state)
        asked_after = children_asked_for(upstream)

    still_open = ["closed/attachments", "empty/attachments", "uploaded/attachments"]
    assert asked_first == sorted(
        [*still_open, "rejected/attachments", "waits/attachments"]
    )
    assert asked_quiet == asked_left == [*still_open, "waits/attachments"]
    assert asked_after == still_open
    assert [run.status for run in (first, quiet, left, after)] == [0] * 4
    assert first.counts()["order_attachments"] == 9
    (issue,) = first.issues()
    assert (issue["kind"], issue["stream"]) == ("forbidden", "order_attachments")
    assert issue["record_key"] == "c1/closed"


def test_every_value_of_an_attachment_comes_through(
    with_attachments: dict[str, Any],
) -> None:
    with Upstream() as upstream:
        waits = order("waits", "c1", status="pending_po_upload")
        serve_customers(upstream, {"c1": [waits]})
        upstream.answer(attachments_path("waits"), ATTACHMENTS.reply)
        run = read(upstream, with_attachments)

    records = run.records("order_attachments")
    schema = run.schemas["order_attachments"]["schema"]
    for raw, record in zip(ATTACHMENTS.value["items"], records, strict=True):
        assert differences(raw, record, schema) == []
        assert (record["referenceCustomerId"], record["orderId"]) == ("c1", "waits")


def test_an_order_whose_attachments_failed_is_not_forgotten(
    with_attachments: dict[str, Any],
) -> None:
    upload = order("upload", "c1", status="pending_po_upload", creationDate=LONG_AGO)
    with Upstream() as upstream:
        serve_customers(upstream, {"c1": [upload, order("other", "c1")]})
        upstream.answer(attachments_path("upload"), Reply(b"", 503))
        first = read(upstream, with_attachments)
        upload["status"] = "completed"
        serve_customers(upstream, {"c1": [upload, order("other", "c1")]})
        upstream.answer(attachments_path("upload"), ATTACHMENTS.reply)
        second = read(upstream, with_attachments, first.state)

    assert first.status == 1
    assert [issue["kind"] for issue in first.issues()] == ["unavailable"]
    assert len(second.records("order_attachments")) == 3
    changes = [
        *first.records("order_status_changes"),
        *second.records("order_status_changes"),
    ]
    told = {c["sequence"]: c["status"] for c in changes if c["orderId"] == "upload"}
    assert told == {1: "pending_po_upload", 107: "completed"}


def test_provisioning_is_asked_for_where_an_order_links_to_it_and_nowhere_else(
    with_provisioning: dict[str, Any],
) -> None:
    with Upstream() as elsewhere, Upstream() as upstream:
        activation = "/customers/c1/orders/odd/lineitems/0/activationlinks"
        orders = [
            linked("linked"),
            order("plain", "c1"),
            linked("missing"),
            linked("odd", activation),
            linked("away", f"{elsewhere.url}/v1/customers"),
        ]
        serve_customers(upstream, {"c1": orders})
        upstream.answer(provisioning_path("linked"), PROVISIONING.reply)
        missing = partner_center_error(404, 800007)
        upstream.answer(provisioning_path("missing"), missing)
        run = read(upstream, with_provisioning)

        assert elsewhere.asked == []
        asked = children_asked_for(upstream)
    records = run.records("order_provisioning_status")
    schema = run.schemas["order_provisioning_status"]["schema"]

    assert not [path for path in asked if "activationlinks" in path]
    assert "plain/provisioningstatus" not in asked
    for raw, record in zip(PROVISIONING.value["items"], records, strict=True):
        assert differences(raw, record, schema) == []
        assert (record["referenceCustomerId"], record["orderId"]) == ("c1", "linked")
    (issue,) = run.issues(record_key="c1/missing")
    assert (issue["kind"], issue["stream"]) == (
        "not_found",
        "order_provisioning_status",
    )


def refused(code: int) -> Scene:
    def scene(upstream: Upstream) -> Mapping[str, Any]:
        keys = [f"o{number}" for number in range(9)]
        serve_customers(upstream, {"c1": [linked(key) for key in keys]})
        for key in keys:
            refusal = partner_center_error(403, code)
            upstream.answer(provisioning_path(key), refusal)
        section = partner_center(upstream, max_concurrency=1)
        chosen = catalog(*STREAMS, "order_provisioning_status")
        return {"config": {"partner_center": section}, "catalog": chosen}

    return scene


def with_an_app_only_method(upstream: Upstream) -> Mapping[str, Any]:
    auth = app_only(upstream, authority="https://127.0.0.1:1")
    section = partner_center(upstream, auth=auth)
    chosen = catalog(*STREAMS, "order_provisioning_status")
    return {"config": {"partner_center": section}, "catalog": chosen}


not_for_applications = refused(900329)
role_is_missing = refused(900308)


@pytest.fixture(scope="module")
def played() -> dict[Scene, Played]:
    return play(not_for_applications, role_is_missing, with_an_app_only_method)


def test_a_user_without_access_to_provisioning_loses_that_stream_only(
    played: dict[Scene, Played],
) -> None:
    scene = played[not_for_applications]
    asked = [path for path in scene.paths() if "provisioningstatus" in path]

    assert scene.run.status == 0
    assert len(scene.run.records("orders")) == 9
    (issue,) = scene.run.issues()
    assert (issue["kind"], issue["error_code"]) == ("forbidden", "900329")
    assert len(asked) == 1


def test_a_missing_role_ends_the_run(played: dict[Scene, Played]) -> None:
    run = played[role_is_missing].run

    assert run.status == 1
    assert any("900308" in line for line in run.errors)


def test_an_app_only_method_and_provisioning_are_a_mistake_in_the_settings(
    played: dict[Scene, Played],
) -> None:
    scene = played[with_an_app_only_method]

    assert scene.run.status == 1
    assert scene.asked == []
    assert len(scene.run.errors) == 1
    assert "order_provisioning_status" in scene.run.errors[0]
    assert "partner_center.auth.method" in scene.run.errors[0]
