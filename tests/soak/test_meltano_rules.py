"""The catalog that is made without Meltano, held against the one that Meltano makes."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from demo.pipeline import pipeline_in
from demo.variables import TAP

from .direct import discovered
from .loaders import is_installed
from .meltano_rules import KeptStates, catalog_for, metadata_rules, select_patterns
from .plan import ATTACHMENTS, USUAL
from .through_meltano import MELTANO, PROJECT

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = {
    "partner_center": {"auth": {"method": "bearer_token", "token": "none"}},
    "appzen": {
        "auth": {
            "method": "api_key",
            "api_key": "none",
            "customer_id": "none",
            "customer_key": "none",
        },
        "purchase_order_numbers": {"source": "list", "numbers": ["1"]},
    },
}


def rules_in(catalog: dict[str, Any]) -> dict[str, Any]:
    """Return what a catalog says of streams and their columns."""
    return {
        entry["tap_stream_id"]: (
            entry.get("replication_method"),
            {
                tuple(part["breadcrumb"]): part["metadata"]
                for part in entry["metadata"]
                # Meltano adds parts for what is within columns.
                if len(part["breadcrumb"]) <= 2
            },
        )
        for entry in catalog["streams"]
    }


def test_the_catalog_is_the_one_that_meltano_makes(tmp_path: Path) -> None:
    if not is_installed():
        pytest.skip("no plugins of Meltano here: `make soak` installs them")
    streams = USUAL - {"order_line_items"} | {ATTACHMENTS}
    pipeline = pipeline_in(tmp_path, SETTINGS, {}, {})
    environment = {
        **pipeline.environment,
        f"{TAP}__SELECT": json.dumps(select_patterns(streams)),
        f"{TAP}__METADATA": json.dumps(metadata_rules(full_table=True)),
    }
    command: list[str | Path] = [
        MELTANO,
        f"--env-file={os.devnull}",
        "invoke",
        "--no-install",
    ]
    finished = subprocess.run(
        [*command, "--dump=catalog", "tap-purchase-orders"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr.decode()
    own = discovered(tmp_path, SETTINGS, dict(os.environ))

    made = catalog_for(own, streams, full_table=True)

    assert rules_in(made) == rules_in(json.loads(finished.stdout))


def test_the_last_state_is_kept_and_an_empty_one_is_passed_over() -> None:
    states = KeptStates()

    assert states.get("hourly") is None
    assert states.take("hourly", b'{"bookmarks": {"orders": {}}}\n')
    assert not states.take("hourly", b"{}\n")
    assert not states.take("hourly", b"what is no state\n")
    assert states.get("hourly") == {"bookmarks": {"orders": {}}}
    assert states.get("weekly") is None
