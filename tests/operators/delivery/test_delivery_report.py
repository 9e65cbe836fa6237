"""The report as a task: two files next to each other, in a folder and on S3, from real audits and simulated months."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from airflow.sdk.exceptions import AirflowFailException
from moto.server import ThreadedMotoServer
from support.documentation import python_example
from support.html_outline import Outline
from support.huawei_days import write_huawei_day
from support.known_archives import Archive, failed, put_day
from support.simulated_archive import SimulatedArchive, month_with_incidents

from airflow_provider_dysms.archive.figures.read_figures import days_through
from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.exceptions import DysmsArgumentError
from airflow_provider_dysms.model import dates
from airflow_provider_dysms.operators.dysms import DysmsDeliveryReportOperator, DysmsSuppressionListOperator
from airflow_provider_dysms.reports.wording import Wording
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator

TODAY = dates.beijing_day(datetime.now(UTC))
YESTERDAY = TODAY - dates.DAY
MORNING = dates.day_start(TODAY) + timedelta(hours=9, minutes=30)
LAST = date(2026, 11, 27)
NOW = dates.day_start(LAST) + timedelta(days=1, hours=9, minutes=30)


def report(folder: Path, **arguments: Any) -> dict[str, Any]:
    arguments = {
        "output_uri": f"file://{folder}/out",
        "report_uri": f"file://{folder}/reports/delivery-{{send_date:%Y%m%d}}.html",
        "send_date": LAST,
        **arguments,
    }
    return DysmsDeliveryReportOperator(task_id="report", **arguments).execute({})


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of an S3 server with the empty bucket ``audits``, and the connection ``aws_reports`` to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=f"http://{host}:{port}", **keys)
    extra = {"endpoint_url": client.meta.endpoint_url, "region_name": "us-east-1"}
    connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_AWS_REPORTS", json.dumps(connection))
    client.create_bucket(Bucket="audits")
    yield client
    client.close()
    server.stop()


@pytest.fixture
def month(tmp_path: Path) -> Path:
    """A folder with the manifests of a month with incidents, and of the weeks before it."""
    archive = SimulatedArchive(incidents=month_with_incidents(LAST))
    archive.write(tmp_path / "out", days_through(LAST, 30), now=NOW)
    return tmp_path


def test_page_and_table_lie_next_to_each_other(month: Path) -> None:
    found = report(month)
    assert found["report_uri"] == f"file://{month}/reports/delivery-20261127.html"
    assert found["table_uri"] == f"file://{month}/reports/delivery-20261127.csv"
    assert sorted(path.name for path in (month / "reports").iterdir()) == [
        "delivery-20261127.csv",
        "delivery-20261127.html",
    ]
    assert "Template SMS_100000003 delivered" in (month / "reports/delivery-20261127.html").read_text("utf-8")
    assert [each["kind"] for each in found["findings"]] == ["template", "fault", "few_messages"]
    assert (found["send_date"], len(found["compared_days"])) == (str(LAST), 4)


def test_the_table_has_every_day_and_group_of_the_report(month: Path) -> None:
    report(month, days=7)
    with (month / "reports/delivery-20261127.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert {row["send_date"] for row in rows} == {str(LAST - timedelta(days=back)) for back in range(7)}
    (day,) = [row for row in rows if row["send_date"] == str(LAST) and row["by"] == "all"]
    templates = [row for row in rows if row["send_date"] == str(LAST) and row["by"] == "template_code"]
    assert sum(int(row["delivered"]) for row in templates) == int(day["delivered"])
    assert float(day["delivered_share"]) == pytest.approx(int(day["delivered"]) / int(day["sent"]), abs=1e-5)
    assert 3 < float(day["p50_seconds"]) < float(day["p95_seconds"]) < float(day["p99_seconds"])


def test_numbers_to_stop_are_counted_from_the_suppression_list(month: Path) -> None:
    archive = Archive(month / "messages")
    put_day(
        archive.uri, LAST, [failed(LAST, f"1390000{place:04}", "invalid_number", second=place) for place in range(7)]
    )
    uri = f"file://{month}/stop"
    DysmsSuppressionListOperator(
        task_id="stop", output_uri=archive.uri, suppression_uri=uri, template_types={}, through=LAST
    ).execute({})
    report(month, suppression_uri=uri)
    page = (month / "reports/delivery-20261127.html").read_text("utf-8")
    section = page[page.index("Numbers to stop") :]
    assert re.search(r"Invalid number</th><td class=\"number\">7<", section)
    with pytest.raises(AirflowFailException, match="suppression_uri has no suppression list"):
        report(month, suppression_uri=f"file://{month}/other")


def test_a_report_that_is_written_again_is_replaced_and_equal(month: Path) -> None:
    page = month / "reports/delivery-20261127.html"
    report(month)
    first = page.read_bytes()
    report(month)
    assert page.read_bytes() == first
    report(month, language="zh")
    assert 'lang="zh-Hans"' in page.read_text("utf-8")


def test_a_report_goes_to_s3_too(month: Path, bucket: Any) -> None:
    found = report(month, report_uri="s3://aws_reports@audits/reports/{send_date:%Y}/day.html")
    assert found["report_uri"] == "s3://audits/reports/2026/day.html"
    stored = {each["Key"] for each in bucket.list_objects_v2(Bucket="audits")["Contents"]}
    assert {"reports/2026/day.html", "reports/2026/day.csv"} <= stored


def test_a_day_without_an_audit_has_a_report_that_says_so(tmp_path: Path) -> None:
    found = report(tmp_path, days=3)
    assert [each["kind"] for each in found["findings"]] == ["not_audited"]
    assert (found["state"], found["compared_days"]) == ("missing", [])
    assert "was not audited" in (tmp_path / "reports/delivery-20261127.html").read_text("utf-8")


def test_an_audit_of_the_emulator_is_reported(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_DYSMS_DEFAULT", emulator.connection_json(quota_share=1))
    emulator.generate(send_date=YESTERDAY, messages=300, seed=5, log=tmp_path / "log.csv")
    DysmsToObjectStorageOperator(
        task_id="audit",
        sent_uri=f"file://{tmp_path}/log.csv",
        output_uri=f"file://{tmp_path}/out",
        send_date=YESTERDAY,
        max_rejected_rate=1,
        max_missing_rate=1,
    ).execute({})
    found = report(tmp_path, send_date=YESTERDAY, days=1)
    page = (tmp_path / f"reports/delivery-{YESTERDAY:%Y%m%d}.html").read_text("utf-8")
    assert found["sent"] > 200
    assert "not known" not in page.lower()
    numbers = {line.split(",")[0] for line in (tmp_path / "log.csv").read_text().splitlines()[1:]}
    assert not [number for number in numbers if number and number[-8:] in page]


def text_of(folder: Path, day: date = YESTERDAY) -> str:
    """Return what the page of a day says."""
    page = (folder / f"reports/delivery-{day:%Y%m%d}.html").read_text("utf-8")
    return " ".join(" ".join(Outline(page).text).split())


@pytest.mark.parametrize(
    ("language", "days", "card", "words", "claim"),
    [
        (
            "en",
            "From receipts alone, so that states are not cross-checked and missing messages are not known:",
            "Missing not known not compared",
            "Missing: not known, because the service was not asked.",
            "no record",
        ),
        (
            "zh",
            "以下日期的状态仅来自回执，未与服务商的记录比对，“无记录”的短信未知：",
            "无记录 未知 无对比",
            "无记录：未向服务商查询，因此未知。",
            "服务商没有",
        ),
    ],
)
def test_days_from_receipts_alone_are_named_and_nothing_is_said_of_the_record_of_the_service(
    tmp_path: Path, language: str, days: str, card: str, words: str, claim: str
) -> None:
    received = [YESTERDAY - dates.DAY * back for back in (4, 2, 1, 0)]
    for day in received:
        write_huawei_day(tmp_path, f"file://{tmp_path}/out", day)
    found = report(tmp_path, send_date=YESTERDAY, days=7, language=language)
    text = text_of(tmp_path)
    alone, first, last = (Wording(language).short_day(received[place]) for place in (0, 1, 3))  # type: ignore[arg-type]
    spans = f"{alone}, {first} to {last}." if language == "en" else f"{alone}、{first}至{last}。"
    assert f"{days} {spans}" in text if language == "en" else f"{days}{spans}" in text
    assert card in text
    assert words in text
    assert claim not in text
    assert found["receipts_alone_days"] == [str(day) for day in received]
    assert "missing" not in found
    with (tmp_path / f"reports/delivery-{YESTERDAY:%Y%m%d}.csv").open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["sent"]]
    assert {(row["sent"], row["missing"]) for row in rows if row["by"] == "all"} == {("3", "")}
    assert {row["missing"] for row in rows} == {""}


def test_a_day_that_was_asked_about_is_not_compared_with_what_receipts_do_not_tell(tmp_path: Path) -> None:
    day = YESTERDAY - 6 * dates.DAY  # as old as every receipt, as the day that it is compared with
    write_huawei_day(tmp_path, f"file://{tmp_path}/out", day - 7 * dates.DAY)
    put_day(f"file://{tmp_path}/out", day, [failed(day, "13900000000", "network")])
    found = report(tmp_path, send_date=day, days=8)
    text = text_of(tmp_path, day)
    assert found["compared_days"] == [str(day - 7 * dates.DAY)]
    assert "Failed 100.0% +100.0 usually 0.0% Waiting 0.0% −33.3 usually 33.3% Missing 0.0% not compared" in text
    assert "Missing: the service has no record, so the text may be under manual review." in text


@pytest.mark.parametrize(
    ("argument", "arguments"),
    [
        ("report_uri", {"report_uri": "file:///reports/"}),
        ("report_uri", {"report_uri": "file:///reports/a.htm"}),
        ("report_uri", {"report_uri": "ftp://reports/a.html"}),
        ("output_uri", {"output_uri": "nowhere"}),
    ],
)
def test_a_wrong_place_fails_before_anything_is_written(
    argument: str, arguments: dict[str, Any], tmp_path: Path
) -> None:
    with pytest.raises(AirflowFailException, match=f"^{argument}"):
        report(tmp_path, **arguments)
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    ("argument", "value"),
    [("days", 0), ("days", 93), ("language", "de"), ("report_uri", "file:///{now}.html"), ("send_date", "today")],
)
def test_a_wrong_argument_is_an_error_of_the_dag(argument: str, value: Any) -> None:
    given = {"output_uri": "file:///out", "report_uri": "file:///r.html", argument: value}
    with pytest.raises(DysmsArgumentError, match=f"^{argument}"):
        DysmsDeliveryReportOperator(task_id="report", **given)


def test_the_example_of_the_page_runs(run_dag: Callable[..., Any], tmp_path: Path) -> None:
    SimulatedArchive().write(tmp_path / "audits", days_through(YESTERDAY, 30), now=MORNING)
    dag = python_example("reports", "sms_report", {"s3://aws_default@my-bucket": f"file://{tmp_path}"})
    run = run_dag(dag, logical_date=MORNING)
    assert run.state == "success"
    assert (tmp_path / f"reports/delivery-{YESTERDAY}.html").exists()
