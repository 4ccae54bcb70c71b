"""The ready document: how to reach the sandbox."""

from __future__ import annotations

import itertools
import json
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tap_purchase_orders.sandbox.control import BASE_PATH
from tap_purchase_orders.sandbox.instants import utc_text
from tap_purchase_orders.sandbox.private_files import write_private
from tap_purchase_orders.sandbox.purchase_order_numbers import all_numbers
from tap_purchase_orders.sandbox.sign_in_settings import sign_in_settings

if TYPE_CHECKING:
    from pathlib import Path

    from tap_purchase_orders.sandbox.context import State
    from tap_purchase_orders.sandbox.world import World

# More numbers than this go into a file beside the settings instead of into them.
_LISTED_NUMBERS = 10_000


def make_document(state: State, auth: str, directory: Path) -> dict[str, Any]:
    """Return what is printed, and write the files that it names.

    Args:
        state: The running sandbox.
        auth: How the settings sign in to Partner Center.
        directory: Where the files go; the authority's certificate is there already.
    """
    base_url, credentials = state.base_url, state.credentials
    refresh_token = state.sign_in.refresh_tokens.issue()
    sign_ins = sign_in_settings(state, refresh_token, directory)
    common = {"REQUESTS_CA_BUNDLE": str(directory / "ca.pem")}
    # The public one goes without saying.
    cloud = {} if state.cloud == "public" else {"cloud": state.cloud}
    settings = {
        "partner_center": {**cloud, "api_url": base_url, "auth": sign_ins[auth].auth},
        "appzen": {
            "api_url": base_url,
            "auth": {
                "method": "api_key",
                "api_key": credentials.api_key,
                "customer_id": credentials.customer_id,
                "customer_key": credentials.customer_key,
            },
            "purchase_order_numbers": _number_source(state.world, directory),
        },
    }
    config_file = directory / "config.json"
    write_private(config_file, json.dumps(settings, indent=2, ensure_ascii=False))
    return {
        "settings": settings,
        "environment": common | sign_ins[auth].environment,
        "config_file": str(config_file),
        "control_url": f"{base_url}/{BASE_PATH}",
        "authority": base_url,
        "sign_ins": {
            name: asdict(sign_in) | {"environment": common | sign_in.environment}
            for name, sign_in in sign_ins.items()
        },
        "refresh_token": refresh_token,
        "epoch": utc_text(state.world.epoch),
        "customers": state.world.customers,
        "purchase_orders": state.world.purchase_orders,
    }


def introduction(document: dict[str, Any], stop: str) -> list[str]:
    """Return the same for people: three lines to read, to paste, and to stop it.

    Args:
        document: What `make_document` returned.
        stop: How the sandbox is stopped.
    """
    environment = document["environment"]
    variables = [f"{name}={shlex.quote(value)}" for name, value in environment.items()]
    config = shlex.quote(document["config_file"])
    customers, orders = document["customers"], document["purchase_orders"]
    world = f"{customers} customers, {orders} purchase orders"
    return [
        f"Sandbox ready: {document['authority']} ({world}, epoch {document['epoch']})",
        f"Read it: {' '.join(variables)} tap-purchase-orders --config {config}",
        f"Stop it: {stop}",
    ]


def _number_source(world: World, directory: Path) -> dict[str, Any]:
    numbers = all_numbers(world)
    listed = list(itertools.islice(numbers, _LISTED_NUMBERS + 1))
    if len(listed) <= _LISTED_NUMBERS:
        return {"source": "list", "numbers": listed}
    path = directory / "purchase-order-numbers.txt"
    write_private(path, "")
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{number}\n" for number in itertools.chain(listed, numbers))
    return {"source": "file", "path": str(path)}
