"""Payloads as JSON and XML."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from airflow_provider_dysms.emulator.rendering import render


def test_json_is_utf_8() -> None:
    payload = {"Code": "OK", "Rows": [{"Content": "【示例】"}], "Nothing": None}
    content_type, body = render(payload, "AnyResponse", "JSON")
    assert content_type == b"application/json;charset=utf-8"
    assert "【示例】".encode() in body
    assert json.loads(body) == payload


def test_xml_repeats_an_element_for_each_item_and_is_always_well_formed() -> None:
    payload = {"Code": "<&>", "Row": [{"Content": "a\x00b"}, {"Content": "【示例】"}], "Nothing": None, "Empty": ""}
    content_type, body = render(payload, "AnyResponse", "XML")
    assert content_type == b"text/xml;charset=utf-8"
    root = ElementTree.fromstring(body)
    assert root.tag == "AnyResponse"
    assert root.findtext("Code") == "<&>"
    assert [row.findtext("Content") for row in root.findall("Row")] == ["a?b", "【示例】"]
    assert (root.findtext("Nothing"), root.findtext("Empty")) == ("", "")
