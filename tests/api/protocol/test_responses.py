"""Any body is decoded into a mapping or ``None``, without an exception."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.api.protocol.responses import MAX_DEPTH, decode

XML = "<?xml version='1.0' encoding='UTF-8'?>"


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (b'{"Code":"OK"}', {"Code": "OK"}),
        (b'\xef\xbb\xbf {"Code":"OK"}\r\n', {"Code": "OK"}),
        ('{"Message":"【阿里云】"}'.encode(), {"Message": "【阿里云】"}),
        (b'{"code":"OK","Code":"X","totalCount":1}', {"code": "OK", "Code": "X", "TotalCount": 1}),
        (b"{}", {}),
        (b"<QueryMessageResponse><Status>1</Status></QueryMessageResponse>", {"Status": "1"}),
        (f"{XML}\n<Error><Code>Throttling</Code></Error>".encode(), {"Code": "Throttling"}),
        (f"{XML}<XResponse>\n  <A>1</A>\n  <A> 2 </A>\n  <B/>\n</XResponse>".encode(), {"A": ["1", " 2 "], "B": ""}),
        (b'<XResponse xmlns="urn:x"><A>a&lt;b<![CDATA[<c>]]><!-- no -->d</A></XResponse>', {"A": "a<b<c>d"}),
        (b"<XResponse/>", {}),
        (b"<XResponse>\n</XResponse>", {}),
    ],
)
def test_json_and_xml_become_names_and_values(body: bytes, answer: object) -> None:
    assert decode(body) == answer


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"null",
        b"[]",
        b'"OK"',
        b"OK",
        b'{"Code":"OK"',
        b'{"Code":"OK"}{}',
        b'{"TotalCount":NaN}',
        b'{"TotalCount":1e999}',
        b'{"Message":"\xff"}',
        b'{"Message":"\\ud800"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"<html><body>502 Bad Gateway</body></html>",
        b"<!DOCTYPE html><html></html>",
        b"<XResponse>text</XResponse>",
        b"<XResponse><A>1</A>lost</XResponse>",
        b"<XResponse>lost<A>1</A></XResponse>",
        b"<XResponse><A>1</A>",
        b"<XResponse><A>\xff</A></XResponse>",
        "<XResponse><A>1</A></XResponse>".encode("utf-16"),
        b"<XResponse>" + b"<A>" * (MAX_DEPTH + 1) + b"</A>" * (MAX_DEPTH + 1) + b"</XResponse>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><XResponse><A>&a;</A></XResponse>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><XResponse/>',
        b"<XResponse><A>&a;</A></XResponse>",
        b"<",
    ],
)
def test_what_is_neither_is_none(body: bytes) -> None:
    assert decode(body) is None


def test_of_a_name_that_is_written_twice_one_is_taken() -> None:
    assert decode(b'{"TotalCount":1,"TotalCount":2}') == {"TotalCount": 2}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary(max_size=200) | st.text("<>/&;![]{}\":,ResponsCdeT'? -\n1", max_size=200).map(str.encode))
def test_no_bytes_raise(body: bytes) -> None:
    answer = decode(body)
    assert answer is None or isinstance(answer, dict)


@given(JSON)
def test_every_json_object_is_read_and_nothing_else(value: object) -> None:
    answer = decode(json.dumps(value).encode())
    assert (answer is not None) == isinstance(value, dict)
    if isinstance(value, dict):
        assert list((answer or {}).values()) == list(value.values())
