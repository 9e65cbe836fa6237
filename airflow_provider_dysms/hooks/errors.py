"""The errors of tasks, where earlier releases had them: import them from :mod:`airflow_provider_dysms.exceptions`."""

from airflow_provider_dysms.exceptions import *  # noqa: F403
