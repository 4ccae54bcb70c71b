"""The dashboard for Superset: the script that writes it, and its files."""

from __future__ import annotations

from typing import Any

import yaml

from tests.pipeline.dbt_build import TRANSFORM

EXPORT = TRANSFORM / "superset" / "export.py"
FOLDER = TRANSFORM / "superset" / "purchase_orders"


def _parts(kind: str) -> dict[str, dict[str, Any]]:
    """Return the files of a kind, by their ids."""
    found = [
        yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in sorted((FOLDER / kind).rglob("*.yaml"))
    ]
    return {each["uuid"]: each for each in found}


DATASETS = _parts("datasets")
CHARTS = _parts("charts")
(DATABASE,) = _parts("databases").values()
(DASHBOARD,) = _parts("dashboards").values()
