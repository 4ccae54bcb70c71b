"""Customers as Partner Center shows them.

Shapes: *Get a list of customers* (list form, no billing profile) and *Get a customer
by ID*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tap_purchase_orders.sandbox.seeded_random import Draws
    from tap_purchase_orders.sandbox.world import World

_FIRST = (
    *("Amber", "Birch", "Cobalt", "Delta", "Ember", "Fjord", "Granite", "Harbour"),
    *("Ibérica", "Juniper", "Küsten", "Lumen", "Maple", "Northern", "O'Hara", "Pine"),
)
_SECOND = (
    *("Bakery", "Clinics", "Dairy", "Energy", "Foods", "Glass & Co", "Hotels"),
    *("Insurance", "Logistics", "Mills", "Networks", "Optics", "Paper", "Schools"),
)
_PEOPLE = ("Ana Silva", "Bo Larsen", "Chidi Obi", "Dana Novak", "Eun-ji Han", "Zoë Roy")
_PLACES = (
    ("US", "WA", "Redmond", "98052"),
    ("US", "NY", "Albany", "12207"),
    ("DE", "BY", "München", "80331"),
    ("FR", "IDF", "Paris", "75002"),
    ("GB", "ENG", "Leeds", "LS1 4AP"),
)


def link(uri: str, method: str = "GET") -> dict[str, Any]:
    """Return a link as every resource has them: relative, and without `/v1`."""
    return {"uri": uri, "method": method, "headers": []}


def company_name(world: World, index: int) -> str:
    """Return the name of a customer; no two are alike."""
    draws = world.draws("company", index)
    return f"{draws.choose(_FIRST)} {draws.choose(_SECOND)} {index + 1}"


def listed_customer(world: World, index: int) -> dict[str, Any]:
    """Return a customer as the list has it."""
    customer_id = world.customer_id(index)
    draws = world.draws("customer", index)
    reseller = world.has_relationship(index)
    customer: dict[str, Any] = {
        "id": customer_id,
        "companyProfile": _company_profile(world, index, customer_id),
        "relationshipToPartner": "reseller" if reseller else "none",
    }
    if draws.chance(0.2):
        customer["associatedPartnerId"] = draws.guid()
    customer["links"] = {"self": link(f"/customers/{customer_id}")}
    customer["attributes"] = {"objectType": "Customer"}
    return customer


def whole_customer(world: World, index: int) -> dict[str, Any]:
    """Return a customer as it is read by its id."""
    draws = world.draws("profile", index)
    customer = listed_customer(world, index)
    links, attributes = customer.pop("links"), customer.pop("attributes")
    profile = customer["companyProfile"]
    country, region, city, postal_code = draws.choose(_PLACES)
    email = f"orders@{profile['domain']}"
    address = {
        "country": country,
        "city": city,
        "addressLine1": f"{draws.between(1, 400)} Station Road",
        "postalCode": postal_code,
        "phoneNumber": f"555{draws.between(1000000, 9999999)}",
    }
    profile["address"] = {**address, "region": region}
    profile["email"] = email
    return {
        **customer,
        "commerceId": draws.guid(),
        "billingProfile": _billing_profile(draws, customer["id"], email, address)
        | {"companyName": profile["companyName"]},
        "allowDelegatedAccess": draws.chance(0.7),
        "customDomains": [profile["domain"]],
        "links": links,
        "attributes": attributes,
    }


def _company_profile(world: World, index: int, customer_id: str) -> dict[str, Any]:
    return {
        "tenantId": customer_id,
        "domain": f"customer{index + 1}.onmicrosoft.example",
        "companyName": company_name(world, index),
        "links": {"self": link(f"/customers/{customer_id}/profiles/company")},
        "attributes": {"objectType": "CustomerCompanyProfile"},
    }


def _billing_profile(
    draws: Draws, customer_id: str, email: str, address: dict[str, Any]
) -> dict[str, Any]:
    first_name, last_name = draws.choose(_PEOPLE).split(" ", 1)
    person = {"firstName": first_name, "lastName": last_name}
    return {
        "id": draws.guid(),
        **person,
        "email": email,
        "culture": "en-US",
        "language": "en",
        "defaultAddress": {**address, **person},
        "links": {"self": link(f"/customers/{customer_id}/profiles/billing")},
        "attributes": {
            "etag": str(-draws.between(10**17, 10**18)),
            "objectType": "CustomerBillingProfile",
        },
    }
