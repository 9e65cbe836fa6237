"""The links that a task shows in Airflow's UI."""
