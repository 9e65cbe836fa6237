"""A struct that holds personal data is never printed."""

from __future__ import annotations

import importlib
import pkgutil

import msgspec
import pytest
from rich.pretty import pretty_repr
from support.features import has_retry_policies

import airflow_provider_dysms
from airflow_provider_dysms.api.http import transport
from airflow_provider_dysms.api.protocol import actions, send_details_json
from airflow_provider_dysms.archive.engines import day_search
from airflow_provider_dysms.archive.sending_details import page, query, record
from airflow_provider_dysms.archive.sending_details.filters import conditions, phone_filter, search_limits
from airflow_provider_dysms.archive.sending_details.filters import time_span as sending_time
from airflow_provider_dysms.audit import results, tally_key, verdict
from airflow_provider_dysms.audit.matching import assign
from airflow_provider_dysms.audit.send_log import lines
from airflow_provider_dysms.model import records, reports
from airflow_provider_dysms.model.phone_numbers import number
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.operators.send_once import messages
from airflow_provider_dysms.plugins.pages import page_options, visitor
from airflow_provider_dysms.plugins.pages.form import details_form
from airflow_provider_dysms.plugins.queries import query_limits
from airflow_provider_dysms.receipts import receipt
from airflow_provider_dysms.receipts.archive import push_signature
from airflow_provider_dysms.receipts.formats import json_report, parse_body
from airflow_provider_dysms.receipts.matching import merge
from airflow_provider_dysms.storage import checkpoints
from airflow_provider_dysms.suppression import entries
from airflow_provider_dysms.transfers import export_options

NUMBER = "13900000000"
KINDS = [
    actions.Call,
    send_details_json._LenientRow,
    send_details_json._Row,
    transport.Response,
    number.PhoneNumber,
    records.SendDetail,
    transport.Request,
    lines.Line,
    lines.LineKeys,
    verdict.Verdict,
    checkpoints._Checkpoint,
    entries.Entry,
    day_search.DaySearch,
    day_search.FoundRow,
    conditions.Filters,
    page.Page,
    phone_filter.PhoneFilter,
    query.FindQuery,
    details_form.DetailsForm,
    record.SendingDetail,
    export_options.ExportOptions,
    receipt.Receipt,
    push_signature.PushKey,
    json_report.ArchivedRequest,
    json_report.TextRequest,
    json_report.JsonReport,
    json_report.SmsReport,
    parse_body.ParsedBody,
    merge.Message,
    merge.PartReceipts,
    messages.InternationalMessage,
    messages.Sms,
    details_form.DetailsForm,
]


def test_every_struct_is_tried_here_or_has_nothing_private_of_its_own() -> None:
    for module in pkgutil.walk_packages(airflow_provider_dysms.__path__, "airflow_provider_dysms."):
        if not module.name.endswith("__main__") and (has_retry_policies() or not module.name.endswith("retry_policy")):
            importlib.import_module(module.name)
    structs = {kind for kind in kinds_of(msgspec.Struct) if kind.__module__.startswith("airflow_provider_dysms.")}
    private = {kind for kind in structs if issubclass(kind, PrivateStruct)}
    made_later = {kind for kind in private if kind.__name__ == "Row"}  # for the columns of a file
    assert private - made_later == {*KINDS, PrivateStruct}
    assert structs - private == {
        send_details_json._Response,
        send_details_json._LenientResponse,
        send_details_json._LenientRows,
        send_details_json._Rows,
        tally_key.TallyKey,
        assign.Assignment,
        results.GroupResult,
        records.Page,
        day_search.DayMatches,
        page.SearchedDay,
        page.Total,
        search_limits.SearchLimits,
        sending_time.TimeSpan,
        reports.Report,
        page_options.ArchiveOption,
        page_options.PageOptions,
        query_limits.QueryLimits,
        visitor.Visitor,
    }


def kinds_of(kind: type) -> set[type]:
    return {kind}.union(*map(kinds_of, kind.__subclasses__()))


@pytest.mark.parametrize("kind", KINDS)
def test_neither_repr_nor_rich_shows_what_is_not_said_to_be_shown(kind: type[PrivateStruct]) -> None:
    shown = ("file", "number") if kind is lines.Line else kind._repr_fields  # of which it makes what it shows
    made = kind(**{name: "shown" if name in shown else NUMBER for name in kind.__struct_fields__})
    for printed in (repr(made), pretty_repr(made), f"{[made]}"):
        assert NUMBER not in printed
        assert printed.count("shown") == len(shown)
