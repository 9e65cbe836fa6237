"""A log that matches the output is refused, in every spelling, today and on later days; one that does not is read."""

from __future__ import annotations

import os
from datetime import date
from typing import Any

import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.inputs import open_inputs
from airflow_provider_dysms.storage.overlap import OutputLayout
from airflow_provider_dysms.storage.partition import Partition

DAY = date(2025, 6, 1)
TEMPLATE = "send_date={send_date:%Y-%m-%d}"


def read(place: Any, sent: str, output: str, *, template: str = TEMPLATE, extension: str = "csv") -> list[str]:
    target = Partition.resolve(output, partition="send_date=2025-06-01")
    layout = OutputLayout(target.root, template, extension, DAY)
    return [name for name, _ in open_inputs(sent, output=layout)]


@pytest.mark.parametrize(
    "sent",
    [
        "**/*.csv",
        "*/*/*.csv",
        "o*/send_date=2025-06-02/*",  # tomorrow
        "out",
        "out/",
        "",
        "out/**",
        "out/send_date=*/part-0.csv",
        "out/send_date=2025-05-31",
        "out/send_date=2025-06-01/part-0.csv",
        "out/_manifests",
        "out/_manifests/*.json",
        "out/_manifests/send_date=2025-05-31.json",
        "out/_spool/*/*",
    ],
)
def test_a_log_that_matches_the_output_is_refused(place: Any, sent: str) -> None:
    for key in (
        "sent.csv",
        "out/notes.csv",
        "out/send_date=2025-06-01/part-0.csv",
        "out/send_date=2025-05-31/part-0.csv",
        "out/_manifests/send_date=2025-05-31.json",
        "out/_spool/0/1.segment",
    ):
        place.put(key, b"phone_number\n")
    with pytest.raises(
        DysmsInputError, match=r"^sent_uri also matches what the task writes below output_uri: "
    ) as told:
        read(place, f"{place.uri}/{sent}", f"{place.uri}/out")
    assert place.clean_uri in str(told.value)


@pytest.mark.parametrize("sent", ["**/*.csv", "*/*/*.csv", ""])
def test_an_output_that_is_not_there_yet_is_refused_too(place: Any, sent: str) -> None:
    place.put("sent.csv", b"phone_number\n")
    place.put("logs/a/b.csv", b"phone_number\n")
    with pytest.raises(DysmsInputError, match="also matches"):
        read(place, f"{place.uri}/{sent}", f"{place.uri}/out")


@pytest.mark.parametrize(
    ("sent", "names"),
    [
        ("sent.csv", ["sent.csv"]),
        ("*.csv", ["sent.csv"]),
        ("logs", ["a.csv", "d.txt"]),
        ("logs/**/*.csv", ["a.csv", "b/c.csv"]),
        ("**/*.txt", ["logs/d.txt"]),
        ("out/notes.csv", ["notes.csv"]),
        ("outer/*", ["e.csv"]),
        ("l*/*.csv", ["logs/a.csv"]),
    ],
)
def test_a_log_that_lies_apart_is_read(place: Any, sent: str, names: list[str]) -> None:
    for key in ("sent.csv", "logs/a.csv", "logs/b/c.csv", "logs/d.txt", "out/notes.csv", "outer/e.csv"):
        place.put(key, b"phone_number\n")
    place.put("out/send_date=2025-06-01/part-0.csv", b"ours\n")
    assert read(place, f"{place.uri}/{sent}", f"{place.uri}/out") == names


def test_another_spelling_of_the_scheme_and_another_connection_are_the_same_place(
    new_bucket: Any, s3_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = new_bucket()
    place.put("log/sent.csv", b"phone_number\n")
    monkeypatch.setenv("AIRFLOW_CONN_AWS_OTHER", s3_server.connection)
    for spelled in (
        place.uri.replace("s3://", "s3a://"),
        place.uri.replace("aws_test@", "aws_other@"),
        f"{place.uri}//",
    ):
        with pytest.raises(DysmsInputError, match="also matches"):
            read(place, f"{spelled}/**/*.csv".replace("///", "//"), f"{place.uri}/out")


def test_a_symbolic_link_is_the_place_that_it_leads_to(folder: Any) -> None:
    folder.put("real/sent.csv", b"phone_number\n")
    os.symlink(folder.path / "real", folder.path / "link")
    for sent, output in (("link", "real"), ("real", "link"), ("link/**/*.csv", "real/out"), ("real/*/*", "link")):
        with pytest.raises(DysmsInputError, match="also matches"):
            read(folder, f"{folder.uri}/{sent}", f"{folder.uri}/{output}")
    os.makedirs(folder.path / "real/send_date=2025-06-01")
    (folder.path / "real/send_date=2025-06-01/part-0.csv").write_bytes(b"ours\n")
    os.symlink(folder.path / "real/send_date=2025-06-01/part-0.csv", folder.path / "mine.csv")
    with pytest.raises(DysmsInputError, match="also matches"):
        read(folder, f"{folder.uri}/mine.csv", f"{folder.uri}/real")


def test_a_bucket_of_another_store_is_another_place(new_bucket: Any, tmp_path: Any) -> None:
    place = new_bucket()
    place.put("sent.csv", b"phone_number\n")
    assert read(place, f"{place.uri}/*.csv", f"file://{tmp_path}") == ["sent.csv"]
