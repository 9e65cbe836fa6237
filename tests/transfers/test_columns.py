"""The task's messages about columns that it takes, leaves alone, or would need to judge anything."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowException

from airflow_provider_dysms.emulator import Emulator
from airflow_provider_dysms.model import dates

DAY = dates.beijing_day(datetime.now(UTC)) - timedelta(days=1)
NOON = dates.day_start(DAY) + timedelta(hours=12)
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def log(emulator: Emulator, tmp_path: Path) -> Callable[..., None]:
    """Send four messages, and write a log of them with some header."""

    def write(header: str) -> None:
        numbers = [f"1390000{place:04}" for place in range(4)]
        for place, number in enumerate(numbers):
            emulator.add_message(phone_number=number, out_id=f"order-{place}", sent_at=NOON.isoformat())
        lines = [f"{number},order-{place}" for place, number in enumerate(numbers)]
        (tmp_path / "sent.csv").write_text("\n".join([header, *lines, ""]), "utf-8")

    return write


@pytest.mark.parametrize("header", ["PhoneNumber,OutId", "phone_number,OUT_ID", "phone_number,out-id"])
def test_another_spelling_is_judged_by(
    audit: Run, log: Callable[..., None], header: str, capfd: pytest.CaptureFixture[str]
) -> None:
    log(header)
    result = audit("sent.csv")["result"]
    assert (result["keyed"], result["rows"], result["missing"]) == (True, 4, 0)
    assert f"Column {header.split(',')[1]} of sent.csv is read as out_id" in "".join(capfd.readouterr())


def test_a_mapping_that_judges_nothing_is_warned_about_with_what_could(
    audit: Run, log: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    log("mobile,order_id")
    result = audit("sent.csv", columns={"phone_number": "mobile"})["result"]
    assert (result["keyed"], result["missing"]) == (False, 0)
    said = next(line for line in "".join(capfd.readouterr()).splitlines() if "are not judged" in line)
    assert "warning" in said
    assert "order_id (OutId); map them with columns" in said


def test_a_column_of_ours_that_is_not_mapped_is_warned_about(
    audit: Run, log: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    log("mobile,OutId")
    audit("sent.csv", columns={"phone_number": "mobile"})
    said = [line for line in "".join(capfd.readouterr()).splitlines() if "warning" in line]
    assert any("Column OutId of sent.csv looks like out_id but is not read" in line for line in said)


def test_an_order_id_that_is_mapped_to_biz_id_is_what_the_error_begins_with(
    audit: Run, log: Callable[..., None]
) -> None:
    log("mobile,order_id")
    with pytest.raises(AirflowException, match=r"4 of 4 lines have no record") as error:
        audit("sent.csv", columns={"phone_number": "mobile", "biz_id": "order_id"})
    assert "4 of the 4 BizIds of lines without a record do not look like BizIds of the service" in str(error.value)
    assert "the column 'order_id' may contain an id of your own" in str(error.value)
    assert "139000" not in str(error.value)


def test_the_account_is_not_blamed_if_anything_was_found(audit: Run, log: Callable[..., None], tmp_path: Path) -> None:
    log("phone_number,out_id")
    with (tmp_path / "sent.csv").open("a", encoding="utf-8") as file:
        file.write("13922220000,order-8\n13922220001,order-9\n")
    with pytest.raises(AirflowException, match=r"2 of 6 lines have no record") as error:
        audit("sent.csv")
    assert "account and region are right" in str(error.value)


def test_a_partition_named_as_a_column_in_another_case_is_refused_before_anything_is_asked(
    audit: Run, log: Callable[..., None], emulator: Emulator
) -> None:
    log("phone_number,out_id")
    with pytest.raises(AirflowException, match="readers confuse with 'state'"):
        audit("sent.csv", partition="STATE=done")
    assert "QuerySendDetails" not in emulator.requests()
