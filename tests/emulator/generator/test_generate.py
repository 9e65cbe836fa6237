"""Generated days: equal for equal seeds, in agreement with the service, and with bounded memory."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_dysmsapi20170525 import models as china_models
from alibabacloud_dysmsapi20180501 import models as globe_models

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.emulator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable


def test_equal_seeds_give_equal_days(make: Callable[..., Any], emulator: Any) -> None:
    days = []
    for seed in (1, 1, 2):
        emulator.reset()
        day = make(messages=600, seed=seed)
        days.append((day.log.read_bytes(), day.truth_file.read_bytes(), emulator.messages()))
    assert days[0] == days[1]
    assert days[0][0] != days[2][0]
    assert days[0][1] != days[2][1]


def test_the_truth_is_what_the_official_sdks_read_back(
    make: Callable[..., Any], china: Any, globe: Any, emulator: Any
) -> None:
    day = make(messages=400, seed=3, midnight=3, missing=0.05, unlogged=0.05)
    rows: dict[str, list[dict[str, Any]]] = {}
    biz_ids = {each["biz_id"] for each in day.truth}
    for expected in day.truth:
        if expected["message_id"] is not None:
            _check_message(expected, globe)
            continue
        parameters = (expected["phone_number"], expected["biz_id"])
        found = rows.setdefault(str(parameters), _details(china, *parameters, day.date))
        if expected["state"] == "missing":
            alike = [row for row in found if expected["biz_id"] or row.get("OutId") == expected["out_id"]]
            assert not alike or expected["out_id"] is expected["biz_id"] is None
        else:
            assert _row(expected) in found
    assert len(biz_ids) > 10
    recorded = [each for each in day.truth if each["state"] != "missing"]
    assert day.result["messages"] == len(recorded) == len(emulator.messages())
    assert {"delivered", "failed", "waiting", "missing", "unlogged"} == set(day.by_state())


def _check_message(expected: dict[str, Any], globe: Any) -> None:
    response = globe.query_message(globe_models.QueryMessageRequest(message_id=expected["message_id"])).body
    if expected["state"] == "missing":
        assert response.response_code == "DATA_NOT_EXIST"
        assert expected["phone_number"] is None
        return
    assert (response.to, response.error_code) == (expected["phone_number"], expected["error_code"])
    assert response.status == {"delivered": "1", "failed": "2", "waiting": "3"}[expected["state"]]
    sent_at = datetime.strptime(response.send_date, "%a, %d %b %Y %H:%M:%S %z")
    assert sent_at == datetime.fromisoformat(expected["sent_at"])


def _details(china: Any, number: str, biz_id: str | None, day: Any) -> list[dict[str, Any]]:
    rows = []
    for each in (day, day + timedelta(days=1)):
        for page in (1, 2, 3):
            request = china_models.QuerySendDetailsRequest(
                phone_number=number, biz_id=biz_id, send_date=f"{each:%Y%m%d}", page_size=50, current_page=page
            )
            response = china.query_send_details(request).body
            for row in response.sms_send_detail_dtos.sms_send_detail_dto:
                fields = row.to_map()
                fields.pop("Content")
                rows.append(fields)
            if page * 50 >= response.total_count:
                break
    return rows


def _row(expected: dict[str, Any]) -> dict[str, Any]:
    def beijing(text: str) -> str:
        return (datetime.fromisoformat(text) + timedelta(hours=8)).strftime("%Y-%m-%d %H:%M:%S")

    row = {
        "PhoneNum": expected["phone_number"],
        "SendDate": beijing(expected["sent_at"]),
        "TemplateCode": expected["template_code"],
    }
    if expected["received_at"]:
        row |= {"ReceiveDate": beijing(expected["received_at"]), "ErrCode": expected["error_code"]}
    if expected["out_id"]:
        row["OutId"] = expected["out_id"]
    status = {"delivered": 3, "failed": 2, "waiting": 1}.get(expected["state"])
    if status is None:  # unlogged: the state is in the code
        status = {"DELIVERED": 3, None: 1}.get(expected["error_code"], 2)
    return row | {"SendStatus": status}


def test_the_statistics_agree_with_the_messages(make: Callable[..., Any], legacy: Callable[..., bytes]) -> None:
    day = make(messages=2_000)
    blacklisted = {"MOBILE_IN_BLACK", "USER_REJECT", "MB:1077"}
    for is_globe in (1, 2):
        parameters = {"IsGlobe": is_globe, "StartDate": f"{day.date:%Y%m%d}", "EndDate": f"{day.date:%Y%m%d}"}
        response = legacy(
            "2017-05-25", "QuerySendStatistics", parameters | {"PageIndex": 1, "PageSize": 1}, method="POST"
        )
        [statistics] = json.loads(response)["Data"]["TargetList"]
        counted = [
            each
            for each in day.truth
            if each["state"] != "missing"
            and each["message_id"] is None  # those are the other account's
            and each["error_code"] not in blacklisted
            and (len(each["phone_number"]) == 11 and each["phone_number"].startswith("1")) == (is_globe == 1)
        ]
        assert statistics["TotalCount"] == sum(each["segments"] for each in counted)
        delivered = [each for each in counted if each["error_code"] == "DELIVERED"]
        assert statistics["RespondedSuccessCount"] == sum(each["segments"] for each in delivered)
        assert statistics["NoRespondedCount"] == sum(each["segments"] for each in counted if each["error_code"] is None)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"kinds": {"biz_id": 1, "question": 1}}, "question"),
        ({"kinds": {"pigeon": 1}}, "kinds"),
        ({"kinds": {"international": 1}, "midnight": 1}, "midnight"),
        ({"kinds": {"biz_id": 1}, "ambiguous": 1}, "ambiguous"),
        ({"messages": 1, "ambiguous": 1}, "messages"),
        ({"failed": 0.9, "waiting": 0.2}, "failed"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_contradicting_arguments_are_refused(emulator: Any, options: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        emulator.generate(send_date=datetime.now(UTC).date(), **options)
    assert emulator.messages() == []


@pytest.mark.slow
def test_writing_the_files_takes_no_memory_beyond_the_messages(tmp_path: Path) -> None:
    def resident(pid: int) -> int:
        [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) * 1024

    with Emulator.start() as emulator:
        day = datetime.now(UTC).date()
        emulator.generate(send_date=day, messages=2_000, log=tmp_path / "log", truth=tmp_path / "truth")
        before = resident(emulator.pid)
        emulator.generate(send_date=day, messages=40_000, seed=2, log=tmp_path / "log", truth=tmp_path / "truth")
        assert resident(emulator.pid) - before < 40_000 * 1_200
