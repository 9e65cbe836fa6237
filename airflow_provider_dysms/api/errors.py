"""The errors, where earlier releases had them: import them from :mod:`airflow_provider_dysms.model.errors`."""

from airflow_provider_dysms.model.errors import *  # noqa: F403
