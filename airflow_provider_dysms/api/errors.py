"""The import path that the errors had in earlier releases; import them from :mod:`airflow_provider_dysms.model.errors`."""

from airflow_provider_dysms.model.errors import *  # noqa: F403
