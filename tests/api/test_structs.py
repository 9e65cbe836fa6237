"""What holds personal data is printed by nobody."""

from __future__ import annotations

import pytest
from rich.pretty import pretty_repr

from airflow_provider_dysms.api import actions, details, http, numbers, records, transport
from airflow_provider_dysms.api.structs import PrivateStruct
from airflow_provider_dysms.audit import lines, verdict
from airflow_provider_dysms.storage import segments

NUMBER = "13900000000"
KINDS = [
    actions.Call,
    details._Row,
    http.Response,
    numbers.PhoneNumber,
    records.SendDetail,
    transport.Request,
    lines.Line,
    verdict.Verdict,
    segments._Segment,
]


def test_every_private_struct_is_tried_here() -> None:
    assert set(PrivateStruct.__subclasses__()) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_neither_repr_nor_rich_shows_what_is_not_said_to_be_shown(kind: type[PrivateStruct]) -> None:
    shown = ("file", "number") if kind is lines.Line else kind._shown  # of which it makes what it shows
    made = kind(**{name: "shown" if name in shown else NUMBER for name in kind.__struct_fields__})
    for printed in (repr(made), pretty_repr(made), f"{[made]}"):
        assert NUMBER not in printed
        assert printed.count("shown") == len(shown)
