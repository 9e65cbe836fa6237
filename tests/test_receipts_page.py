"""The whole way: the emulator sends and pushes, the receiver of docs/receipts.md stores, an operator joins."""

from __future__ import annotations

import asyncio
import base64
import csv
import http.client
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.emulator.errors import InputError
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.operators.dysms import DysmsDeliveryReportOperator, DysmsFindSendingDetailsOperator
from airflow_provider_dysms.receipts.archive.push_signature import ALGORITHM, PushKey
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

pytestmark = pytest.mark.slow

PAGE = Path(__file__).parents[1] / "docs" / "receipts.md"
DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
NOON = dates.day_start(DAY) + timedelta(hours=12)


def snippets() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


class Receiver:
    """The receiver of the page, in a thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        names: dict[str, Any] = {}
        exec(compile(snippets()[0], "receiver.py", "exec"), names)  # the page is ours
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}/receipts"
        self.server = uvicorn.Server(uvicorn.Config(names["app"], log_level="error"))
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.socket]})

    def __enter__(self) -> Receiver:
        self.thread.start()
        until = time.monotonic() + 30
        while not self.server.started and time.monotonic() < until:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()

    def post(self, body: bytes, headers: Mapping[str, str] | None = None) -> int:
        """Post a body to the receiver; return the HTTP status."""
        connection = http.client.HTTPConnection(*self.socket.getsockname(), timeout=10)
        try:
            connection.request("POST", "/receipts", body, headers or {})
            return connection.getresponse().status
        finally:
            connection.close()

    @property
    def requests(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.rglob("*.jsonl"))]


@pytest.fixture
def receiver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("RECEIPTS_FOLDER", str(tmp_path / "receipts"))
    with Receiver(tmp_path / "receipts") as receiver:
        yield receiver


def send(emulator: Emulator, count: int) -> list[dict[str, Any]]:
    """Send messages, of which a tenth fails; return them."""
    return emulator.add_messages(
        [
            {
                "phone_number": f"1390000{place:04}",
                "biz_id": f"9007{place}^0",
                "out_id": f"order-{place}",
                "sent_at": (NOON + timedelta(seconds=place)).isoformat(),
                "state": "failed" if place % 10 == 0 else "delivered",
                "content": "【示例】" + "text" * (40 if place % 7 == 0 else 1),
            }
            for place in range(count)
        ]
    )


def write(path: Path, rows: list[dict[str, Any]]) -> str:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return f"file://{path}"


def join(folder: Path, sent_uri: str, **arguments: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run the operator; return the result of the manifest and the rows."""
    operator = DysmsReceiptsToObjectStorageOperator(
        task_id="join",
        sent_uri=sent_uri,
        receipts_uri=f"file://{folder}/receipts/**",
        output_uri=f"file://{folder}/out",
        send_date=str(DAY),
        **arguments,
    )
    result = operator.execute({})["result"]
    rows = (folder / f"out/send_date={DAY}/part-0.jsonl").read_text().splitlines()
    return result, [json.loads(row) for row in rows]


@pytest.mark.parametrize("form", ["sms_report", "queue", "queue_base64"])
def test_the_mainland_of_alibaba_cloud(emulator: Emulator, receiver: Receiver, tmp_path: Path, form: str) -> None:
    sent = send(emulator, 200)
    lines = [{name: each[name] for name in ("phone_number", "biz_id", "out_id", "sent_at")} for each in sent]
    sent_uri = write(tmp_path / "sent.csv", lines)
    how = {"format": form, "lost": 0.1, "doubled": 0.2, "contradicting": 0.05, "late": 0.1, "shuffled": True}
    pushed = emulator.push_receipts(receiver.url, **how)
    result, rows = join(tmp_path, sent_uri)
    assert result["by_state"]["waiting"] == pushed["lost"] + pushed["kept_back"]
    late = emulator.push_receipts(receiver.url, **how, only_late=True)
    assert late["kept_back"] == 0 < pushed["kept_back"]
    result, rows = join(tmp_path, sent_uri)
    assert result["by_state"]["waiting"] == pushed["lost"]
    conflicts = pushed["contradicting"] + late["contradicting"]
    assert result["receipts"]["conflicts"] == conflicts
    truth = {each["phone_number"]: each["state"] for each in sent}
    wrong = [row for row in rows if row["state"] not in ("waiting", truth[row["phone_number"]])]
    assert len(wrong) <= conflicts
    assert {row["state"] for row in wrong} <= {"delivered"}


@pytest.mark.parametrize("form", ["huawei", "huawei_batch"])
def test_huawei_with_signed_pushes(
    emulator: Emulator, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    connection = {"conn_type": "http", "login": "AK", "password": "push secret"}
    monkeypatch.setenv("AIRFLOW_CONN_PUSH", json.dumps(connection))
    sent = send(emulator, 100)
    answers = emulator.huawei_sends()
    lines = [
        {"message_id": each["smsMsgId"], "phone_number": each["originTo"], "at": each["createTime"]} for each in answers
    ]
    sent_uri = write(tmp_path / "sent.csv", lines)
    columns = {"message_id": "message_id", "phone_number": "phone_number", "sent_at": "at"}
    url = f"{receiver.url}?tenant=7&area=1"
    pushed = emulator.push_receipts(url, format=form, shuffled=True, push_key=["AK", "push secret"])
    assert pushed["reports"] > 100, "long messages have a report per part"
    result, rows = join(tmp_path, sent_uri, columns=columns, vendor="huawei", push_conn_id="push")
    assert result["by_state"] == dict(Counter(each["state"] for each in sent))
    assert result["receipts"]["rejected"] == {}
    assert {row["segments"] for row in rows} > {1}
    wrong = {**connection, "password": "another secret"}
    monkeypatch.setenv("AIRFLOW_CONN_PUSH", json.dumps(wrong))
    forged = {"columns": columns, "push_conn_id": "push", "refresh": "all", "max_rejected_receipts": 1}
    (tmp_path / f"out/send_date={DAY}/part-0.jsonl").unlink()
    result, _ = join(tmp_path, sent_uri, **forged)
    assert result["by_state"] == {"waiting": 100}
    assert result["receipts"]["rejected"] == {"bad_signature": pushed["requests"]}


def test_international_messages(emulator: Emulator, receiver: Receiver, tmp_path: Path) -> None:
    sent = emulator.add_messages(
        [
            {
                "phone_number": f"852512468{place:02}",
                "message_id": f"10080{place:04}",
                "sent_at": NOON.isoformat(),
                "state": "failed" if place % 4 == 0 else "delivered",
            }
            for place in range(20)
        ]
    )
    sent_uri = write(tmp_path / "sent.csv", [{"message_id": each["message_id"]} for each in sent])
    emulator.push_receipts(receiver.url, format="globe")
    assert join(tmp_path, sent_uri)[0]["by_state"] == {"delivered": 15, "failed": 5}


def test_forged_receipts_are_caught_by_the_cross_check(
    emulator: Emulator, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(privacy_secret="k" * 32, quota_share=1))
    sent = send(emulator, 300)
    lines = [{name: each[name] for name in ("phone_number", "biz_id")} for each in sent]
    arguments = {
        "sent_uri": write(tmp_path / "sent.csv", lines),
        "receipts_uri": f"file://{tmp_path}/receipts/**",
        "output_uri": f"file://{tmp_path}/audit",
        "send_date": str(DAY),
        "cross_check": 0.1,
    }
    emulator.push_receipts(receiver.url, forged=0.3)
    with pytest.raises(Exception, match="Receipts may be forged"):
        DysmsToObjectStorageOperator(task_id="audit", **arguments).execute({})


def test_the_emulator_pushes_to_this_machine_alone(emulator: Emulator) -> None:
    for url in ("http://192.0.2.1/receipts", "https://127.0.0.1/", "http://example.com/"):
        with pytest.raises(InputError, match="this machine"):
            emulator.push_receipts(url)
    with pytest.raises(InputError, match="format must be one of"):
        emulator.push_receipts("http://127.0.0.1:1/", format="fax")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"url": "http://127.0.0.1:1/a b"}, "url must be"),
        ({"url": "http://127.0.0.1:1/\r\nX: y"}, "url must be"),
        ({"url": "http://127.0.0.1:1/\u6536"}, "url must be"),
        ({"url": 5}, "url must be"),
        ({"url": "http://127.0.0.1:99999/"}, "(?i)port"),
        ({"format": ["huawei"]}, "format must be one of"),
        ({"push_key": ["a"]}, "push_key must be"),
        ({"push_key": "ab"}, "push_key must be"),
        ({"push_key": 5}, "push_key must be"),
        ({"push_key": ["a", 5]}, "push_key must be"),
        ({"only_late": "no"}, "only_late must be"),
        ({"shuffled": 1}, "shuffled must be"),
        ({"shuffled": True, "seed": []}, "seed must be"),
    ],
)
def test_a_push_with_a_wrong_argument_says_which(emulator: Emulator, wrong: dict[str, Any], problem: str) -> None:
    send(emulator, 1)
    with pytest.raises(InputError, match=problem):
        emulator.push_receipts(**{"url": "http://127.0.0.1:1/", "format": "huawei", **wrong})


@pytest.mark.parametrize("answer", [b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_receiver_that_does_not_speak_http_is_named(emulator: Emulator, answer: bytes) -> None:
    send(emulator, 1)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def respond() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=respond)
        thread.start()
        with pytest.raises(InputError, match="receiver does not answer in HTTP"):
            emulator.push_receipts(f"http://127.0.0.1:{server.getsockname()[1]}/")
        thread.join()


def test_a_send_of_huawei_has_the_number_with_the_code_of_its_country(emulator: Emulator) -> None:
    numbers = {"14158586273": True, "1390000" + "0001": False}
    emulator.add_messages(
        [
            {"phone_number": number, "international": international, "sent_at": NOON.isoformat()}
            for number, international in numbers.items()
        ]
    )
    found = {each["originTo"]: each["countryId"] for each in emulator.huawei_sends()}
    assert found == {"+14158586273": "", "+861390000" + "0001": "CN"}


def test_the_dags_of_the_page_are_dags() -> None:
    for snippet in snippets()[1:]:
        names: dict[str, Any] = {}
        exec(compile(snippet, "dag.py", "exec"), names)
        assert names["dag"].dag_id


GB18030 = '{"statusReportList":[{"smsMsgId":"a_1","status":"DELIVRD","note":"成功"}]}'.encode("gb18030")


@pytest.mark.parametrize("body", ['{"note":"成功"}'.encode(), GB18030, bytes(range(256)), b""])
def test_the_receiver_keeps_a_body_byte_for_byte(receiver: Receiver, body: bytes) -> None:
    assert receiver.post(body) == 200
    (stored,) = receiver.requests
    text = stored["body"]
    assert (base64.b64decode(text) if stored.get("isBase64Encoded") else text.encode()) == body


def test_the_signature_of_a_body_that_is_not_in_utf_8_holds(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PUSH", json.dumps({"conn_type": "http", "login": "AK", "password": "secret"}))
    signed = {"x-sdk-date": "20261120T010203Z"}
    signature = PushKey("AK", "secret").signature(signed, [*signed], GB18030, "/receipts")
    authorization = f"{ALGORITHM} Access=AK, SignedHeaders=x-sdk-date, Signature={signature}"
    assert receiver.post(GB18030, {**signed, "Authorization": authorization}) == 200
    sent_uri = write(tmp_path / "sent.csv", [{"message_id": "a_1", "sent_at": NOON.isoformat()}])
    result, _ = join(tmp_path, sent_uri, push_conn_id="push", max_rejected_receipts=1)
    assert (result["by_state"], result["receipts"]["rejected"]) == ({"delivered": 1}, {})


def test_the_watcher_of_the_page_fires_for_what_its_receiver_stored(receiver: Receiver) -> None:
    (page,) = (snippet for snippet in snippets() if "AssetWatcher" in snippet)
    names: dict[str, Any] = {}
    exec(compile(page.replace("/srv/receipts", str(receiver.folder)), "dag.py", "exec"), names)
    (watcher,) = names["arrived"].watchers
    assert receiver.post(b"smsMsgId=a&status=DELIVRD") == 200

    async def first_event() -> Any:
        return (await asyncio.wait_for(anext(watcher.trigger.run()), 10)).payload

    assert asyncio.run(first_event())["new_files"] == 1


def test_a_day_of_huawei_is_in_the_report_and_in_sending_details(
    emulator: Emulator, receiver: Receiver, tmp_path: Path
) -> None:
    send(emulator, 50)
    answers = emulator.huawei_sends()
    lines = [
        {"message_id": each["smsMsgId"], "phone_number": each["originTo"], "sent_at": each["createTime"]}
        for each in answers
    ]
    emulator.push_receipts(receiver.url, format="huawei")
    join(tmp_path, write(tmp_path / "sent.csv", lines), vendor="huawei")
    out = f"file://{tmp_path}/out"
    found = DysmsFindSendingDetailsOperator(
        task_id="find",
        output_uri=out,
        result="Failed",
        sent_from=dates.day_start(DAY).isoformat(),
        sent_to=(dates.day_start(DAY) + dates.DAY).isoformat(),
    ).execute({})
    assert len(found["records"]) == 5, found
    DysmsDeliveryReportOperator(
        task_id="report", output_uri=out, report_uri=f"file://{tmp_path}/report.html", send_date=str(DAY), days=1
    ).execute({})
    assert "90.0" in (tmp_path / "report.html").read_text("utf-8")
