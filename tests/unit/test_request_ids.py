from __future__ import annotations

import uuid

from tap_purchase_orders.clients.partner_center_profile import PartnerCenterProfile


def test_each_request_has_a_guid_of_its_own() -> None:
    profiles = PartnerCenterProfile("a"), PartnerCenterProfile("a")
    ids = [each.headers()["MS-RequestId"] for each in profiles for _ in range(300)]

    assert len(set(ids)) == len(ids)
    assert all(str(uuid.UUID(each)) == each for each in ids)
    assert {uuid.UUID(each).version for each in ids} == {4}
