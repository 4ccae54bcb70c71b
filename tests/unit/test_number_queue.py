from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_purchase_orders.errors import SourceError
from tap_purchase_orders.incremental.state import State
from tests.unit.configs import appzen
from tests.unit.number_queues import number_queue, source_reader

if TYPE_CHECKING:
    from pathlib import Path

PLUG_IN = """
from tap_purchase_orders.number_sources.source import NumberSource

def given(section):
    return iter(section["items"])

def broken(section):
    yield "PO-1"
    raise KeyError("the ERP's own error\\nand more of it")

def _no_identity(section):
    raise OSError("the share is away")

no_identity = NumberSource(
    lambda section, _: iter(["PO-1"]),
    identity=_no_identity,
    follows_changes=lambda _: True,
)
"""


@pytest.fixture(autouse=True)
def plug_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package whose sources give anything."""
    (tmp_path / "our_sources.py").write_text(PLUG_IN)
    info = tmp_path / "our_sources-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: ours\nVersion: 1.0\n")
    names = ("given", "broken", "no_identity")
    lines = ["[tap_purchase_orders.number_sources]"]
    lines += [f"{name} = our_sources:{name}" for name in names]
    (info / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)


def queue(source: str, **keys: Any) -> list[Any]:
    config = appzen(purchase_order_numbers={"source": source, **keys})
    return [queued.item for queued in number_queue(config, State({})).queue()]


def test_duplicates_of_a_source_come_once() -> None:
    assert queue("given", items=["B", "A", "B", "A", "C"]) == ["B", "A", "C"]


@pytest.mark.parametrize("item", [7, None, b"PO-1", ["PO-1"]])
def test_what_is_no_text_is_refused_with_its_type(item: Any) -> None:
    with pytest.raises(SourceError, match=f"{type(item).__name__}, not text"):
        queue("given", items=["PO-1", item])


def test_an_error_of_a_source_is_one_line() -> None:
    with pytest.raises(SourceError, match="the ERP's own error") as caught:
        queue("broken")

    assert "\n" not in str(caught.value)


def test_an_error_in_the_identity_is_raised_when_the_source_is_read() -> None:
    """Only lists of changes have to be told apart."""
    with pytest.raises(SourceError, match="OSError: the share is away"):
        queue("no_identity")
    # The test of the connection needs no identity.
    config = appzen(purchase_order_numbers={"source": "no_identity"})
    assert source_reader(config).first_number() == "PO-1"
