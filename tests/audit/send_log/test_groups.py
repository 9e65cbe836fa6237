"""The lines of one number or one message id are one group, in the order of their first lines."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_dysms.audit.send_log import lines
from airflow_provider_dysms.audit.send_log.groups import group_lines
from airflow_provider_dysms.audit.send_log.lines import Line, Lines
from airflow_provider_dysms.model.phone_numbers.number import PhoneNumber

NUMBERS = ["139" + f"{number:08}" for number in range(5)]
LINES = st.builds(
    Line,
    st.just("a.csv"),
    st.integers(1, 2**40),
    phone=st.none() | st.builds(PhoneNumber, st.sampled_from(NUMBERS), st.sampled_from(["CN", "001"])),
    message_id=st.sampled_from([None, None, "1", "2", NUMBERS[0]]),
    rejection=st.sampled_from([None, None, None, ("bad_id", "is bad")]),
)


def key(place, line):
    if line.rejection is None and line.message_id is not None:
        return "message", line.message_id
    if line.rejection is None and line.phone is not None:
        return "number", line.phone.digits
    return "alone", place


@given(st.lists(LINES, max_size=12), st.booleans())
def test_lines_of_one_number_or_message_id_are_one_group_in_the_order_of_their_first(made, all_collide):
    expected = {}
    for place, line in enumerate(made):
        expected.setdefault(key(place, line), []).append(line)
    with pytest.MonkeyPatch.context() as patch:
        if all_collide:
            patch.setattr(lines, "hash", lambda text: 7, raising=False)
        assert list(group_lines(Lines(made))) == list(expected.values())


def test_a_hundred_thousand_numbers_are_reported_apart():
    count, noon = 100_000, datetime(2025, 6, 1, 4, tzinfo=UTC)
    packed = Lines()
    for place in range(count + 10):
        digits = f"139{place % count:08}"
        packed.append(
            Line("log.csv", place + 2, PhoneNumber(digits, "CN"), digits, sent_at=noon + timedelta(seconds=1))
        )
    sizes = [len(group) for group in group_lines(packed)]
    assert sizes == [2] * 10 + [1] * (count - 10)
