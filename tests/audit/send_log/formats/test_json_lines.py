"""A line of JSON Lines is one object in which every key stands once; anything else is refused by file and line."""

import io
import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.send_logs import objects, refusal

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.model.errors import DysmsInputError

DAY = date(2025, 6, 1)
NUMBER = "139" + "00001111"
FIRST = f'{{"phone_number": "{NUMBER}"}}\n'


def read(data, carry=()):
    return read_send_log([("l.jsonl", io.BytesIO(data.encode()))], send_date=DAY, carry=carry).lines


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('{"phone_number": "1", "phone_number": "2"}', "phone_number"),
        ('{"phone_number":"1","sent_at":"2025-06-01 12:00:00","x":1,"x":1}', "x"),
        ('{"x":{"deep":[{"a":1,"b":{"c":":","c":""}}]}}', "c"),
        ('{"a\\u003ab":"\\u003a","x":1,"x":":"}', "x"),
        ('{"x":"\\u003A","x":""}', "x"),
        ('{"x": 1, "\\u0078": 2}', "x"),
        ('{"":1,"":2}', ""),
        ('{"x":' + "9" * 60 + ',"x":1e300}', "x"),
    ],
)
def test_a_key_that_stands_twice_is_refused_with_file_and_line(line, key):
    with pytest.raises(DysmsInputError) as caught:
        read(FIRST + line)
    assert f"l.jsonl:2 has a key twice in one object: {key}" in str(caught.value)


def test_a_key_that_is_data_is_not_repeated_in_the_error():
    with pytest.raises(DysmsInputError) as caught:
        read(f'{{"{NUMBER}": 1, "{NUMBER}": 2}}')
    assert NUMBER not in str(caught.value)


@pytest.mark.parametrize(
    "line",
    [
        '{"phone_number": "1", "x": {"x": {"x": ":"}}}',
        '{"a\\u003a": "\\u003A\\\\u003a:", "sent_at": "12:00:00", "x": [{"a": 1}, {"a": 1}], "n": ' + "9" * 60 + "}",
        '{"x" : "\\"a\\":1,\\"a\\":2"}',
        '{"x": "/\\/\\u003c\\u00e9夏\\ud83d\\ude00"}',
    ],
)
def test_keys_that_stand_once_in_their_object_are_taken(line):
    assert len(read(FIRST + line)) == 2


TEXTS = st.sampled_from(["", ":", "a", "b", '"', '":', "\\", "\\u003a", "夏", "\n"])
OBJECTS = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(TEXTS, inner), max_size=3).map(tuple),
    max_leaves=8,
)


def written(value, escape):
    """A tuple of pairs is an object, which may have a key twice."""
    if isinstance(value, tuple):
        return "{" + ",".join(f"{written(name, escape)}:{written(each, escape)}" for name, each in value) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(written(each, escape) for each in value) + "]"
    text = json.dumps(value, ensure_ascii=False)
    return text.replace(":", "\\u003a") if escape and isinstance(value, str) else text


def has_twice(value):
    if isinstance(value, tuple):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(has_twice(each) for _, each in value)
    return isinstance(value, list) and any(map(has_twice, value))


@pytest.mark.slow
@settings(max_examples=300)
@given(OBJECTS, st.booleans())
def test_a_key_is_found_twice_if_and_only_if_it_is(value, escape):
    data = f'{FIRST}{{"x": {written(value, escape)}}}'
    if has_twice(value):
        with pytest.raises(DysmsInputError, match="key twice"):
            read(data)
    else:
        assert len(read(data, ["x"])) == 2


REFUSED = {
    "an array": ("l.json", json.dumps(objects()), {}, "a JSON array, not a JSON object; write one object per line"),
    "objects over lines": ("l.json", json.dumps(objects()[0], indent=1), {}, "write each object on one line"),
    "Python's NaN": ("l.jsonl", '{"phone_number": "13900001111", "out_id": NaN}', {}, "NaN and Infinity are not JSON"),
    "a huge number": ("l.jsonl", '{"phone_number": 1e999}', {}, "too large to be read exactly; write it as text"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_cannot_be_read_is_refused_with_what_to_do(case):
    name, data, options, hint = REFUSED[case]
    assert hint in refusal(name, data, **options)
