from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal

import pendulum
import pytest

from airflow_provider_dysms.model.dates import (
    BEIJING,
    beijing_day,
    check_window,
    day_spans,
    day_start,
    days_left,
    iso_utc,
    parse_day,
    parse_instant,
    remembered_days,
    window,
    wire_day,
)
from airflow_provider_dysms.model.errors import DysmsInputError, DysmsWindowError
from airflow_provider_dysms.model.safe_text import safe_repr

FIRST_OF_JUNE = date(2025, 6, 1)
NOON = datetime(2025, 6, 1, 12, tzinfo=BEIJING)


@pytest.mark.parametrize(
    "written",
    [
        "20250601",
        "2025-06-01",
        " 2025-06-01\n",
        20250601,
        FIRST_OF_JUNE,
        pendulum.date(2025, 6, 1),
        NOON,
        datetime(2025, 5, 31, 16, tzinfo=UTC),
        datetime(2025, 6, 1, 15, 59, 59, tzinfo=UTC),
        pendulum.datetime(2025, 5, 31, 16, tz="UTC"),
        pendulum.datetime(2025, 5, 31, 12, tz="America/New_York"),
    ],
)
def test_a_day_is_read_as_people_write_it(written: str | date) -> None:
    day = parse_day(written)
    assert (type(day), day) == (date, FIRST_OF_JUNE)


@pytest.mark.parametrize("naive", [datetime(2025, 6, 1), pendulum.naive(2025, 6, 1)])  # noqa: DTZ001
def test_a_naive_datetime_is_refused_because_its_day_is_a_guess(naive: datetime) -> None:
    with pytest.raises(DysmsInputError) as refused:
        parse_day(naive)
    assert refused.value.message == (
        "send_date is a datetime without a time zone; pass one with a zone, or the day as 'YYYY-MM-DD'"
    )


@pytest.mark.parametrize(
    "written",
    [
        "",
        "yesterday",
        "2025-13-01",
        "20250229",
        "2025/06/01",
        "2025-6-1",
        "202506-1",
        "１２３４５６７８",
        "20250-6-01",
        "2025-06-01T00:00:00+08:00",
        None,
        20251301,
        True,
        1.5,
        Decimal(20250601),
    ],
)
def test_what_is_no_date_is_an_error_that_names_the_argument_and_the_remedy(written: object) -> None:
    with pytest.raises(DysmsInputError) as caught:
        parse_day(written, "first_date")  # type: ignore[arg-type]
    assert caught.value.argument == "first_date"
    assert caught.value.problem == (
        f"is not a date: {safe_repr(written)}; "
        "it must be 'YYYY-MM-DD', 'YYYYMMDD', a date, or a datetime with a time zone"
    )


@pytest.mark.parametrize(
    "edge", [datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=timezone(timedelta(hours=14)))]
)
def test_an_instant_that_has_no_day_in_beijing_is_an_error_that_names_the_argument(edge: datetime) -> None:
    with pytest.raises(DysmsInputError) as refused:
        parse_day(edge, "first_date")
    assert refused.value.message == "first_date is at the edge of the calendar, outside the days that Beijing has"


@pytest.mark.parametrize("number", ["13900000000", "+86 139-0000-0000", "1390000-0000"])
def test_a_phone_number_in_the_place_of_a_date_is_not_repeated(number: str) -> None:
    with pytest.raises(DysmsInputError) as caught:
        parse_day(number)
    assert "139" not in str(caught.value)


def test_a_beijing_day_begins_at_sixteen_hours_utc() -> None:
    start = day_start(FIRST_OF_JUNE)
    assert start == datetime(2025, 5, 31, 16, tzinfo=UTC)
    assert beijing_day(start) == FIRST_OF_JUNE
    assert beijing_day(start - timedelta(microseconds=1)) == date(2025, 5, 31)
    assert wire_day(FIRST_OF_JUNE) == "20250601"


@pytest.mark.parametrize("hour", [0, 23])
def test_the_window_is_the_same_from_the_first_to_the_last_second_of_a_beijing_day(hour: int) -> None:
    now = datetime(2025, 6, 1, hour, 59 if hour else 0, 59 if hour else 0, tzinfo=BEIJING).astimezone(UTC)
    assert window(now) == (date(2025, 5, 2), FIRST_OF_JUNE)
    check_window(date(2025, 5, 2), now)
    check_window(FIRST_OF_JUNE, now)
    with pytest.raises(DysmsWindowError, match=r"2025-05-01 is outside .* from 2025-05-02 to 2025-06-01"):
        check_window(date(2025, 5, 1), now)
    with pytest.raises(DysmsWindowError, match="2025-06-02 is in the future"):
        check_window(date(2025, 6, 2), now)


def test_a_day_outside_the_window_is_an_error_of_the_argument_it_came_by() -> None:
    with pytest.raises(DysmsWindowError) as refused:
        check_window(date(2025, 6, 2), NOON)
    assert (refused.value.argument, refused.value.message) == (
        "send_date",
        "send_date 2025-06-02 is in the future; today is 2025-06-01 in Beijing, "
        "so choose a day from 2025-05-02 to 2025-06-01",
    )
    with pytest.raises(DysmsWindowError, match="last_date 2025-05-01 is outside the 30 days that the service") as past:
        check_window(date(2025, 5, 1), NOON, "last_date")
    assert past.value.argument == "last_date"


def test_the_window_moves_at_midnight_in_beijing_and_not_in_utc() -> None:
    midnight = datetime(2025, 6, 1, 16, tzinfo=UTC)
    assert window(midnight - timedelta(seconds=1))[1] == FIRST_OF_JUNE
    assert window(midnight)[1] == date(2025, 6, 2)


def test_remembered_days_are_those_of_a_span_that_the_window_has() -> None:
    yesterday = date(2025, 5, 31)
    days = remembered_days(yesterday, 30, NOON)
    assert (len(days), days[0], days[-1]) == (30, date(2025, 5, 2), yesterday)
    assert remembered_days(date(2025, 6, 3), 4, NOON) == [yesterday, FIRST_OF_JUNE]
    assert remembered_days(date(2025, 5, 3), 30, NOON) == [date(2025, 5, 2), date(2025, 5, 3)]
    assert remembered_days(date(2025, 5, 1), 30, NOON) == []
    assert remembered_days(date.min, 30, NOON) == remembered_days(date.max, 30, NOON) == []


def test_days_that_follow_each_other_are_one_span() -> None:
    days = [FIRST_OF_JUNE - timedelta(days=back) for back in (0, 3, 2, 7, 1)]
    assert day_spans(days) == [(days[3], days[3]), (days[1], FIRST_OF_JUNE)]
    assert day_spans([]) == []


def test_days_left_count_down_to_zero_on_the_last_day() -> None:
    assert days_left(FIRST_OF_JUNE, NOON) == 30
    assert days_left(date(2025, 5, 2), NOON) == 0
    assert days_left(date(2025, 5, 1), NOON) == -1


@pytest.mark.parametrize(
    "written",
    [
        "2025-06-01 16:44:10",
        "2025-06-01T16:44:10",
        " 2025-06-01 16:44:10 ",
        "2025-06-01T08:44:10Z",
        "2025-06-01T16:44:10+08:00",
        "2025-06-01 10:44:10.000+02:00",
        "Sun, 01 Jun 2025 16:44:10 +0800",
        "Sun, 1 Jun 2025 08:44:10 GMT",
        "Sun, 01 Jun 2025 08:44:10 -0000",
        "01 Jun 2025 16:44:10",
    ],
)
def test_a_time_without_a_zone_is_beijings_and_every_time_comes_out_in_utc(written: str) -> None:
    instant = parse_instant(written)
    assert instant == datetime(2025, 6, 1, 8, 44, 10, tzinfo=UTC)
    assert instant.tzinfo is UTC


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_no_time_is_none(nothing: object) -> None:
    assert parse_instant(nothing) is None


@pytest.mark.parametrize(
    "written",
    [
        "soon",
        "1748767450000",
        "20250601",
        "2025-06-01",
        "2025-W22-7T10:00:00",
        "2025-06-31 00:00:00",
        1748767450,
        True,
        "Sun, 01 Jun 2025 16:44:10 CST",
        "Sun, 31 Feb 2025 16:44:10 +0800",
        "Sun, 01 Jun 2025 16:44:10 +9999",
        "0001-01-01 00:00:00",
        "9999-12-31T23:59:59Z",
        "2025-06-01 25:00:00",
        "1",
        "Sun Jun 01 16:44:10 CST 2025",
        {},
    ],
)
def test_what_is_no_time_is_an_error_that_does_not_repeat_it(written: object) -> None:
    with pytest.raises(ValueError, match="time") as caught:
        parse_instant(written)
    assert str(caught.value) == (
        "not a time in a form that the service is known to write"
        if isinstance(written, str)
        else f"a time must be text, not {type(written).__name__}"
    )


def test_a_zone_that_is_no_python_zone_of_ours_does_not_change_an_instant() -> None:
    class Odd(tzinfo):
        def utcoffset(self, when: datetime | None) -> timedelta:
            return timedelta(hours=8)

        def dst(self, when: datetime | None) -> timedelta:
            return timedelta(0)

    assert beijing_day(datetime(2025, 6, 1, 0, 0, 1, tzinfo=Odd())) == FIRST_OF_JUNE


def test_an_instant_is_written_in_utc_with_its_letter_and_none_as_none() -> None:
    assert iso_utc(datetime(2025, 6, 1, 4, tzinfo=UTC)) == "2025-06-01T04:00:00Z"
    assert iso_utc(datetime(2025, 6, 1, 4, 0, 0, 250_000, tzinfo=UTC)) == "2025-06-01T04:00:00.250000Z"
    assert iso_utc(datetime(2025, 6, 1, 4, 0, 0, 250_000, tzinfo=UTC), timespec="seconds") == "2025-06-01T04:00:00Z"
    assert iso_utc(None) is None


def test_a_partition_key_with_a_time_says_how_the_timetable_writes_days() -> None:
    with pytest.raises(DysmsInputError) as caught:
        parse_day("2025-06-01T00:00:00", "send_date")
    assert str(caught.value) == (
        "send_date is a time without a zone, not a day; if it is the partition key of the run, set "
        "key_format='%Y-%m-%d' in the timetable."
    )


def test_a_time_of_pendulum_before_1970_is_on_its_beijing_day() -> None:
    assert beijing_day(pendulum.datetime(1969, 12, 30, 15, 59)) == date(1969, 12, 30)
    assert beijing_day(pendulum.datetime(1969, 12, 30, 16)) == date(1969, 12, 31)


def test_the_last_microsecond_of_a_beijing_day_is_on_that_day_in_every_year() -> None:
    midnight = datetime(9000, 6, 1, 16, tzinfo=UTC)
    assert beijing_day(midnight - timedelta(microseconds=1)) == date(9000, 6, 1)
    assert beijing_day(midnight) == date(9000, 6, 2)


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine is in New York."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EST5EDT,M3.2.0,M11.1.0")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    "written",
    [
        "2025-06-02 16:44:11",
        "2025-06-02T08:44:11Z",
        "Mon, 02 Jun 2025 16:44:11 +0800",
        "Mon, 02 Jun 2025 08:44:11 GMT",
        "Mon, 02 Jun 2025 08:44:11 -0000",
        "02 Jun 2025 16:44:11",
    ],
)
def test_the_zone_of_the_machine_does_not_change_an_instant(new_york: None, written: str) -> None:
    assert time.localtime(0).tm_hour == 19
    assert parse_instant(written) == datetime(2025, 6, 2, 8, 44, 11, tzinfo=UTC)
