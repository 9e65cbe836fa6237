"""The pages without Airflow: requests in, HTML out."""
