"""The arguments of the audit are the transfer's own: none is forgotten, and the help names the true defaults."""

from __future__ import annotations

import argparse
import os
import re
from typing import get_args

import pytest
from airflow.cli.cli_config import Arg

from airflow_provider_dysms.cli.audit_arguments import AUDIT_ARGUMENTS, to_uri
from airflow_provider_dysms.model import choices
from airflow_provider_dysms.transfers.export_options import ExportOptions

#: Arguments that a command does not have: numbers are private, no retry resumes a command, and an audit that asks the
#: service knows the vendor.
LEFT_OUT = {"phone_numbers", "resume_within", "vendor"}

#: Defaults that the help describes in words.
DESCRIBED = {"columns", "sent_format", "encoding", "delimiter", "time_format", "timezone", "binary", "compression"}

NAMES = {arg.kwargs.get("dest", arg.flags[0].removeprefix("--").replace("-", "_")): arg for arg in AUDIT_ARGUMENTS}
_FIELDS, _DEFAULTS = ExportOptions.__struct_fields__, ExportOptions.__struct_defaults__
DEFAULTS = dict(zip(_FIELDS[-len(_DEFAULTS) :], _DEFAULTS, strict=True))


def test_every_argument_of_the_transfer_is_an_option() -> None:
    assert NAMES.keys() | LEFT_OUT == set(ExportOptions.__struct_fields__)
    assert not NAMES.keys() & LEFT_OUT


@pytest.mark.parametrize("name", sorted(NAMES.keys() - DESCRIBED))
def test_the_help_names_the_default_of_the_transfer(name: str) -> None:
    named = re.search(r"\(default: (.*)\)", NAMES[name].kwargs["help"])
    if named and name != "send_date":
        assert named[1].replace("%%", "%") == str(DEFAULTS[name])
    else:
        assert DEFAULTS.get(name) in (None, False, ()) or name == "sent_uri"


def test_an_option_that_is_not_given_leaves_the_default_to_the_transfer() -> None:
    parser = argparse.ArgumentParser()
    for arg in AUDIT_ARGUMENTS:
        arg.add_to_parser(parser)
    parsed = vars(parser.parse_args(["--sent-uri", "s3://b/log", "--output-uri", "s3://b/out"]))
    assert parsed == {
        **{"sent_uri": "s3://b/log", "output_uri": "s3://b/out"},
        **{"send_date": None, "dysms_conn_id": "dysms_default"},
    }


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("sent_format", choices.SentFormat),
        ("binary", choices.Binary),
        ("match", choices.Match),
        ("file_format", choices.FileFormat),
        ("content", choices.Content),
        ("phone", choices.Phone),
        ("refresh", choices.Refresh),
        ("outside_window", choices.OutsideWindow),
        ("statistics", choices.Statistics),
    ],
)
def test_choices_are_those_of_the_transfer(name: str, words: object) -> None:
    arg: Arg = NAMES[name]
    assert arg.kwargs["choices"] == get_args(words)


@pytest.mark.parametrize(
    ("typed", "uri"),
    [
        ("s3://conn@bucket/a b", "s3://conn@bucket/a b"),
        ("/data/{send_date:%Y}.csv", "file:///data/{send_date:%Y}.csv"),
        ("out", f"file://{os.getcwd()}/out"),
        ("", ""),
    ],
)
def test_a_path_becomes_a_uri(typed: str, uri: str) -> None:
    assert to_uri(typed) == uri
