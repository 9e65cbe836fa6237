"""The client of the Dysms API. Without Airflow."""
