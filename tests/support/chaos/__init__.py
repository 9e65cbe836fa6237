"""Runs the catch-up, waits and sends in a real Airflow while a seeded monkey disturbs it, and judges what is left."""
