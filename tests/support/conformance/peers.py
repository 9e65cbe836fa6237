"""The same faults for us and for three other ways to ask QuerySendDetails, each written as its documentation shows.

Run in an environment of its own: `make conformance-peers`. Pauses between tries are shortened for all; the others need
not sign. What each gives is compared with the rows of an honest service: *exact*, *loud* (an error), *SILENT* (wrong
rows, and no error), *HUNG* (no end within 40 s). Of codes, statuses and odd values a share is played. Left out are
floods without end and bombs (the others take them in), and a first page whose total calls it all there is (everybody
believes it).
"""

from __future__ import annotations

import json
import logging
import os
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

os.environ |= {
    "AIRFLOW_HOME": tempfile.mkdtemp(prefix="airflow-home-"),
    "AIRFLOW__LOGGING__LOGGING_LEVEL": "FATAL",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",
    "RUNTIME__REQUEST_TIMEOUT": "2",  # seconds; a minute if nobody says so
}

import tenacity
from airflow.providers.http.operators.http import HttpOperator
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import QuerySendDetailsRequest
from alibabacloud_tea_openapi.models import Config
from dlt.sources.rest_api import rest_api_resources

from support.conformance.book import DAY, NUMBER, Row
from support.conformance.cases import CODES, LOOKS, Case, Play, Played
from support.conformance.entries import ENTRIES
from support.conformance.entry import SECRET, Entry, Place
from support.conformance.faults import FAULTS
from support.conformance.outcomes import End
from support.conformance.striking import DETAILS, Fault

DATE = DAY.strftime("%Y%m%d")
NAMES = ("PhoneNum", "OutId", "SendStatus", "ErrCode", "TemplateCode", "Content", "SendDate", "ReceiveDate")
US = ENTRIES[f"client (own), {DETAILS}"]
WHENS = ("once", "always", "once on page 2")


def sdk(place: Place) -> list[Row]:
    """The vendor's SDK, in the loop that its pages ask for."""
    config = Config(access_key_id=place.login, access_key_secret=SECRET, protocol="http", read_timeout=2000)
    config.endpoint = f"127.0.0.1:{place.port}"
    client = Client(config)
    rows: list[Row] = []
    page = 1
    while True:
        request = QuerySendDetailsRequest(phone_number=NUMBER, send_date=DATE, page_size=50, current_page=page)
        body = client.query_send_details(request).body
        found = body.sms_send_detail_dtos.sms_send_detail_dto if body.sms_send_detail_dtos else None
        rows += [each.to_map() for each in found or ()]
        if not found or len(rows) >= int(body.total_count or 0):
            return rows
        page += 1


def http_operator(place: Place) -> list[Row]:
    """HttpOperator with a pagination function and retries; five of them here, that it comes to an end."""
    os.environ[f"AIRFLOW_CONN_{place.login}"] = json.dumps(
        {"conn_type": "http", "host": "127.0.0.1", "port": place.port}
    )
    asked = {"Action": DETAILS, "PhoneNumber": NUMBER, "SendDate": DATE, "PageSize": 50}

    def records(response: Any) -> list[Row]:
        return (response.json().get("SmsSendDetailDTOs") or {}).get("SmsSendDetailDTO") or []

    def next_page(response: Any) -> dict[str, Any] | None:
        page = int(response.request.url.partition("CurrentPage=")[2].partition("&")[0])
        if page * 50 < int(response.json().get("TotalCount") or 0):
            return {"data": {"CurrentPage": page + 1}}
        return None

    operator = HttpOperator(
        task_id="ask",
        http_conn_id=place.login,
        method="GET",
        data={**asked, "CurrentPage": 1},
        headers={"x-login": place.login},
        pagination_function=next_page,
        response_filter=lambda responses: [row for each in responses for row in records(each)],
        extra_options={"timeout": 2},
        retry_args={
            "wait": tenacity.wait_exponential(multiplier=0.1),
            "stop": tenacity.stop_after_attempt(5),
            "retry": tenacity.retry_if_exception_type(Exception),
        },
    )
    found: list[Row] = operator.execute({})
    return found


def rest_api(place: Place) -> list[Row]:
    """dlt's source for REST APIs, which pages until a page is empty."""
    endpoint = {
        "path": "/",
        "params": {"Action": DETAILS, "PhoneNumber": NUMBER, "SendDate": DATE, "PageSize": 50},
        "data_selector": "SmsSendDetailDTOs.SmsSendDetailDTO",
        "paginator": {"type": "page_number", "base_page": 1, "page_param": "CurrentPage", "total_path": None},
    }
    client = {"base_url": f"http://127.0.0.1:{place.port}", "headers": {"x-login": place.login}}
    (resource,) = rest_api_resources({"client": client, "resources": [{"name": place.login, "endpoint": endpoint}]})  # type: ignore[typeddict-item]
    return list(resource)


PEERS: dict[str, Callable[[Place], list[Row]]] = {"SDK": sdk, "HttpOperator": http_operator, "dlt": rest_api}
COLUMNS = ("us", *PEERS)


class Compared(Played):
    """A case as the comparison counts it: rows, right or wrong, or any error at all."""

    limit = 40.0

    def judged(self, found: list[Row] | BaseException) -> tuple[End, str]:
        if isinstance(found, BaseException):
            return End.REFUSED, ""
        if self.case.entry.kind != "peer":
            return super().judged(found)
        told, true = (Counter(map(_told, rows)) for rows in (found, self.book.rows))
        return (End.EXACT if told == true else End.SILENT), ""


def main() -> int:
    logging.disable(logging.CRITICAL)
    say = partial(print, file=sys.stdout, flush=True)  # some of the others put something else in its place
    entries = [US, *(Entry(name, "peer", DETAILS, ask) for name, ask in PEERS.items())]
    lines = [[Case(fault, when, entry) for entry in entries] for fault in FAULTS.values() for when in _whens(fault)]
    width = max(len(_name(line[0])) for line in lines)
    said = {End.EXACT: "exact", End.REFUSED: "loud", End.SILENT: "SILENT", End.HUNG: "HUNG"}
    counts: dict[str, Counter[str]] = {column: Counter() for column in COLUMNS}
    say(f"{'':{width}}  {'  '.join(f'{column:12}' for column in COLUMNS)}")
    with Play([case for line in lines for case in line], kind=Compared) as play:
        for line in lines:
            ends = [said.get(play.played[case.name].wait(), "loud") for case in line]
            for column, end in zip(COLUMNS, ends, strict=True):
                counts[column][end] += 1
            say(f"{_name(line[0]):{width}}  {'  '.join(f'{end:12}' for end in ends)}")
    for end in said.values():
        what = f"{len(lines)} faults: {end}"
        say(f"{what:{width}}  {'  '.join(f'{counts[column][end]:<12}' for column in COLUMNS)}")
    return 1 if counts["us"]["SILENT"] or counts["us"]["HUNG"] else 0


def _whens(fault: Fault) -> tuple[str, ...]:
    is_endless = fault.name.endswith(" end") or "bomb" in fault.name
    if DETAILS not in fault.on or fault.is_lie or is_endless:
        return ()
    if fault.group in CODES | LOOKS and zlib.crc32(fault.name.encode()) % 3:
        return ()
    return WHENS if fault.is_paged else WHENS[:2]


def _name(case: Case) -> str:
    return f"{case.fault.name}, {case.when}"


def _told(row: Row) -> tuple[str, ...]:
    """A row of any of the others, where what is absent, null and empty is one."""
    return tuple(str(row.get(name) or "") for name in NAMES)


if __name__ == "__main__":
    os._exit(main())  # a thread that hung still does
