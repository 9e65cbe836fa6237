"""Pages in Airflow's UI: the delivery report, and a search through sending details."""
