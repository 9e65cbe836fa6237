"""The page about OSS is true: its commands make connections that work, and its snippet runs."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from support.oss.server import OSSServer

from airflow_provider_dysms.filesystems.oss_connection import read_oss_connection
from airflow_provider_dysms.filesystems.oss_file_system import PART_BYTES, PARTS_AT_ONCE
from airflow_provider_dysms.storage.object_store.oss import REQUIRED
from airflow_provider_dysms.storage.object_store.paths import RETRIES

PAGE = (Path(__file__).parents[2] / "docs" / "oss.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_command_makes_a_connection_that_is_understood() -> None:
    from airflow.sdk import Connection

    words = shlex.split(blocks("shell")[1])
    connection = Connection(
        conn_id=words[3], conn_type=words[words.index("--conn-type") + 1], extra=words[words.index("--conn-extra") + 1]
    )
    found, _ = read_oss_connection(connection)
    assert found.endpoint.host == "s3.oss-cn-hangzhou-internal.aliyuncs.com"


@pytest.mark.slow
def test_the_snippet_runs(oss: OSSServer, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks("python")[0], "docs/oss.md", "exec"), {})
    assert capsys.readouterr().out.endswith("['hello.txt']\n")
    assert oss.keys() == ["reports/hello.txt"]


def test_the_figures_are_those_of_the_code() -> None:
    assert f"below {2 * PART_BYTES >> 20} MiB" in PAGE
    assert f"parts of {PART_BYTES >> 20} MiB, {'two' if PARTS_AT_ONCE == 2 else PARTS_AT_ONCE} at a time" in PAGE
    assert f"tried {RETRIES['total_max_attempts']} times" in PAGE
    assert json.loads(blocks("json")[0])["config_kwargs"].items() >= REQUIRED.items()


def test_every_extra_is_read() -> None:
    source = "".join(
        (Path(__file__).parents[2] / "airflow_provider_dysms" / path).read_text("utf-8")
        for path in ("filesystems/oss_connection.py", "hooks/login.py")
    )
    named = [name for row in re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)]
    assert len(named) > 8
    assert [name for name in named if f'"{name}"' not in source] == []
