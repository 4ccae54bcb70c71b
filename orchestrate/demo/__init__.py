"""Airflow with two workers, one of which is killed: what `make orchestrate` runs."""
