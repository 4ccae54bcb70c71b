"""The report in Chromium: it draws, it fits, it prints, and it asks for nothing."""

from __future__ import annotations

import csv
import io
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from demo.browser import CHROMIUM, open_report, running_browser, viewport
from tests.pipeline.loaded_world import SCHEMA, loaded_world
from tests.pipeline.report_page import NOTHING, Page, write_report

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser
    from playwright.sync_api import Page as Tab

PHONE, DESK = 360, 1200
# The widths at which no table may hide a column.
WIDTHS = (390, 1280, 1920)
# What a chart draws its figures as.
_MARKS = ".barlayer path, .scatterlayer path.js-fill"
# Where the drawing, the room for it and each label begin, and how wide they are.
_SPANS = """
plot => [plot.querySelector('.main-svg'), plot,
         ...plot.querySelectorAll('.xtick text, .ytick text')]
  .map(each => each.getBoundingClientRect())
  .filter(box => box.width)
  .map(box => [box.left, box.width])
"""
_TABLES = """
() => Object.fromEntries([...document.querySelectorAll('table')].map(table =>
  [table.id, [...table.rows].map(row =>
    [...row.cells].map(cell => cell.textContent.trim().replace(/\\s+/g, ' ')))]))
"""


@dataclass
class Seen:
    """A page in a tab, and what the tab had to say about it."""

    tab: Tab
    troubles: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def value(self, script: str) -> Any:
        """Return what a script gives."""
        return self.tab.evaluate(script)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    # In CI it has to be there.
    if not CHROMIUM.is_file() and "CI" not in os.environ:
        pytest.skip(f"no {CHROMIUM} here: `make chromium` installs it")
    with running_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def path(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    world = loaded_world(request.config)
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report(world.postgres, SCHEMA, path)
    return path


def opened(browser: Browser, path: Path, **options: Any) -> Seen:
    """Open a page in a tab of its own, until its charts are drawn."""
    tab = browser.new_page(**options)
    # A busy machine is slower than the 30 seconds that are usual.
    tab.set_default_timeout(_LONGEST_MILLISECONDS)
    seen = Seen(tab)
    tab.on("console", lambda message: seen.troubles.append(message.text))
    tab.on("pageerror", lambda error: seen.troubles.append(str(error)))
    tab.on("dialog", lambda dialog: seen.troubles.append(dialog.message))
    tab.on("request", lambda asked: seen.requests.append(asked.url))
    open_report(tab, path)
    return seen


def lightness(color: str) -> float:
    """Return how light a color such as `rgb(1, 2, 3)` is, from 0 to 255."""
    parts = color.removeprefix("rgb(").removesuffix(")").split(",")
    return sum(map(float, parts)) / 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE, 768, DESK])
def test_all_charts_are_drawn_and_nothing_is_asked_for(
    browser: Browser, path: Path, width: int, scheme: Any
) -> None:
    seen = opened(browser, path, viewport=viewport(width), color_scheme=scheme)

    charts = Page.of(path.read_text(encoding="utf-8")).charts
    for chart in charts:
        plot = seen.tab.locator(f"#{chart} .plot")
        assert plot.locator(_MARKS).count() > 0, chart
        (left, width_drawn), (_, width_there), *labels = plot.evaluate(_SPANS)
        assert abs(width_drawn - width_there) < 2
        # No label is cut off.
        assert labels
        for start, length in labels:
            assert left - 1 <= start <= left + width_drawn - length + 1, chart
    assert len(charts) >= 5
    assert seen.value("document.documentElement.scrollWidth") == width
    assert seen.requests == [path.as_uri()]
    assert seen.troubles == []


def test_what_a_reader_sees_are_the_figures_of_the_page(
    browser: Browser, path: Path
) -> None:
    seen = opened(browser, path)

    page = Page.of(path.read_text(encoding="utf-8"))
    assert seen.value(_TABLES) == page.tables
    # Bars of a chart add up to what its table has.
    drawn = seen.value(
        "document.querySelector('#issues-by-kind-chart .plot').data"
        ".flatMap(series => series.x).reduce((a, b) => a + b, 0)"
    )
    assert drawn == sum(map(int, page.column("issues-by-kind", "Issues")))


def test_charts_follow_the_width_of_the_window(browser: Browser, path: Path) -> None:
    seen = opened(browser, path, viewport=viewport(DESK))

    seen.tab.set_viewport_size(viewport(PHONE))

    fits = "() => [...document.querySelectorAll('.plot .main-svg')].every(svg =>"
    seen.tab.wait_for_function(f"{fits} svg.getBoundingClientRect().width < {PHONE})")
    assert seen.value("document.documentElement.scrollWidth") == PHONE


def test_dark_is_dark_and_its_texts_are_light(browser: Browser, path: Path) -> None:
    seen = opened(browser, path, color_scheme="dark")

    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert lightness(seen.value(style.format("body", "backgroundColor"))) < 40
    for selector in (".plot .xtick text", ".plot .ytick text"):
        assert lightness(seen.value(style.format(selector, "fill"))) > 140


def test_it_prints_on_light_sheets_that_cut_no_chart(
    browser: Browser, path: Path
) -> None:
    # The width of a sheet of A4 within its margins, in CSS pixels.
    seen = opened(browser, path, viewport=viewport(695), color_scheme="dark")

    seen.tab.emulate_media(media="print", color_scheme="dark")
    seen.value("dispatchEvent(new Event('beforeprint'))")
    style = "getComputedStyle(document.querySelector('{}')).{}"
    assert lightness(seen.value(style.format("h1", "color"))) < 60
    assert seen.value(style.format(".chart", "breakInside")) == "avoid"
    assert seen.value("document.documentElement.scrollWidth") <= 695
    widths = seen.value(
        "[...document.querySelectorAll('.plot .main-svg')]"
        ".map(svg => svg.getBoundingClientRect().width)"
    )
    assert {round(width) for width in widths} == {690}
    printed = seen.tab.pdf(prefer_css_page_size=True)
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") >= 3
    assert seen.troubles == []


_LONGEST_MILLISECONDS = 150_000.0
_UNFOLD = """
() => document.querySelectorAll('details').forEach(each => { each.open = true; })
"""
# Of each table: how much wider it is than its room, and how far the text of each cell
# reaches beyond it.
_OVERHANGS = """
() => Object.fromEntries([...document.querySelectorAll('.scroll')].map(room => {
  const box = room.getBoundingClientRect();
  const range = document.createRange();
  const ends = [...room.querySelectorAll('tbody th, tbody td')].map(cell => {
    range.selectNodeContents(cell);
    const text = range.getBoundingClientRect();
    return Math.max(text.right - box.right, box.left - text.left);
  });
  return [room.querySelector('table').id,
          [room.scrollWidth - room.clientWidth, Math.max(...ends)]];
}))
"""
_POINTS = """
() => [...document.querySelectorAll('table')].flatMap(table =>
  [...table.tHead.rows[0].cells].map((heading, place) => [
    `${table.id}: ${heading.textContent}`,
    [...new Set([...table.tBodies[0].rows].map(row => {
      const fraction = row.cells[place].querySelector('.fraction');
      return fraction && Math.round(fraction.getBoundingClientRect().left * 4);
    }).filter(left => left !== null))].length]))
"""


@pytest.fixture
def wide_path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A page whose amounts, names and ids are as long as they come."""
    postgres = loaded_world(request.config).postgres
    postgres.make_schema("wide")
    for table in (
        *("customers", "orders", "order_status_changes", "extraction_issues"),
        *("purchase_orders", "purchase_order_lines", "extraction_runs"),
    ):
        postgres.execute(f"CREATE TABLE wide.{table} AS TABLE {SCHEMA}.{table}")
    postgres.execute(
        "UPDATE purchase_order_lines SET amount = jsonb_build_object('currency',"
        " amount ->> 'currency', 'amount', 12345678901234567890123456.78);"
        "UPDATE purchase_orders SET requester = repeat('Requester ', 20),"
        " supplier_id = repeat('S', 60);"
        'UPDATE orders SET "totalPrice" = 12345678901234567890.5',
        "wide",
    )
    path = tmp_path / "report.html"
    write_report(postgres, "wide", path)
    yield path
    postgres.execute("DROP SCHEMA wide CASCADE")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["path", "wide_path"])
def test_no_table_hides_a_column(
    browser: Browser, request: pytest.FixtureRequest, name: str, width: int
) -> None:
    path = request.getfixturevalue(name)
    seen = opened(browser, path, viewport=viewport(width))

    seen.value(_UNFOLD)
    # What is unfolded is fitted when the browser says so.
    seen.value(
        "() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))"
    )

    overhangs = seen.value(_OVERHANGS)
    assert {*overhangs} == {*Page.of(path.read_text(encoding="utf-8")).tables}
    for table, (wider, beyond) in overhangs.items():
        assert wider <= 0, table
        assert beyond <= 1, table
    assert seen.value("document.documentElement.scrollWidth") == width
    assert len(seen.tab.screenshot()) > 0
    assert seen.troubles == []


def test_amounts_are_aligned_at_the_point(browser: Browser, path: Path) -> None:
    seen = opened(browser, path, viewport=viewport(1920))
    seen.value(_UNFOLD)

    columns = dict(seen.value(_POINTS))

    assert columns["commitments-by-currency: Ordered"] == 1
    assert {count for count in columns.values() if count} == {1}


def test_a_table_is_searched_filtered_and_sorted(browser: Browser, path: Path) -> None:
    seen = opened(browser, path, viewport=viewport(1920))
    page = Page.of(path.read_text(encoding="utf-8"))
    name = "purchase-order-list"
    numbers = page.column(name, "Purchase order")
    tools = seen.tab.locator(f"[data-tools={name}]")

    def shown(place: int) -> list[str]:
        rows = seen.tab.locator(f"#{name} tbody tr:not([hidden])")
        script = "(rows, place) => rows.map(row => row.cells[place].textContent)"
        found: list[str] = rows.evaluate_all(script, place)
        return found

    tools.get_by_role("searchbox").fill(f"  {numbers[3].upper()} ")
    assert numbers[3] in shown(0)
    assert all(numbers[3] in number for number in shown(0))
    assert tools.get_by_role("status").text_content() == (
        f"{len(shown(0))} of {len(numbers)} rows"
    )
    tools.get_by_role("searchbox").fill("")
    tools.get_by_label("Filter: Currency").select_option("EUR")
    currency = page.tables[name][0].index("Currency")
    assert {*shown(currency)} == {"EUR"}
    tools.get_by_label("Filter: Currency").select_option("")
    ordered = page.tables[name][0].index("Ordered")
    heading = seen.tab.locator(f"#{name} thead th").nth(ordered)
    for direction, is_reversed in (("ascending", False), ("descending", True)):
        heading.get_by_role("button").click()
        assert heading.get_attribute("aria-sort") == direction
        amounts = [
            float(text.replace(",", "")) for text in shown(ordered) if text != NOTHING
        ]
        assert len(amounts) > 20
        assert amounts == sorted(amounts, reverse=is_reversed)
        # What is not known is last.
        assert NOTHING not in shown(ordered)[: len(amounts)]
    assert seen.troubles == []


def test_each_table_is_downloaded_with_all_digits(browser: Browser, path: Path) -> None:
    seen = opened(browser, path, viewport=viewport(1920), accept_downloads=True)
    page = Page.of(path.read_text(encoding="utf-8"))

    for name, rows in page.exact.items():
        # Chromium asks before a page downloads more than ten files in a row.
        seen.tab.reload()
        seen.value(_UNFOLD)
        with seen.tab.expect_download() as started:
            seen.tab.locator(f"[data-tools={name}] button").click()
        assert started.value.suggested_filename == f"{name}.csv"
        text = started.value.path().read_bytes().decode("utf-8-sig")
        found = list(csv.reader(io.StringIO(text, newline="")))
        assert found[0] == rows[0]
        assert len(found) == len(rows)
        for place, title in enumerate(rows[0]):
            if title.startswith(("Ordered,", "Left to invoice", "Received,")):
                expected = [row[place].replace(NOTHING, "") for row in rows]
                assert [row[place] for row in found] == expected, (name, title)
    assert seen.troubles == []


def test_a_spreadsheet_takes_no_text_of_the_csv_for_a_formula(
    browser: Browser, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    postgres = loaded_world(request.config).postgres
    postgres.make_schema("formulas")
    for table in ("purchase_orders", "purchase_order_lines"):
        postgres.execute(f"CREATE TABLE formulas.{table} AS TABLE {SCHEMA}.{table}")
    formula = '=HYPERLINK("https://example.org","a,b")'
    update = f"UPDATE purchase_orders SET supplier_id = '{formula}'"  # noqa: S608  # our own
    postgres.execute(update, "formulas")
    path = tmp_path / "report.html"
    write_report(postgres, "formulas", path)
    postgres.execute("DROP SCHEMA formulas CASCADE")
    seen = opened(browser, path, viewport=viewport(1920), accept_downloads=True)
    seen.value(_UNFOLD)

    with seen.tab.expect_download() as started:
        seen.tab.locator("[data-tools=commitments-1] button").click()

    text = started.value.path().read_text(encoding="utf-8-sig")
    (_, first, *_) = csv.reader(io.StringIO(text, newline=""))
    assert first[0] == f"'{formula}"


def test_hostile_texts_do_nothing(
    browser: Browser, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    postgres = loaded_world(request.config).postgres
    hostile = (
        '</script><script>alert(1)</script><a href="https://example.org">x</a>'
        "<img src=https://example.org/x onerror=alert(2)>"
    )
    postgres.make_schema("hostile")
    for table in ("extraction_issues", "purchase_orders", "purchase_order_lines"):
        postgres.execute(f"CREATE TABLE hostile.{table} AS TABLE {SCHEMA}.{table}")
    for table, column in (
        ("extraction_issues", "kind"),
        ("extraction_issues", "message"),
        ("purchase_orders", "supplier_id"),
    ):
        update = f"UPDATE {table} SET {column} = '{hostile}'"  # noqa: S608  # a stream's name
        postgres.execute(update, "hostile")
    path = tmp_path / "report.html"
    write_report(postgres, "hostile", path)

    seen = opened(browser, path)

    label = seen.tab.locator("#issues-by-kind-chart .ytick text").first.text_content()
    assert label == f"{hostile[:23]}…"
    assert seen.tab.locator(".plot a, main img").count() == 0
    assert seen.value("document.scripts.length") == 3 + len(
        Page.of(path.read_text(encoding="utf-8")).charts
    )
    assert seen.requests == [path.as_uri()]
    assert seen.troubles == []
