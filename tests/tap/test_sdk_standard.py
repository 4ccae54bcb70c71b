"""The standard tests of the Singer SDK, against the local upstream."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import SuiteConfig, get_tap_test_class

from tap_purchase_orders.tap import TapPurchaseOrders
from tests.tap.payload_files import PayloadFile
from tests.tap.upstream import Upstream, json_reply
from tests.tap.worlds import (
    appzen,
    collection,
    customer,
    number_path,
    order,
    orders_path,
    partner_center,
    selection,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN = Path(__file__).resolve().parents[1] / "payloads"
# The classes of tests are made before any server runs: it is told them below.
UPSTREAM = Upstream()
UPSTREAM.url = "http://127.0.0.1:1"
CONFIG: dict[str, Any] = {
    "partner_center": partner_center(UPSTREAM),
    "appzen": appzen(UPSTREAM, ["A", "B"]),
}
# A stream that is run by itself asks for nothing but its own: there are no issues.
SUITE = SuiteConfig(ignore_no_records_for_streams=["extraction_issues"])


def everything() -> dict[str, Any]:
    """Return a catalog with all streams selected; the SDK runs them all anyway."""
    catalog: dict[str, Any] = TapPurchaseOrders(config=CONFIG).catalog_dict
    return selection(catalog, *(entry["stream"] for entry in catalog["streams"]))


_Standard: Any = get_tap_test_class(
    TapPurchaseOrders,
    config=CONFIG,
    suite_config=SUITE,
    parse_env_config=False,
    catalog=everything(),
)


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with UPSTREAM:
        for section in CONFIG.values():
            section["api_url"] = UPSTREAM.url
        upload = f"{orders_path('c1')}/upload"
        link = {"uri": f"{upload.removeprefix('/v1')}/provisioningstatus"}
        uploaded = order(
            "upload",
            "c1",
            status="pending_po_upload",
            links={"provisioningStatus": {**link, "method": "GET"}},
        )
        documented = PayloadFile(OWN / "partner_center/orders--of-a-customer.json", "")
        listed = json_reply(collection([customer("c1")]))
        UPSTREAM.answer("/v1/customers", listed)
        orders = json_reply(collection([uploaded, *documented.orders()]))
        UPSTREAM.answer(orders_path("c1"), orders)
        for path, file in (
            (f"{upload}/attachments", "partner_center/attachments.json"),
            (f"{upload}/provisioningstatus", "partner_center/provisioning-status.json"),
            (number_path("A"), "appzen/purchase-order--full.json"),
            (number_path("B"), "appzen/purchase-order--minimal.json"),
        ):
            UPSTREAM.answer(path, PayloadFile(OWN / file, "").reply)
        yield


@pytest.mark.filterwarnings("ignore:No records were available to test:UserWarning")
class TestStandard(_Standard):  # type: ignore[misc]  # made at run time
    """What the SDK expects of every tap."""
