"""Pictures of the demo's report: `python -m demo.picture`, after `make demo`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from playwright.sync_api import Error

from demo.browser import open_report, running_browser, viewport

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_PROJECT = Path(__file__).parents[1]
_REPORT = _PROJECT / ".demo" / "report.html"
_FOLDER = _PROJECT / "docs" / "pictures"


class Picture(NamedTuple):
    """A part of the page, from its top or from a section on.

    Attributes:
        name: Of the file, without its suffix.
        width: In CSS pixels.
        height: The same.
        scheme: How the reader has it.
        section: Id of the section; empty for the top.
    """

    name: str
    width: int
    height: int
    scheme: Literal["light", "dark"]
    section: str = ""


_PICTURES = (
    Picture("report", 1200, 1270, "light"),
    Picture("report-dark", 1200, 1130, "dark", "commitments"),
    Picture("report-phone", 360, 780, "light"),
)


def main() -> int:
    """Take the pictures; return the exit status."""
    if not _REPORT.is_file():
        print("There is no .demo/report.html: run `make demo` first.", file=sys.stderr)
        return 1
    _FOLDER.mkdir(exist_ok=True)
    try:
        with running_browser() as browser:
            for picture in _PICTURES:
                print(_take(browser, picture).relative_to(_PROJECT))
    except Error as error:
        print(f"The pictures were not taken: {error.message}", file=sys.stderr)
        return 1
    return 0


def _take(browser: Browser, picture: Picture) -> Path:
    path = _FOLDER / f"{picture.name}.png"
    page = browser.new_page(
        viewport=viewport(picture.width, picture.height),
        color_scheme=picture.scheme,
        reduced_motion="reduce",
    )
    open_report(page, _REPORT)
    if picture.section:
        page.locator(f"#{picture.section}").evaluate("each => each.scrollIntoView()")
    page.screenshot(path=path)
    page.close()
    return path


if __name__ == "__main__":
    sys.exit(main())
