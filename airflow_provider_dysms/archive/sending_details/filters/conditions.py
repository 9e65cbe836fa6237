"""Checks the filters of a search, and turns them into the conditions that rows of a day must meet."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.archive.engines.day_search import DaySearch
from airflow_provider_dysms.archive.sending_details.filters.phone_filter import PHONE_NUMBER, PhoneFilter
from airflow_provider_dysms.archive.sending_details.filters.sending_results import EXPIRED_CODE, same_codes, states_of
from airflow_provider_dysms.archive.sending_details.query import MAX_PAGE_SIZE, Count
from airflow_provider_dysms.audit.verdict import PHONE_HASH
from airflow_provider_dysms.model.dates import day_start
from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.model.validation import one_of, text, whole_number, word

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from airflow_provider_dysms.archive.sending_details.filters.time_span import TimeSpan
    from airflow_provider_dysms.archive.sending_details.query import FindQuery
    from airflow_provider_dysms.model.privacy import PrivacyKey

#: Columns that are not searched by their text: numbers have a filter of their own, and texts of messages are private.
_NOT_CARRIED = frozenset({PHONE_NUMBER, PHONE_HASH, "content"})

#: Characters of a filter.
MAX_LENGTH = 1_000


class Filters(PrivateStruct, frozen=True, kw_only=True):
    """Filters that have been checked.

    :param states: the states that are found; ``None`` for all
    :param texts: column -> its text
    :param status_codes: the status codes that are found, in capitals; ``None`` for all
    :param phone: the number that is searched for; ``None`` for all
    """

    states: tuple[str, ...] | None
    texts: tuple[tuple[str, str], ...]
    status_codes: tuple[str, ...] | None
    phone: PhoneFilter | None


def check_filters(query: FindQuery, privacy_key: PrivacyKey | None, max_page_size: int = MAX_PAGE_SIZE) -> Filters:
    """Check the filters of a query, and its page size.

    :param privacy_key: the key under which numbers are hashed; ``None`` without one
    :param max_page_size: largest page size
    :raises DysmsInputError: one cannot be used
    """
    whole_number("page_size", query.page_size, "records", 1, max_page_size)
    one_of("count", query.count, Count.__args__)  # type: ignore[attr-defined]
    texts: dict[str, str] = {}
    for name in ("template_code", "sign_name", "country"):
        if (value := getattr(query, name)) is not None:
            texts[name] = text(name, value, MAX_LENGTH).strip()
    if "sign_name" in texts:
        texts["sign_name"] = texts["sign_name"].removeprefix("【").removesuffix("】")
    if "country" in texts:
        texts["country"] = _country(texts["country"])
    texts |= _carried(query.carried)
    code = None if query.error_code is None else text("error_code", query.error_code, MAX_LENGTH)
    return Filters(
        states=_states(query),
        texts=tuple(sorted(texts.items())),
        status_codes=None if code is None else same_codes(code),
        phone=None if query.phone_number is None else PhoneFilter.of(query.phone_number).under(privacy_key),
    )


def day_search(
    filters: Filters, day: date, span: TimeSpan, result: Mapping[str, Any], **options: Any
) -> DaySearch | None:
    """Return the search of one day.

    :param result: of its manifest
    :param options: ``after``, ``limit`` and ``count`` of the search
    :returns: ``None`` if no row of its file can meet the conditions, because a column is not in it
    """
    columns = {column["name"]: column["type"] for column in result.get("columns") or ()}
    if not all(columns.get(name) == "string" for name, _ in filters.texts):
        return None
    equal: list[tuple[str, tuple[str, ...]]] = [(name, (value,)) for name, value in filters.texts]
    if filters.states is not None:
        equal.insert(0, ("state", filters.states))
    if filters.phone is not None:
        if (condition := filters.phone.condition(columns, result)) is None:
            return None
        equal.insert(0, condition)
    is_whole = span.has_all_of(day)
    return DaySearch(
        equal=tuple(equal),
        status_codes=filters.status_codes,
        with_expired=filters.status_codes is not None and EXPIRED_CODE in filters.status_codes,
        sent_from=None if is_whole and is_within_day(result) else span.start,
        sent_to=None if is_whole and is_within_day(result) else span.end,
        undated=is_whole,
        undated_moment=undated_moment(day),
        **options,
    )


def is_within_day(result: Mapping[str, Any]) -> bool:
    """Return whether every message of a day is dated on it, as its manifest says."""
    return result.get("off_day") == 0


def undated_moment(day: date) -> datetime:
    """Return the instant that stands for an unknown time of sending: older than every message of the day."""
    return day_start(day) - timedelta(microseconds=1)


def _states(query: FindQuery) -> tuple[str, ...] | None:
    states = None if query.result is None else states_of(query.result)
    if query.state is None:
        return states
    word("state", query.state, [state.value for state in State])
    if states is not None and query.state not in states:
        raise DysmsInputError("state", f"{query.state!r} is not a part of the result {query.result!r}; leave one out")
    return (query.state,)


def _country(country: str) -> str:
    code = country.upper()
    if (len(code) == 2 and code.isascii() and code.isalpha()) or code == "001":
        return code
    raise DysmsInputError("country", "must be an ISO code of two letters, such as CN or US")


def _carried(carried: Mapping[str, str]) -> dict[str, str]:
    if not hasattr(carried, "items"):
        raise DysmsInputError("carried", "must be a mapping of your columns to texts")
    texts = {}
    for name, value in carried.items():
        if not isinstance(name, str) or name in _NOT_CARRIED:
            raise DysmsInputError("carried", "names a column of numbers or texts of messages; use phone_number for it")
        texts[name] = text("carried", value, MAX_LENGTH)
    return texts
