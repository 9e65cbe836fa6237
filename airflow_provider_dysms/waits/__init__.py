"""What one wait is: messages in, one report each out. Pure: no Airflow, no event loop, no clock."""
