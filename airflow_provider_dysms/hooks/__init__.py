"""From an Airflow connection to the client of the Dysms API."""
