"""The options of an export are the arguments of the operator: same names, same defaults."""

from __future__ import annotations

import inspect
from types import SimpleNamespace

import msgspec
import pytest

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.transfers.dysms_receipts_to_object_storage import DysmsReceiptsToObjectStorageOperator
from airflow_provider_dysms.transfers.dysms_to_object_storage import DysmsToObjectStorageOperator
from airflow_provider_dysms.transfers.export_options import ExportOptions

NUMBER = "139" + "00001111"


def test_they_have_the_names_and_defaults_of_the_operators_arguments() -> None:
    arguments = {
        name: parameter.default
        for operator in (DysmsReceiptsToObjectStorageOperator, DysmsToObjectStorageOperator)
        for name, parameter in inspect.signature(operator.__init__).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    fields, defaults = ExportOptions.__struct_fields__, ExportOptions.__struct_defaults__
    required = [inspect.Parameter.empty] * (len(fields) - len(defaults))
    options = dict(zip(fields, [*required, *defaults], strict=True))
    assert options.keys() == arguments.keys() - {"asset_partitions"}, "which is about the event of an asset"
    assert {name for name in options if options[name] != arguments[name]} == {"send_date"}


def test_they_are_taken_from_attributes_of_their_names() -> None:
    source = ExportOptions(output_uri="file:///out", send_date="2025-06-01", carry=("campaign",))
    attributes = {name: getattr(source, name) for name in ExportOptions.__struct_fields__}
    assert ExportOptions.from_attributes(SimpleNamespace(**attributes, owner="someone else")) == source


def test_they_do_not_show_a_number() -> None:
    options = ExportOptions(output_uri="file:///out", send_date="2025-06-01", phone_numbers=[NUMBER])
    assert NUMBER not in repr(options)
    assert NUMBER not in str([*options.__rich_repr__()])


def test_the_options_of_the_log_are_checked() -> None:
    options = ExportOptions(output_uri="file:///out", send_date="2025-06-01", delimiter=";", encoding="gb18030")
    log_options = options.log_options()
    assert (log_options.delimiter, log_options.encoding) == (";", "gb18030")
    with pytest.raises(DysmsInputError, match="delimiter"):
        msgspec.structs.replace(options, delimiter="ab").log_options()
