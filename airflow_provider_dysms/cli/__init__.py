"""The commands ``airflow dysms ...``: look up, audit and verify without a DAG."""
