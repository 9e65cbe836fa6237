"""The option of archives: what it may be, and sentences about what it may not be."""

from __future__ import annotations

import json

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.plugins.pages.page_options import ArchiveOption, PageOptions, parse_archives


def test_an_archive_is_a_uri_or_an_object() -> None:
    others = {
        "b": {"output_uri": "s3://c@d/e", "partition": "d={send_date}", "dysms_conn_id": "f"},
        "c": {"output_uri": "file:///z", "suppression_uri": "file:///stop"},
    }
    text = json.dumps({"a": "file:///x", **others})
    assert parse_archives(text) == (
        ArchiveOption(name="a", output_uri="file:///x"),
        ArchiveOption(name="b", output_uri="s3://c@d/e", partition="d={send_date}", dysms_conn_id="f"),
        ArchiveOption(name="c", output_uri="file:///z", suppression_uri="file:///stop"),
    )
    assert parse_archives(" ") == ()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"": "file:///x"}',
        '{"production 139 1234 5678": "file:///x"}',
        '{"a": 1}',
        '{"a": null}',
        '{"a": {}}',
        '{"a": {"output_uri": 1}}',
        '{"a": {"output_uri": "file:///x", "secret": "y"}}',
        '{"a": {"output_uri": "file:///x", "partition": "{other}"}}',
        "{" + ",".join(f'"{place}": "x"' for place in range(60)) + "}",
    ],
)
def test_anything_else_is_refused_with_the_name_of_the_option(text: str) -> None:
    with pytest.raises(DysmsInputError, match="archives") as refused:
        parse_archives(text)
    assert "secret" not in str(refused.value)
    assert "1234" not in str(refused.value)


def test_the_first_archive_is_the_default() -> None:
    options = PageOptions(archives=parse_archives('{"a": "file:///x", "b": "file:///y"}'))
    assert (options.archive("").name, options.archive("b").name) == ("a", "b")
    with pytest.raises(DysmsInputError):
        options.archive("c")
