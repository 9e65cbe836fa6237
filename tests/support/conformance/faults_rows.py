"""Totals that lie, rows that are none, and other people's."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from support.conformance.book import ANOTHER, DAY, Answer, Book, dumped, rows_of, total_in
from support.conformance.hostile import Ask, Steps
from support.conformance.striking import (
    DETAILS,
    EXACT,
    LISTINGS,
    MESSAGE,
    STATISTICS,
    Strike,
    changed,
    fault,
    http,
    rows,
)

# Totals.


def total(value: Callable[[int, Ask], object]) -> Strike:
    def change(answer: Answer, ask: Ask) -> None:
        holder, name = total_in(answer)
        holder[name] = value(holder[name], ask)

    return changed(change)


def total_raw(value: bytes) -> Strike:
    """Write a total that JSON's writers would not."""

    def change(ask: Ask, book: Book) -> Steps:
        answer = book.answer(ask)
        holder, name = total_in(answer)
        holder[name] = "@@"
        return [http(200, dumped(answer).replace(b'"@@"', value))]

    return change


def without_total(answer: Answer, ask: Ask) -> None:
    holder, name = total_in(answer)
    del holder[name]


listing = partial(fault, on=LISTINGS)
for value in (
    "many",
    "",
    " ",
    "-1",
    "1.5",
    "0x89",
    "１３７",
    "1e2",
    "137;DROP",
    None,
    True,
    [137],
    {"a": 1},
    137.5,
    -1,
):
    listing("total", f"the total {value!r}", total(lambda honest, ask, value=value: value), "DysmsUnreadable")  # type: ignore[misc]
for value in (b"NaN", b"Infinity", b"-Infinity", b"1e999", b"0137", b"+137"):
    listing("total", f"the total {value.decode()} in JSON", total_raw(value), "DysmsUnreadable")
listing("total", "a total of 32 digits", total_raw(b"9" * 32), "DysmsIncomplete")
for value in (b"1e2", b"137.0", b"-0.0", b"9" * 5000):
    listing("total", f"the total {value[:9].decode()}, {len(value)} bytes of JSON", total_raw(value), "DysmsUnreadable")
listing("total", "no total", changed(without_total), "DysmsUnreadable")
listing("total", "the total as a text", total(lambda honest, ask: str(honest)), EXACT)
listing("total", "the total between blanks", total(lambda honest, ask: f" {honest}\n"), EXACT)
listing("total", "a total of 0 over rows", total(lambda honest, ask: 0), "DysmsIncomplete")
listing("total", "a total of 2 over all rows", total(lambda honest, ask: 2), "DysmsIncomplete")
listing("total", "a total of 49", total(lambda honest, ask: 49), "DysmsIncomplete")
listing("total", "a total of 50", total(lambda honest, ask: 50), "DysmsIncomplete", is_lie=True)
listing("total", "a total of 98", total(lambda honest, ask: 98), "DysmsIncomplete")
listing("total", "a total of 100", total(lambda honest, ask: 100), "DysmsIncomplete")
listing("total", "a total that is 1 too low", total(lambda honest, ask: honest - 1), "DysmsIncomplete")
listing("total", "a total that is 1 too high", total(lambda honest, ask: honest + 1), "DysmsIncomplete")
listing("total", "a total of 1,000", total(lambda honest, ask: 1000), "DysmsIncomplete")
listing("total", "a total of 1,000,000,000", total(lambda honest, ask: 1_000_000_000), "DysmsIncomplete")
listing(
    "total",
    "the page's own count as the total",
    changed(lambda answer, ask: total_in(answer)[0].update({total_in(answer)[1]: len(rows_of(answer))})),
    "DysmsIncomplete",
    is_lie=True,
)
listing("total", "a total that grows", total(lambda honest, ask: honest + ask.number), "DysmsIncomplete")
listing("total", "a total that shrinks", total(lambda honest, ask: honest - ask.number), "DysmsIncomplete")
listing("total", "a total that swings", total(lambda honest, ask: honest + ask.number % 2), "DysmsIncomplete")
listing(
    "total",
    "a total that is the page's end",
    total(lambda honest, ask: min(honest, ask.page * ask.size)),
    "DysmsIncomplete",
    is_lie=True,
)

# Rows that are not rows, and other people's.


def each_row(**fields: object) -> Strike:
    return rows(lambda found, ask: [row.update(fields) for row in found])


def one_row(**fields: object) -> Strike:
    return rows(lambda found, ask: found[len(found) // 2].update(fields) if found else None)


def without(name: str) -> Strike:
    return rows(lambda found, ask: [row.pop(name, None) for row in found])


def records(value: object) -> Strike:
    """Put something where the list of rows belongs."""

    def change(answer: Answer, ask: Ask) -> None:
        if "Data" in answer:
            answer["Data"]["TargetList"] = value
        else:
            answer["SmsSendDetailDTOs"] = {"SmsSendDetailDTO": value}

    return changed(change)


def on_day(days: int) -> str:
    return f"{DAY.fromordinal(DAY.toordinal() + days)} 12:00:00"


details = partial(fault, "row", on=frozenset({DETAILS}))
for value in ([], None, "", {}):
    listing("row", f"{value!r} for rows", records(value), "DysmsIncomplete")
for value in ("many", 7, True, [1, 2], [None], ["row"], [[]], {"a": 1}):
    listing("row", f"{value!r} for rows", records(value), "DysmsUnreadable")
details("no rows at all", changed(lambda answer, ask: answer.pop("SmsSendDetailDTOs") and None), "DysmsIncomplete")
details(
    "rows without the inner name", changed(lambda answer, ask: {**answer, "SmsSendDetailDTOs": rows_of(answer)}), EXACT
)
details(
    "names that begin small",
    changed(lambda answer, ask: {name[0].lower() + name[1:]: value for name, value in answer.items()}),
    EXACT,
)
details("rows of another number", each_row(PhoneNum=ANOTHER), "DysmsIncomplete")
details("one row of another number", one_row(PhoneNum=ANOTHER), "DysmsIncomplete")
details("one row of a foreign number", one_row(PhoneNum="852" + "51234567"), "DysmsIncomplete")
details("one row of a longer number", one_row(PhoneNum="139000011110"), "DysmsIncomplete")
for text in ("", " ", None, [], {}, True):
    details(f"one row with the number {text!r}", one_row(PhoneNum=text), "DysmsUnreadable")
for text in ("x", 0, "0", "*", "***********"):
    details(f"one row with the number {text!r}", one_row(PhoneNum=text), "DysmsIncomplete")
details("rows without a number", without("PhoneNum"), "DysmsUnreadable")
for days in (-400, -30, -2, 2, 30):
    details(f"rows dated {days} days off", each_row(SendDate=on_day(days)), "DysmsIncomplete")
    details(f"one row dated {days} days off", one_row(SendDate=on_day(days)), "DysmsIncomplete")
for text in ("yesterday", "2026-13-01 00:00:00", "0000-00-00 00:00:00", "20260101", 1767225600, [], True):
    details(f"one row dated {text!r}", one_row(SendDate=text), "DysmsUnreadable")
    details(f"one row received {text!r}", one_row(ReceiveDate=text), "DysmsUnreadable")
for value in ("delivered", 1.5, [], {}, True):
    details(f"one row with the status {value!r}", one_row(SendStatus=value), "DysmsUnreadable")
for name in ("ErrCode", "TemplateCode", "OutId", "Content"):
    details(f"one row whose {name} is a list", one_row(**{name: ["x"]}), "DysmsUnreadable")
details(
    "the status as a text",
    rows(lambda found, ask: [row.update(SendStatus=str(row["SendStatus"])) for row in found]),
    EXACT,
)
details(
    "empty texts for what is absent",
    rows(lambda found, ask: [row.update({"ErrCode": "", "ReceiveDate": "", **row}) for row in found]),
    EXACT,
)
details(
    "null for what is absent",
    rows(lambda found, ask: [row.update({"ErrCode": None, "ReceiveDate": None, **row}) for row in found]),
    EXACT,
)
details("fields that are not known", each_row(Fresh="x"), EXACT)
details("an unknown field 30 deep", each_row(Fresh=eval("[" * 30 + "]" * 30)), EXACT)

counts = partial(fault, "row", on=frozenset({STATISTICS}))
counts("a day that was not asked for", one_row(SendDate="20200101"), "DysmsIncomplete")
counts("a day twice", rows(lambda found, ask: found[0].update(SendDate=found[-1]["SendDate"])), "DysmsIncomplete")
counts(
    "every row of one day",
    rows(lambda found, ask: [row.update(SendDate=found[0]["SendDate"]) for row in found]),
    "DysmsIncomplete",
)
for value in ("many", -1, None, 1.5, True, [], ""):
    counts(f"a day's count {value!r}", one_row(TotalCount=value), "DysmsUnreadable")
for value in ("", None, "today", 20261301, "2026-02-30", []):
    counts(f"the day {value!r}", one_row(SendDate=value), "DysmsUnreadable")
for name in ("TotalCount", "RespondedSuccessCount", "RespondedFailCount", "NoRespondedCount", "SendDate"):
    counts(f"days without {name}", without(name), "DysmsUnreadable")
for value in (None, [], "", 7, "many"):
    counts(
        f"{value!r} for data", changed(lambda answer, ask, value=value: {**answer, "Data": value}), "DysmsUnreadable"
    )  # type: ignore[misc]
counts("no data", changed(lambda answer, ask: answer.pop("Data") and None), "DysmsUnreadable")
counts(
    "counts as texts",
    rows(lambda found, ask: [row.update({name: str(value) for name, value in row.items()}) for row in found]),
    EXACT,
)


def report(**fields: object) -> Strike:
    return changed(lambda answer, ask: {**answer, **fields})


messages = partial(fault, "row", on=frozenset({MESSAGE}))
messages("another message", report(MessageId="1999999999"), "DysmsIncomplete")
messages("another message, as a number", report(MessageId=1999999999), "DysmsIncomplete")
for value in ("", None, [], True):
    messages(f"the id {value!r}", report(MessageId=value), "DysmsUnreadable")
messages("no id", changed(lambda answer, ask: answer.pop("MessageId") and None), "DysmsUnreadable")
for name in ("SendDate", "ReceiveDate"):
    for value in ("yesterday", 7, "Mon, 99 Dec 2018 16:58:22 +0800", []):
        messages(f"{name} {value!r}", report(**{name: value}), "DysmsUnreadable")
for name in ("Status", "ErrorCode", "To", "Message", "ErrorDescription"):
    messages(f"{name} as a list", report(**{name: ["1"]}), "DysmsUnreadable")
messages("a number's detail that is a number", report(NumberDetail=7), "DysmsUnreadable")
for value in ("", None, {}, "CN"):
    messages(f"a number's detail {value!r}", report(NumberDetail=value), EXACT)
