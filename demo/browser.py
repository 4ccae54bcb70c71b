"""Chromium, without a window, for pages that need no network."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, ViewportSize

# Debian's; the one that the driver would fetch by itself is not what users have.
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
_SECONDS_TO_START = 60
_OPTIONS = (
    # It refuses to be root with its sandbox on; what it reads here is our own.
    "--no-sandbox",
    "--disable-gpu",
    # Or it asks for hosts of its maker's by itself.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def running_browser() -> Iterator[Browser]:
    """Start the browser; end it with all its tabs.

    Raises:
        playwright.sync_api.Error: It is not there, or does not start.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=list(_OPTIONS),
            timeout=1000 * _SECONDS_TO_START,
        )
        yield browser
        browser.close()


def open_report(page: Page, path: Path) -> None:
    """Open a report, and wait until its charts are drawn."""
    page.goto(path.resolve().as_uri())
    page.wait_for_selector("html[data-charts=drawn]", state="attached")


def viewport(width: int, height: int = 800) -> ViewportSize:
    """Return the size of a window, in CSS pixels."""
    return {"width": width, "height": height}
