"""A made-up day: equal for equal seeds, true to what the service answers, and varied enough to be worth an audit."""

from __future__ import annotations

import csv
import itertools
import json
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import phonenumbers
import pytest
from alibabacloud_dysmsapi20170525 import models as china_models
from alibabacloud_dysmsapi20180501 import models as globe_models

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.emulator.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


class Made:
    """A day that was made: the log's lines, the truth, and what the emulator told."""

    def __init__(self, emulator: Any, folder: Path, days_back: int = 2, **how: Any) -> None:
        self.log, self.truth_file = folder / "log.csv", folder / "truth.jsonl"
        self.day = (emulator.now() + timedelta(hours=8)).date() - timedelta(days=days_back)
        self.told = emulator.generate(send_date=self.day, log=self.log, truth=self.truth_file, **how)
        with self.log.open(newline="", encoding="utf-8") as file:
            self.lines = list(csv.DictReader(file))
        self.truth = [json.loads(line) for line in self.truth_file.read_text("utf-8").splitlines()]

    def by_state(self) -> Counter[str]:
        return Counter(each["state"] for each in self.truth)


@pytest.fixture
def make(emulator: Any, tmp_path: Path) -> Callable[..., Made]:
    return lambda **how: Made(emulator, tmp_path, **how)


def test_equal_seeds_make_equal_days(make: Callable[..., Made], emulator: Any) -> None:
    made = []
    for seed in (1, 1, 2):
        emulator.reset()
        day = make(messages=600, seed=seed)
        made.append((day.log.read_bytes(), day.truth_file.read_bytes(), emulator.messages()))
    assert made[0] == made[1]
    assert made[0][0] != made[2][0]
    assert made[0][1] != made[2][1]


def test_the_truth_is_what_the_official_sdks_read_back(
    make: Callable[..., Made], china: Any, globe: Any, emulator: Any
) -> None:
    made = make(messages=400, seed=3, midnight=3, missing=0.05, unlogged=0.05)
    rows: dict[str, list[dict[str, Any]]] = {}
    biz_ids = {each["biz_id"] for each in made.truth}
    for expected in made.truth:
        if expected["message_id"] is not None:
            _check_message(expected, globe)
            continue
        parameters = (expected["phone_number"], expected["biz_id"])
        found = rows.setdefault(str(parameters), _details(china, *parameters, made.day))
        if expected["state"] == "missing":
            alike = [row for row in found if expected["biz_id"] or row.get("OutId") == expected["out_id"]]
            assert not alike or expected["out_id"] is expected["biz_id"] is None
        else:
            assert _row(expected) in found
    assert len(biz_ids) > 10
    recorded = [each for each in made.truth if each["state"] != "missing"]
    assert made.told["messages"] == len(recorded) == len(emulator.messages())
    assert {"delivered", "failed", "waiting", "missing", "unlogged"} == set(made.by_state())


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
                told = row.to_map()
                told.pop("Content")
                rows.append(told)
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


def test_the_statistics_agree_with_the_messages(make: Callable[..., Made], legacy: Callable[..., bytes]) -> None:
    made = make(messages=2_000)
    blacklisted = {"MOBILE_IN_BLACK", "USER_REJECT", "MB:1077"}
    for is_globe in (1, 2):
        parameters = {"IsGlobe": is_globe, "StartDate": f"{made.day:%Y%m%d}", "EndDate": f"{made.day:%Y%m%d}"}
        response = legacy(
            "2017-05-25", "QuerySendStatistics", parameters | {"PageIndex": 1, "PageSize": 1}, method="POST"
        )
        [told] = json.loads(response)["Data"]["TargetList"]
        counted = [
            each
            for each in made.truth
            if each["state"] != "missing"
            and each["message_id"] is None  # those are the other account's
            and each["error_code"] not in blacklisted
            and (len(each["phone_number"]) == 11 and each["phone_number"].startswith("1")) == (is_globe == 1)
        ]
        assert told["TotalCount"] == sum(each["segments"] for each in counted)
        delivered = [each for each in counted if each["error_code"] == "DELIVERED"]
        assert told["RespondedSuccessCount"] == sum(each["segments"] for each in delivered)
        assert told["NoRespondedCount"] == sum(each["segments"] for each in counted if each["error_code"] is None)


def test_lines_hold_what_their_kind_has_and_fit_the_truth(make: Callable[..., Made]) -> None:
    made = make(messages=3_000)
    assert len(made.lines) == made.told["lines"]
    formats = Counter()
    numbers_of_kind: dict[str, set[str]] = defaultdict(set)
    for expected in made.truth:
        if expected["line"] is None:
            assert expected["state"] == "unlogged"
            continue
        line = made.lines[expected["line"] - 1]
        if line["message_id"]:
            assert line["message_id"] == expected["message_id"]
            assert not any(line[name] for name in ("phone_number", "biz_id", "out_id", "sent_at"))
            continue
        parsed = phonenumbers.parse(line["phone_number"], "CN")
        assert phonenumbers.is_valid_number(parsed)
        country = "" if parsed.country_code == 86 else str(parsed.country_code)
        assert country + phonenumbers.national_significant_number(parsed) == expected["phone_number"]
        assert (line["biz_id"] or None, line["out_id"] or None) == (expected["biz_id"], expected["out_id"])
        kind = "biz_id" if line["biz_id"] else "out_id" if line["out_id"] else "sent_at"
        numbers_of_kind[kind].add(expected["phone_number"])
        formats[line["phone_number"][:3] if line["phone_number"][0] in "+0" else line["phone_number"][:2]] += 1
        if kind == "sent_at" and expected["state"] != "missing":
            late = datetime.fromisoformat(expected["sent_at"]) - datetime.fromisoformat(line["sent_at"])
            assert timedelta(0) <= late <= timedelta(seconds=2)
    assert {"+86", "008", "86", "13", "+85"} <= set(formats)
    kinds = list(numbers_of_kind.values())
    assert len(kinds) == 3
    assert sum(map(len, kinds)) == len(set().union(*kinds)), "kinds share no number"
    assert {each["segments"] for each in made.truth} == {1, 2, 3, None}
    per_number = Counter(each["phone_number"] for each in made.truth)
    assert max(per_number.values()) > 50, "some numbers have more than one page"


def test_no_two_messages_to_a_number_are_close_and_none_is_near_midnight(
    make: Callable[..., Made], emulator: Any
) -> None:
    made = make(messages=3_000, days_back=1)
    midnight = datetime(made.day.year, made.day.month, made.day.day, tzinfo=UTC) - timedelta(hours=8)
    of_number = defaultdict(list)
    for message in emulator.messages():
        sent_at = datetime.fromisoformat(message["sent_at"])
        assert timedelta(minutes=15) <= sent_at - midnight <= timedelta(days=1, minutes=-15, seconds=5)
        of_number[message["phone_number"]].append(sent_at)
    gaps = [b - a for times in of_number.values() for a, b in itertools.pairwise(times)]
    assert timedelta(seconds=5) <= min(gaps) < timedelta(minutes=1)


def test_one_biz_id_and_one_out_id_cover_many_numbers(make: Callable[..., Made]) -> None:
    made = make(messages=3_000)
    for name in ("biz_id", "out_id"):
        sizes = Counter(each[name] for each in made.truth if each[name])
        assert max(sizes.values()) > 10
    pairs = Counter((each["phone_number"], each["out_id"]) for each in made.truth if each["out_id"])
    assert max(pairs.values()) > 1, "some resends have their OutId in common"


def test_what_is_ambiguous_and_what_crosses_midnight_is_asked_for(make: Callable[..., Made]) -> None:
    made = make(messages=500, ambiguous=7, midnight=4)
    pairs = Counter((each["phone_number"], each["sent_at"]) for each in made.truth if each["sent_at"])
    assert sum(count == 2 for count in pairs.values()) == 7
    midnight = datetime(made.day.year, made.day.month, made.day.day, 16, tzinfo=UTC)
    late = [each for each in made.truth if each["sent_at"] and datetime.fromisoformat(each["sent_at"]) >= midnight]
    assert len(late) == 4
    for each in late:
        line = made.lines[each["line"] - 1]
        assert "T23:59:5" in line["sent_at"]
        assert datetime.fromisoformat(each["sent_at"]) - midnight < timedelta(seconds=10)


def test_questions_are_a_column_of_numbers(make: Callable[..., Made], emulator: Any) -> None:
    made = make(messages=2_000, kinds={"question": 1}, missing=0.1)
    assert set(made.lines[0]) == {"phone_number"}
    assert set(made.by_state()) == {"delivered", "failed", "waiting"}
    assert len(made.truth) == len(emulator.messages())
    assert len(made.lines) > len({each["phone_number"] for each in made.truth}), "some have no record, some ask twice"


@pytest.mark.parametrize("kind", ["biz_id", "out_id", "sent_at", "international"])
def test_every_kind_has_lines_without_a_record(make: Callable[..., Made], kind: str) -> None:
    made = make(messages=1_000, kinds={kind: 1}, missing=0.1, unlogged=0.1)
    states = made.by_state()
    assert 50 < states["missing"] < 150
    assert (states["unlogged"] > 30) == (kind in ("out_id", "sent_at")), (
        "only messages that are queried by number can be unlogged"
    )
    assert len(made.truth) == 1_000


def test_a_day_of_one_kind_has_no_line_of_another(make: Callable[..., Made]) -> None:
    made = make(messages=300, kinds={"international": 1})
    assert all(line["message_id"] for line in made.lines)
    assert "unlogged" not in made.by_state()


@pytest.mark.parametrize(
    ("how", "named"),
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
def test_a_day_that_cannot_be_is_refused(emulator: Any, how: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError, match=named):
        emulator.generate(send_date=datetime.now(UTC).date(), **how)
    assert emulator.messages() == []


def test_memory_follows_the_messages_and_not_what_is_written_of_them(tmp_path: Path) -> None:
    def resident(pid: int) -> int:
        [line] = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmRSS")]
        return int(line.split()[1]) * 1024

    with Emulator.start() as emulator:
        day = datetime.now(UTC).date()
        emulator.generate(send_date=day, messages=2_000, log=tmp_path / "log", truth=tmp_path / "truth")
        before = resident(emulator.pid)
        emulator.generate(send_date=day, messages=40_000, seed=2, log=tmp_path / "log", truth=tmp_path / "truth")
        assert resident(emulator.pid) - before < 40_000 * 1_200
