"""Waiting for messages: what to poll, when, and when the end is certain. Without Airflow."""
