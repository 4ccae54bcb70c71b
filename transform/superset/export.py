# ruff: noqa: INP001, T201  # run as a script
"""Writes a dashboard for Apache Superset over the models, as Superset exports them.

    python transform/superset/export.py --zip dashboard.zip

writes the file that Superset imports; `--schema` and `--uri` say where the models are.
Without options it writes the folder `purchase_orders/` beside this file, and with
`--check` it only says whether that is as it should be.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, UUID, uuid5

import yaml
from charts import AMOUNT, AMOUNTS, METRICS, ROWS

if TYPE_CHECKING:
    from charts import Chart

_HERE = Path(__file__).resolve().parent
_MARTS = _HERE.parent / "models" / "marts" / "_marts.yml"
_FOLDER = "purchase_orders"
_SCHEMA = "purchasing_marts"
_URI = "postgresql+psycopg2://purchase_orders@localhost:5432/warehouse"
_DATABASE = "purchase_orders_warehouse"
_VERSION = "1.0.0"
_MOST_ROWS = 1000
_HEIGHT, _LOW = 50, 20
_TIMES = {"timestamp with time zone"}


def files(schema: str, uri: str) -> dict[str, dict[str, Any]]:
    """Return what is in the export, by path."""
    charts = [chart for row in ROWS for chart in row]
    models = yaml.safe_load(_MARTS.read_text(encoding="utf-8"))["models"]
    return {
        # The moment of an export; it means nothing to who imports it.
        "metadata.yaml": {
            "version": _VERSION,
            "type": "Dashboard",
            "timestamp": "2026-01-01T00:00:00+00:00",
        },
        f"databases/{_DATABASE}.yaml": _database(uri),
        **{
            f"datasets/{_DATABASE}/{model['name']}.yaml": _dataset(model, schema)
            for model in models
        },
        **{
            f"charts/{_file_name(chart.name)}.yaml": _chart(chart, number)
            for number, chart in enumerate(charts, start=1)
        },
        "dashboards/Purchase_orders.yaml": _dashboard(),
    }


def _uuid(*path: str) -> str:
    """Return the same id for the same thing: a later import takes its place."""
    return str(uuid5(_namespace(), "/".join(path)))


def _namespace() -> UUID:
    return uuid5(NAMESPACE_URL, "tap-purchase-orders/superset")


def _file_name(name: str) -> str:
    return "".join(each if each.isalnum() else "_" for each in name)


def _database(uri: str) -> dict[str, Any]:
    return {
        "database_name": _DATABASE,
        "sqlalchemy_uri": uri,
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        # Superset takes it for allowed where an import does not say it.
        "allow_file_upload": False,
        "extra": {"allows_virtual_table_explore": True},
        "uuid": _uuid("database"),
        "version": _VERSION,
    }


def _dataset(model: dict[str, Any], schema: str) -> dict[str, Any]:
    return {
        "table_name": model["name"],
        "main_dttm_col": None,
        "description": model["description"],
        "default_endpoint": None,
        "offset": 0,
        "cache_timeout": None,
        "schema": schema,
        "sql": None,
        "params": None,
        "template_params": None,
        "filter_select_enabled": True,
        "fetch_values_predicate": None,
        "extra": None,
        "uuid": _uuid("dataset", model["name"]),
        "metrics": [
            {
                "metric_name": name,
                "verbose_name": _words(name.removeprefix("sum_")),
                "metric_type": None,
                "expression": expression,
                "description": None,
                "d3format": AMOUNT if name.startswith("sum_") else None,
                "extra": None,
                "warning_text": None,
            }
            for name, expression in METRICS[model["name"]].items()
        ],
        "columns": [
            {
                "column_name": column["name"],
                "verbose_name": _words(column["name"]),
                "is_dttm": column["data_type"] in _TIMES,
                "is_active": True,
                "type": column["data_type"].upper(),
                "groupby": True,
                "filterable": True,
                "expression": None,
                "description": column["description"],
                "python_date_format": None,
            }
            for column in model["columns"]
        ],
        "version": _VERSION,
        "database_uuid": _uuid("database"),
    }


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _chart(chart: Chart, number: int) -> dict[str, Any]:
    return {
        "slice_name": chart.name,
        "description": None,
        "certified_by": None,
        "certification_details": None,
        "viz_type": chart.kind,
        "params": {
            "datasource": f"{number}__table",
            "viz_type": chart.kind,
            "adhoc_filters": _filters(chart),
            "row_limit": _MOST_ROWS,
            "extra_form_data": {},
            **_fields(chart),
            **chart.params,
        },
        "cache_timeout": None,
        "uuid": _uuid("chart", chart.name),
        "version": _VERSION,
        "dataset_uuid": _uuid("dataset", chart.model),
    }


def _filters(chart: Chart) -> list[dict[str, Any]]:
    if chart.only is None:
        return []
    column, operator, value = chart.only
    return [
        {
            "clause": "WHERE",
            "expressionType": "SIMPLE",
            "subject": column,
            "operator": operator,
            "comparator": value,
        }
    ]


def _fields(chart: Chart) -> dict[str, Any]:
    """Return what the kind of a chart calls its columns and metrics."""
    metrics, groups = list(chart.metrics), list(chart.groups)
    match chart.kind:
        case "big_number_total":
            return {"metric": metrics[0], "y_axis_format": "SMART_NUMBER"}
        case "pie":
            return {"metric": metrics[0], "groupby": groups, "sort_by_metric": True}
        case "echarts_timeseries_bar":
            # With several series, it sorts by the name of what it makes of them.
            return {
                "x_axis": groups[0],
                "groupby": groups[1:],
                "metrics": metrics,
                "x_axis_sort": "sum" if groups[1:] else metrics[0],
                "x_axis_sort_asc": False,
                "order_desc": True,
            }
        case "table" if chart.columns:
            return {
                "query_mode": "raw",
                "show_cell_bars": False,
                "all_columns": list(chart.columns),
                "order_by_cols": [f'["{chart.order}", false]'],
                "server_page_length": 10,
                "table_timestamp_format": "%Y-%m-%d %H:%M",
                "column_config": {
                    column: {"d3NumberFormat": AMOUNT}
                    for column in chart.columns
                    if column in AMOUNTS
                },
            }
        case "table":
            return {
                "query_mode": "aggregate",
                # The bars would compare amounts of one currency with those of another.
                "show_cell_bars": False,
                "groupby": groups,
                "metrics": metrics,
            }
    raise ValueError(chart.kind)


def _dashboard() -> dict[str, Any]:
    title = "Purchase orders"
    rows = [f"ROW-{number}" for number, _ in enumerate(ROWS, start=1)]
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {
            "type": "GRID",
            "id": "GRID_ID",
            "children": rows,
            "parents": ["ROOT_ID"],
        },
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": title}},
    }
    number = 0
    for row, charts in zip(rows, ROWS, strict=True):
        parents = ["ROOT_ID", "GRID_ID"]
        position[row] = {
            "type": "ROW",
            "id": row,
            "children": [],
            "parents": parents,
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for chart in charts:
            number += 1
            name = f"CHART-{number}"
            position[row]["children"].append(name)
            position[name] = {
                "type": "CHART",
                "id": name,
                "children": [],
                "parents": [*parents, row],
                "meta": {
                    "chartId": number,
                    "height": _LOW if chart.kind == "big_number_total" else _HEIGHT,
                    "sliceName": chart.name,
                    "uuid": _uuid("chart", chart.name),
                    "width": chart.width,
                },
            }
    return {
        "dashboard_title": title,
        "description": "What is ordered, what waits, and what is left to invoice.",
        "css": "",
        "slug": "purchase-orders",
        "uuid": _uuid("dashboard"),
        "position": position,
        "metadata": {"color_scheme": "supersetColors"},
        "version": _VERSION,
    }


def _text(value: dict[str, Any]) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


def main() -> int:
    """Write the export, or compare with what is there; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--zip", type=Path, metavar="FILE", help="write this file")
    parser.add_argument("--schema", default=_SCHEMA, help="default: %(default)s")
    parser.add_argument("--uri", default=_URI, help="default: %(default)s")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    export = {
        path: _text(value) for path, value in files(options.schema, options.uri).items()
    }
    if options.zip:
        with zipfile.ZipFile(options.zip, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, text in export.items():
                archive.writestr(f"{_FOLDER}/{path}", text)
        return 0
    folder = _HERE / _FOLDER
    there = {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.yaml")
    }
    if options.check:
        for path in sorted(export.keys() | there.keys()):
            if export.get(path) != there.get(path):
                print(f"{folder / path} is not as it should be", file=sys.stderr)
        return int(export != there)
    for path in there.keys() - export.keys():
        (folder / path).unlink()
    for path, text in export.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
