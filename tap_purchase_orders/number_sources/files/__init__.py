"""Reads purchase-order numbers from files: text, CSV, JSON, Parquet, workbooks."""
