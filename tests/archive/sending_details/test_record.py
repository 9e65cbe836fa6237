"""A record has a field for every column that an audit writes: a column without one would count as the user's own."""

from __future__ import annotations

from airflow_provider_dysms.archive.sending_details.record import SendingDetail
from airflow_provider_dysms.audit.verdict import COLUMNS, PHONE_HASH
from airflow_provider_dysms.operators import search_archive

FIELDS = set(SendingDetail.__struct_fields__)


def test_every_column_of_the_output_is_a_field() -> None:
    assert {*COLUMNS, PHONE_HASH, "day", "result", "status_code", "carried"} == FIELDS


def test_every_field_is_a_column_of_a_file_of_records() -> None:
    assert search_archive.COLUMNS.keys() == FIELDS
    assert {name: search_archive.COLUMNS[name] for name in COLUMNS} == COLUMNS
