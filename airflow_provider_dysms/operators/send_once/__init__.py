"""Sends each message once, although Airflow runs tasks again."""
