from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_purchase_orders.auth.registry import auth_method
from tests.unit.configs import appzen, load, mistakes, partner_center
from tests.unit.source_contexts import items_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.json_values import Json


def only_mistake(config: Json) -> str:
    (line,) = mistakes(config)
    return line


@pytest.fixture
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package that adds a method and a source."""
    (tmp_path / "added_by_a_plug_in.py").write_text(
        "from requests.auth import HTTPBasicAuth\n"
        "def sign_in(section):\n"
        "    return HTTPBasicAuth(section['user'], section['password'])\n"
        "def numbers(section):\n"
        "    return iter([section['first'], 'PO-2'])\n"
        "broken = 5\n"
    )
    info = tmp_path / "added-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: added\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[tap_purchase_orders.auth]\n"
        "basic = added_by_a_plug_in:sign_in\n"
        "missing = added_by_a_plug_in:nothing\n"
        "broken = added_by_a_plug_in:broken\n"
        "[tap_purchase_orders.number_sources]\n"
        "our_erp = added_by_a_plug_in:numbers\n"
    )
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("plug_in")
def test_a_plug_in_adds_a_method_that_checks_its_own_keys() -> None:
    section = {"method": "basic", "user": "u", "password": "p"}
    settings = load(partner_center(auth=section))

    assert settings.partner_center is not None
    auth = auth_method("partner_center", settings.partner_center.auth)(section)
    assert (auth.username, auth.password) == ("u", "p")  # type: ignore[attr-defined]


@pytest.mark.usefixtures("plug_in")
def test_a_plug_in_adds_a_source_that_checks_its_own_keys() -> None:
    section = {"source": "our_erp", "first": "PO-1"}
    settings = load(appzen(purchase_order_numbers=section))

    assert settings.appzen is not None
    numbers = settings.appzen.purchase_order_numbers
    assert items_of(numbers) == ["PO-1", "PO-2"]


@pytest.mark.usefixtures("plug_in")
@pytest.mark.parametrize("method", ["missing", "broken"])
def test_a_plug_in_that_cannot_be_used_is_a_mistake_of_the_setting(method: str) -> None:
    line = only_mistake(partner_center(auth={"method": method}))

    assert "`partner_center.auth.method`" in line


@pytest.mark.usefixtures("plug_in")
def test_the_methods_of_plug_ins_are_among_the_choices() -> None:
    assert "basic" in only_mistake(partner_center(auth={"method": "magic"}))
    assert "our_erp" in only_mistake(
        appzen(purchase_order_numbers={"source": "magic", "numbers": []})
    )


def test_the_choices_are_methods_of_the_upstream_and_not_of_the_other() -> None:
    line = only_mistake(partner_center(auth={"method": "x"}))

    assert "client_secret" in line
    assert "api_key" not in line
