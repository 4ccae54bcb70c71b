"""The products that customers of the sandbox buy: one for each shape of an order.

The kinds and most names are those of the samples in the Partner Center documents:
legacy licences, add-ons and Azure (GUID orders), modern reservations, software and
marketplace subscriptions (33-character orders), and new commerce (12-digit orders).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Era = Literal["legacy", "modern", "new_commerce"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of order.

    Attributes:
        name: The kind.
        era: Decides identifiers, form of dates and which members are there.
        offers: Offer identifier and friendly name.
        billing_cycles: The billing cycles in which it is sold.
        terms: The terms in which it is sold; empty text: a member without value.
        has_subscription: Whether provisioning makes a subscription for each line.
        takes_purchase_order: Whether the partner may have to upload one.
    """

    name: str
    era: Era
    offers: tuple[tuple[str, str], ...]
    billing_cycles: tuple[str, ...]
    terms: tuple[str, ...] = ()
    has_subscription: bool = False
    takes_purchase_order: bool = False


LEGACY_LICENCE = Kind(
    "legacy_licence",
    "legacy",
    (
        ("E59159FC-6F67-4599-B3CB-17FF4020F643", "Azure Active Directory Premium P2"),
        ("195416C1-3447-423A-B37B-EE59A99A19C4", "Exchange Online (Plan 1)"),
        ("C0BD2E08-11AC-4836-BDC7-3712E744922F", "Office 365 Business Premium"),
        ("2828BE95-46BA-4F91-B2FD-0BEF192ECF60", "Exchange Online Archiving"),
    ),
    ("monthly", "annual", "none"),
    has_subscription=True,
)
LEGACY_AZURE = Kind(
    "legacy_azure",
    "legacy",
    (("MS-AZR-0145P", "Microsoft Azure"),),
    ("monthly",),
    has_subscription=True,
)
RESERVATION = Kind(
    "reservation",
    "modern",
    (
        (
            "DZH318Z0BQ4B:000Z:DZH318Z0DSPL",
            "Reserved_VM_Instance_Standard_D1_AP_East_1_Year",
        ),
        (
            "DZH318Z0BQ4Z:002P:DZH318Z0CL2D",
            "Reserved_VM_Instance_Standard_NC12_AU_East_3_Years",
        ),
        (
            "DZH318Z0BQ36:004G:DZH318Z08C0S",
            "Reserved VM Instance, Standard_NV12, US East 2, 1 Year",
        ),
    ),
    ("one_time",),
    ("P1Y", "P3Y"),
)
PERPETUAL_SOFTWARE = Kind(
    "perpetual_software",
    "modern",
    (
        ("DG7GMGF0DWM3:0002:DG7GMGF0DT1M", "BizTalk Server 2016 Branch"),
        ("DG7GMGF0DVT7:000C:DG7GMGF0FVZM", "Windows Server CAL - 1 Device CAL"),
    ),
    ("one_time",),
)
MARKETPLACE = Kind(
    "marketplace",
    "modern",
    (("DZH318Z0BXWC:0002:DZH318Z0BMRV", "Barracuda WaaS - Medium Plan"),),
    ("monthly",),
    ("P1M",),
    has_subscription=True,
)
LICENCE = Kind(
    "licence",
    "new_commerce",
    (
        ("CFQ7TTC0LH0Z:0001:CFQ7TTC0K18P", "AI Builder Capacity add-on"),
        ("CFQ7TTC0LF8S:0002:CFQ7TTC0VJVP", "Office 365 E3"),
        ("CFQ7TTC0LH18:0001:CFQ7TTC0PXJH", "Microsoft 365 Business Basic"),
    ),
    ("monthly", "annual", "triennial"),
    ("P1M", "P1Y", "P3Y"),
    has_subscription=True,
)
SOFTWARE = Kind(
    "software",
    "new_commerce",
    (
        ("DG7GMGF0D7FV:0001:DG7GMGF0DTDC", "Access LTSC 2021"),
        ("DG7GMGF0D7FT:0001:DG7GMGF0DTD9", "Excel LTSC 2021"),
        (
            "DG7GMGF0FKZV:0003:DG7GMGF0DWMS",
            "SQL Server Enterprise - 2 Core License Pack - 3 year",
        ),
    ),
    ("one_time", "annual"),
    ("P3Y", ""),
    takes_purchase_order=True,
)
SAVINGS_PLAN = Kind(
    "savings_plan",
    "new_commerce",
    (
        ("DZH318Z09V6F:0001:DZH318Z0BLD3", "Compute savings plan, 1 Year"),
        ("DZH318Z09V6F:0002:DZH318Z0BLD4", "Compute savings plan, 3 Years"),
    ),
    ("one_time", "monthly"),
    ("P1Y", "P3Y"),
    has_subscription=True,
    takes_purchase_order=True,
)

_UNTIL_AUTUMN_2020 = (
    (LEGACY_LICENCE, 40),
    (LEGACY_AZURE, 15),
    (RESERVATION, 20),
    (PERPETUAL_SOFTWARE, 15),
    (MARKETPLACE, 10),
)
_UNTIL_2021 = ((LEGACY_LICENCE, 70), (LEGACY_AZURE, 30))
_SINCE_2021 = ((LICENCE, 60), (SOFTWARE, 25), (SAVINGS_PLAN, 15))
UPLOADED = ((SOFTWARE, 60), (SAVINGS_PLAN, 40))


def kinds_sold_on(date: str) -> tuple[tuple[Kind, int], ...]:
    """Return the kinds that were sold on a day, each with its weight.

    Identifiers of 33 characters ended in about September 2020, those of 12 digits
    began in 2021.
    """
    if date < "2020-09-15":
        return _UNTIL_AUTUMN_2020
    return _UNTIL_2021 if date < "2021-01-01" else _SINCE_2021
