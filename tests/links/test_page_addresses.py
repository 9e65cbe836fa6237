"""A folder belongs to the archive that has the same place, whatever connection leads there."""

from __future__ import annotations

import pytest

from airflow_provider_dysms.links.page_addresses import archive_of, page_path

ARCHIVES = '{"a": "file:///x/y/", "b": {"output_uri": "s3://conn@bucket/z"}}'


@pytest.mark.parametrize(
    ("output_uri", "name"),
    [
        ("file:///x/y", "a"),
        ("s3://bucket/z/", "b"),
        ("s3://other@bucket/z", "b"),
        ("s3://bucket/z/a", None),
        ("file:///x", None),
    ],
)
def test_an_archive_is_found_by_its_place(output_uri: str, name: str | None) -> None:
    assert archive_of(ARCHIVES, output_uri) == name


@pytest.mark.parametrize("archives", [None, "", "{", "[]", '{"a": 1}', '{"a": {}}'])
def test_an_option_that_cannot_be_read_has_no_archive(archives: str | None) -> None:
    assert archive_of(archives, "file:///x") is None


@pytest.mark.parametrize(
    ("base_url", "path"),
    [(None, "/dysms/report"), ("http://a:1", "/dysms/report"), ("https://a/airflow/", "/airflow/dysms/report")],
)
def test_a_page_is_below_the_path_of_the_base_url(base_url: str | None, path: str) -> None:
    assert page_path(base_url, "report") == path
