"""Runs every loader and writes what it keeps into docs/loaders.md."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.loaders.catalogue import LOADERS, POSTGRES, Loader
from benchmarks.loaders.compare import Kept, compared
from benchmarks.loaders.places import Places, environment_of, running_store
from benchmarks.loaders.stored import rows_of
from benchmarks.loaders.types import HEADINGS, types_of_loaders
from benchmarks.loaders.world import Messages, two_runs
from demo.warehouse import running_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PAGE = Path(__file__).parents[2] / "docs" / "loaders.md"
_SECONDS = 300
_LOADED = (
    *("Loader", "Version", "Rows after two runs", "Numbers", "Numbers within objects"),
    *("Instants", "Text"),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the loaders; return the exit status."""
    parser = argparse.ArgumentParser(prog="make loaders", description=__doc__)
    parser.add_argument("--only", help="those whose title has this; prints the rows")
    options = parser.parse_args(arguments)
    chosen = [each for each in LOADERS if (options.only or "") in each.title]
    plain, mapped = two_runs()
    rows = []
    for loader, outcome in zip(chosen, _outcomes(chosen, plain, mapped), strict=True):
        rows.append(row_of(loader, outcome))
        print(" | ".join(rows[-1]), file=sys.stderr, flush=True)
    if not options.only:
        _write("loaded", _table(_LOADED, rows))
        _write("types", _table(HEADINGS, types_of_loaders(plain.schemas())))
    return 0


def _write(name: str, table: str) -> None:
    """Put a table into the page, in the place of the one before."""
    before = _PAGE.read_text(encoding="utf-8")
    begin, rest = before.split(f"<!-- measured: {name} -->\n", 1)
    _, end = rest.split("<!-- end -->", 1)
    after = f"{begin}<!-- measured: {name} -->\n\n{table}\n\n<!-- end -->{end}"
    _PAGE.write_text(after, encoding="utf-8")


def _outcomes(
    loaders: Sequence[Loader], plain: Messages, mapped: Messages
) -> Iterator[Kept | str]:
    """Yield what each loader keeps, or the last line that it ended with."""
    with (
        tempfile.TemporaryDirectory(prefix="loaders-") as folder,
        running_store() as (store, endpoint),
        running_warehouse(timezone="Europe/Berlin") as warehouse,
    ):
        for number, loader in enumerate(loaders):
            own = Path(folder, str(number))
            own.mkdir()
            schema = f"loader_{number}"
            settings = warehouse.loader_settings
            places = Places(own, schema, endpoint, store, settings)
            messages = mapped if loader.is_mapped else plain
            environment = environment_of(loader.packages)
            said = _load(loader, environment, places, messages)
            if said:
                yield said
                continue
            rows = rows_of(loader.stored, places, environment)
            # A row that comes again is another one where nothing is replaced.
            yield compared(messages.schemas(), messages.latest(), rows)


def _load(loader: Loader, environment: Path, places: Places, messages: Messages) -> str:
    """Load both runs; return the last line of a failure, nothing without one."""
    config = places.filled(loader.config)
    if loader.stored == POSTGRES:
        config |= {**places.postgres, "port": int(places.postgres["port"])}
        config[loader.database] = config.pop("database")
    with tempfile.TemporaryDirectory(prefix="loader-") as folder:
        path = Path(folder, "config.json")
        path.write_text(json.dumps(config), encoding="utf-8")
        for output in messages.outputs:
            done = subprocess.run(  # noqa: S603
                [environment / "bin" / loader.program, "--config", path],
                input=output,
                capture_output=True,
                cwd=folder,
                env={"PATH": os.environ["PATH"], "HOME": folder, **loader.environment},
                timeout=_SECONDS,
                check=False,
            )
            if done.returncode:
                lines = done.stderr.decode(errors="replace").strip().splitlines()
                return lines[-1] if lines else f"exit status {done.returncode}"
    return ""


def row_of(loader: Loader, outcome: Kept | str) -> tuple[str, ...]:
    """Return the cells of a loader's row."""
    version = ", ".join(package.rpartition("==")[2] for package in loader.packages[:1])
    if isinstance(outcome, str):
        return (loader.title, version, f"ends with `{outcome[:120]}`", "", "", "", "")
    rows = f"{outcome.rows:,} for {outcome.expected:,} keys"
    if outcome.missing:
        rows += f", **{outcome.missing:,} keys missing**"
    text = [_words(outcome, kind, ("kept",)) for kind in ("blank texts", "line ends")]
    return (
        loader.title,
        version,
        rows,
        *(
            _words(outcome, kind, ("every digit",))
            for kind in ("numbers", "within objects")
        ),
        _words(outcome, "instants", ("every digit", "cut to microseconds")),
        f"blank: {text[0]}; line ends: {text[1]}",
    )


def _words(outcome: Kept, kind: str, good: Sequence[str]) -> str:
    """Return what became of the values of a kind, the most frequent first."""
    counted = outcome.values[kind].most_common()
    if not counted:
        return "none"
    total = sum(count for _, count in counted)
    if len(counted) == 1:
        return counted[0][0]
    words = []
    for became, count in counted:
        example = "" if became in good else f" ({outcome.examples[kind, became]})"
        words.append(f"{count:,} of {total:,} {became}{example}")
    return ", ".join(words)


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rules = ["---"] * len(headings)
    return "\n".join(f"| {' | '.join(row)} |" for row in (headings, rules, *rows))


if __name__ == "__main__":
    sys.exit(main())
