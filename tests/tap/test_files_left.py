"""What a run leaves on the disk of its machine: nothing."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

from tests.tap.tap import COMMAND
from tests.tap.upstream import Upstream, json_reply
from tests.tap.worlds import appzen, number_path, order, partner_center, purchase_order
from tests.tap.worlds import serve_customers as serve

if TYPE_CHECKING:
    from pathlib import Path


def test_a_run_leaves_no_file_behind_and_its_settings_as_they_were(
    tmp_path: Path,
) -> None:
    with Upstream() as upstream:
        serve(upstream, {"c1": [order("o1", "c1")]})
        upstream.answer(number_path("A"), json_reply(purchase_order("A")))
        config = tmp_path / "config.json"
        config.write_text(
            json.dumps(
                {
                    "partner_center": partner_center(upstream),
                    "appzen": appzen(upstream, ["A"]),
                }
            )
        )
        before = config.read_bytes()
        done = subprocess.run(
            [COMMAND, "--config", config],
            capture_output=True,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "TMPDIR": str(tmp_path),
            },
            timeout=60,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == [config.name]
    assert config.read_bytes() == before
