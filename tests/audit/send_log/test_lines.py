"""Lines are read as they were written, and those of one number or one message id are one group."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.audit.send_log import lines
from airflow_provider_dysms.audit.send_log.lines import Line, Lines
from airflow_provider_dysms.model.phone_numbers.number import PhoneNumber

NUMBERS = ["139" + f"{number:08}" for number in range(5)]
TEXTS = st.none() | st.text(max_size=8)
LINES = st.builds(
    Line,
    st.sampled_from(["a.csv", "b.csv"]),
    st.integers(1, 2**40),
    phone=st.none() | st.builds(PhoneNumber, st.sampled_from(NUMBERS), st.sampled_from(["CN", "001"])),
    raw_number=st.sampled_from([*NUMBERS, "+86 139", None]),
    message_id=st.sampled_from([None, None, "1", "2", NUMBERS[0]]),
    biz_id=TEXTS,
    out_id=TEXTS,
    sent_at=st.none() | st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    carried=st.lists(TEXTS, max_size=2).map(tuple),
    rejection=st.sampled_from([None, None, None, ("bad_id", "is bad")]),
)


@given(st.lists(LINES, max_size=8))
def test_lines_are_as_they_were(made):
    packed = Lines(made)
    assert list(packed) == made == packed[:]
    assert len(packed) == len(made)
    assert [packed[-1 - place] for place in range(len(made))] == made[::-1]
    rejected = [line for line in made if line.rejection]
    assert list(packed.rejected) == rejected
    assert packed.rejected[:1] == rejected[:1]
    with pytest.raises(IndexError):
        packed[len(made)]


@pytest.mark.slow
@given(st.lists(LINES, max_size=6), st.lists(LINES, max_size=6))
def test_the_same_lines_and_no_others_have_the_same_pieces(ours, theirs):
    assert (b"".join(Lines(ours).pieces()) == b"".join(Lines(theirs).pieces())) is (ours == theirs)


def test_no_line_shows_a_number():
    line = Line("log.csv", 2, PhoneNumber(NUMBERS[0], "CN"), NUMBERS[0], out_id=NUMBERS[0], carried=(NUMBERS[0],))
    packed = Lines([line])
    assert NUMBERS[0] not in repr(line) + repr(packed) + repr(packed[0]) + repr(packed.rejected)
    assert repr(line) == "Line(where='log.csv:2')"


def key(place, line):
    if line.rejection is None and line.message_id is not None:
        return "message", line.message_id
    if line.rejection is None and line.phone is not None:
        return "number", line.phone.digits
    return "alone", place


@given(st.lists(LINES, max_size=12))
def test_lines_of_one_number_or_message_id_are_one_group_in_the_order_of_their_first(made):
    expected = {}
    for place, line in enumerate(made):
        expected.setdefault(key(place, line), []).append(line)
    assert list(Lines(made).groups()) == list(expected.values())


@given(st.lists(LINES, max_size=12))
def test_keys_are_those_of_the_lines_in_chunks_of_any_size(made):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_LINES_PER_CHUNK", 2)
        patch.setattr(lines, "_KEYS_PER_WRITE", 3)
        packed = Lines(made[:5])
        assert [packed[place] for place in range(len(packed))] == made[:5]
        list(packed.groups())
        for line in made[5:]:
            packed.append(line)
        assert list(packed) == made
        assert list(packed.rejected) == [line for line in made if line.rejection]
        groups = list(packed.groups())
    assert groups == list(Lines(made).groups())
    keys = [
        [(each.message_id, each.digits, each.biz_id, each.out_id) for each in group]
        for group in packed.keys_of_groups()
    ]
    assert keys == [
        [(each.message_id, each.phone and each.phone.digits, each.biz_id, each.out_id) for each in group]
        for group in groups
    ]


@pytest.mark.slow
def test_a_hundred_thousand_numbers_are_apart():
    count, noon = 100_000, datetime(2025, 6, 1, 4, tzinfo=UTC)
    lines = Lines()
    for place in range(count + 10):
        digits = f"139{place % count:08}"
        lines.append(Line("log.csv", place + 2, PhoneNumber(digits, "CN"), digits, sent_at=noon + timedelta(seconds=1)))
    sizes = [len(group) for group in lines.groups()]
    assert sizes == [2] * 10 + [1] * (count - 10)


def test_lines_can_be_read_one_by_one_while_groups_are_read():
    made = [Line("a.csv", number, PhoneNumber(NUMBERS[number % 3], "CN")) for number in range(30)]
    lines = Lines(made)
    assert [(len(group), lines[group[0].number]) for group in lines.groups()] == [(10, made[at]) for at in range(3)]
