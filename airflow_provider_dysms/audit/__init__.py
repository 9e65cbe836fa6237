"""Finds out what became of each line of a send log. Without Airflow."""
