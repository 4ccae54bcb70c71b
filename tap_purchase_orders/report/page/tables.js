"use strict";
(() => {
  // Above each table: search, filters and its download. Its headings sort it.
  const collator = new Intl.Collator("en", { numeric: true });
  const made = (name, properties = {}) =>
    Object.assign(document.createElement(name), properties);
  const titleOf = (heading) => heading.textContent.trim();
  const textOf = (cell) => cell.textContent.trim();

  // The value behind a cell: all digits, the whole moment, or nothing.
  function valueOf(cell) {
    if (cell.classList.contains("none")) return "";
    const time = cell.querySelector("time");
    return cell.dataset.value ?? time?.dateTime ?? textOf(cell);
  }

  // A spreadsheet takes a text that begins like a formula for one.
  function csvField(cell) {
    const value = valueOf(cell);
    const isFormula = cell.dataset.value === undefined && /^[=+\-@\t\r]/.test(value);
    const text = isFormula ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  }

  function csvOf(table) {
    const lines = [...table.rows].map((row) => [...row.cells].map(csvField).join(","));
    // The mark by which spreadsheets know UTF-8.
    return `\ufeff${lines.join("\r\n")}\r\n`;
  }

  function download(table) {
    const address = URL.createObjectURL(new Blob([csvOf(table)], { type: "text/csv" }));
    made("a", { href: address, download: `${table.id}.csv` }).click();
  }

  function sort(table, place) {
    const heading = table.tHead.rows[0].cells[place];
    const sign = heading.ariaSort === "ascending" ? -1 : 1;
    const isNumber = heading.classList.contains("number");
    const order = (one, other) => {
      const [a, b] = [valueOf(one.cells[place]), valueOf(other.cells[place])];
      // What is not known, and the sum of the rest, stay last.
      if (one.className !== other.className) return one.className ? 1 : -1;
      if (!a || !b) return Number(!a) - Number(!b);
      return sign * (isNumber ? Number(a) - Number(b) : collator.compare(a, b));
    };
    for (const each of table.tHead.rows[0].cells) each.ariaSort = null;
    heading.ariaSort = sign === 1 ? "ascending" : "descending";
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
  }

  function makeSortable(table) {
    [...table.tHead.rows[0].cells].forEach((heading, place) => {
      const button = made("button", { type: "button", textContent: titleOf(heading) });
      button.addEventListener("click", () => sort(table, place));
      heading.replaceChildren(button);
    });
  }

  function filterOf(table, heading) {
    const place = heading.cellIndex;
    const values = new Set([...table.tBodies[0].rows].map((r) => textOf(r.cells[place])));
    const select = made("select", { ariaLabel: `Filter: ${titleOf(heading)}` });
    select.append(made("option", { value: "", textContent: `${titleOf(heading)}: all` }));
    for (const value of [...values].sort(collator.compare))
      select.append(made("option", { value, textContent: value }));
    select.holds = (row) => !select.value || textOf(row.cells[place]) === select.value;
    return select;
  }

  function searchIn(table) {
    const search = made("input", {
      type: "search",
      placeholder: "Search",
      ariaLabel: `Search: ${textOf(table.caption)}`,
    });
    search.holds = (row) => {
      const text = [...row.cells].map((cell) => `${textOf(cell)} ${valueOf(cell)}`);
      const words = search.value.toLowerCase().split(/\s+/);
      return words.every((word) => text.join(" ").toLowerCase().includes(word));
    };
    return search;
  }

  function addTools(table) {
    const tools = document.querySelector(`[data-tools="${table.id}"]`);
    const headings = [...table.tHead.rows[0].cells];
    const filters = headings
      .filter((heading) => "filter" in heading.dataset)
      .map((heading) => filterOf(table, heading));
    const inputs = [searchIn(table), ...filters];
    const count = made("span", { className: "of", role: "status" });
    const apply = () => {
      const rows = [...table.tBodies[0].rows];
      for (const row of rows) row.hidden = !inputs.every((each) => each.holds(row));
      const shown = rows.filter((row) => !row.hidden).length;
      count.textContent = shown < rows.length ? `${shown} of ${rows.length} rows` : "";
    };
    for (const input of inputs) input.addEventListener("input", apply);
    const csv = made("button", { type: "button", textContent: "CSV" });
    csv.ariaLabel = `Download as CSV: ${textOf(table.caption)}`;
    csv.addEventListener("click", () => download(table));
    tools.append(...inputs, count, csv);
  }

  // No column is hidden: a table that is wider than its room becomes tighter, and if
  // that is not enough, each of its rows a block.
  function fit(table) {
    const room = table.parentElement;
    if (!room.clientWidth) return;
    room.classList.remove("tight", "stacked");
    for (const style of ["tight", "stacked"])
      if (room.scrollWidth > room.clientWidth) room.classList.add(style);
  }

  const tables = [...document.querySelectorAll("main table")];
  for (const table of tables) {
    const titles = [...table.tHead.rows[0].cells].map(titleOf);
    for (const row of table.tBodies[0].rows)
      [...row.cells].forEach((cell, place) => (cell.dataset.label = titles[place]));
    addTools(table);
    makeSortable(table);
    fit(table);
    table.closest("details")?.addEventListener("toggle", () => fit(table));
  }
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    tables.forEach(fit);
  });
})();
