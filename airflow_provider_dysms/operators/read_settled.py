"""Reads the manifest of a settled day; a day that is not settled skips the task. It needs no operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk.exceptions import AirflowSkipException

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.day_placeholder import render_day
from airflow_provider_dysms.storage.partition import Partition

if TYPE_CHECKING:
    from datetime import date

    from airflow_provider_dysms.storage.manifest import Manifest


def read_settled(output_uri: str, day: date, *, partition: str) -> Manifest:
    """Return the manifest of a settled day.

    :param output_uri: the transfer's
    :param day: the Beijing day
    :param partition: the transfer's
    :raises AirflowSkipException: the day is not settled, or has no manifest
    :raises DysmsInputError: an argument cannot be used, or the manifest is not one of this day
    :raises DysmsStorageError: the store does not answer
    """
    place = Partition.resolve(output_uri, partition=render_day(partition, day, "partition"))
    manifest = place.read_manifest()
    if manifest is None:
        raise AirflowSkipException(f"{day} has not been audited: {place.manifest_uri} does not exist")
    result = manifest["result"]
    if result.get("send_date") != day.isoformat():
        raise DysmsInputError("partition", f"holds no audit of {day}: see {place.manifest_uri}")
    if not result.get("settled"):
        raise AirflowSkipException(f"{day} is not settled yet: its messages may still change")
    return {**manifest, "run": {**manifest["run"], **place.uris}}
