"""The tap on a schedule and on several machines: what the Airflow DAGs run."""
