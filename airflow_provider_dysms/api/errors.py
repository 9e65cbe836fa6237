"""The import path of the errors in earlier releases; the errors are in :mod:`airflow_provider_dysms.model.errors`."""

from airflow_provider_dysms.model.errors import *  # noqa: F403
