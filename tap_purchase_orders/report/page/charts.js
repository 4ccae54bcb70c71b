"use strict";
(() => {
  // What fits on a sheet of A4, in CSS pixels, at the margins of the style sheet.
  const PRINTED_WIDTH = 690;
  const root = document.documentElement;
  const charts = [...document.querySelectorAll("[data-chart]")];
  const settings = { displayModeBar: false, responsive: true };

  for (const chart of charts) {
    const described = document.getElementById(chart.dataset.chart);
    const { data, layout } = JSON.parse(described.textContent);
    Plotly.newPlot(chart, data, layout, settings);
  }
  root.dataset.charts = "drawn";

  // A printer asks for no other size by itself, and takes the page as it is.
  addEventListener("beforeprint", () => {
    for (const chart of charts) Plotly.relayout(chart, { width: PRINTED_WIDTH });
  });
  addEventListener("afterprint", () => {
    for (const chart of charts) {
      Plotly.relayout(chart, { width: null, autosize: true });
      Plotly.Plots.resize(chart);
    }
  });
})();
