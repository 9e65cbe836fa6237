"""Times are read in every form that programs write, and refused if they could mean two instants."""

from datetime import timedelta

import pytest
from support.send_logs import NOON, json_lines, one, read


@pytest.mark.parametrize(
    ("written", "time", "expected"),
    [
        ({"time_format": "%m/%d/%Y %I:%M %p"}, "06/01/2025 12:00 PM", NOON),
        ({"time_format": "%d.%m.%y %H:%M", "timezone": "Europe/Berlin"}, "01.06.25 06:00", NOON),
        ({"time_format": "%Y%m%d%H%M%S"}, 20250601120000, NOON),
        ({"time_format": "%Y-%m-%dT%H:%M:%S%z", "timezone": "UTC"}, "2025-06-01T12:00:00+08:00", NOON),
        ({"timezone": "UTC"}, "2025-06-01 04:00:00", NOON),
        ({"timezone": "UTC"}, "2025/6/1 4:00", NOON),
        ({"timezone": "UTC"}, "20250601040000", NOON),
        ({"timezone": "UTC"}, "2025-06-01T12:00:00+08:00", NOON),
        ({"timezone": "UTC"}, "Sun, 01 Jun 2025 04:00:00", NOON),
        ({"timezone": "America/New_York"}, 1748750400, NOON),
        ({"time_format": "%Y/%m/%d %H:%M"}, "2025-06-01 12:00", None),
    ],
)
def test_time_format_and_timezone_say_how_a_time_is_meant(written, time, expected):
    line = read("l.jsonl", json_lines([{"phone_number": "13900001111", "sent_at": time}]), **written).lines[0]
    assert line.sent_at == expected
    assert (line.rejection is None) is (expected is not None)


@pytest.mark.parametrize(
    ("time", "zone", "told"),
    [
        ("2025-03-09 02:30:00", "America/New_York", "does not exist"),
        ("2025-11-02 01:30:00", "America/New_York", "happens twice"),
    ],
)
def test_a_time_that_clocks_skip_or_show_twice_is_refused(time, zone, told):
    for text, written in ((time, {"timezone": zone}), (f"{time} {zone}", {})):
        line = read("l.csv", f"phone_number,sent_at\n13900001111,{text}\n", **written).lines[0]
        assert told in line.rejection[1]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2025-06-01 12:00:00", NOON),
        ("2025-06-01T12:00", NOON),
        ("2025-06-01T12:00:00.000+08:00", NOON),
        ("2025-06-01 12:00:00 +0800", NOON),
        ("2025-06-01 04:00:00 UTC", NOON),
        ("2025-06-01T04:00:00Z", NOON),
        ("2025-06-01T04:00:00.123456789Z", NOON + timedelta(microseconds=123456)),
        ("Sun, 01 Jun 2025 12:00:00 +0800", NOON),
        ("2025-05-31 23:50:00", NOON - timedelta(hours=12, minutes=10)),
        ("2025-06-02 00:09:59", NOON + timedelta(hours=12, minutes=9, seconds=59)),
        (None, None),
        ("", None),
    ],
)
def test_times_are_read_with_and_without_a_zone(written, expected):
    line = one(sent_at=written)
    assert line.rejection is None
    assert line.sent_at == expected
