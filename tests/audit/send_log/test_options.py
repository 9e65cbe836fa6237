"""Options of a send log are checked on creation, and findings about many files are one sentence."""

import io

import pytest
from support.send_logs import CHINESE, DAY, table

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.model.errors import DysmsInputError


def test_what_was_found_out_is_reported_once_for_many_files():
    data = table(";", names=tuple(CHINESE.values())).encode("gb18030")
    files = [(f"{place}.csv", io.BytesIO(data)) for place in range(3)]
    log = read_send_log(files, send_date=DAY, columns=CHINESE, options=LogOptions(encoding="auto"))
    assert log.notes == ("The encoding is GB18030 (0.csv and 2 more)", "The delimiter is ';' (0.csv and 2 more)")


@pytest.mark.parametrize(
    ("argument", "value", "told"),
    [
        ("sent_format", "xlsx", "csv, jsonl, parquet, text"),
        ("encoding", "klingon", "such as 'gb18030', not 'klingon'"),
        ("encoding", "base64", "an encoding that Python knows"),
        ("encoding", "rot13", "an encoding that Python knows"),
        ("encoding", "idna", "an encoding that Python knows"),
        ("encoding", 5, "an encoding that Python knows"),
        ("delimiter", "::", "one character"),
        ("delimiter", "", "one character"),
        ("delimiter", '"', "one character"),
        ("delimiter", "\n", "one character"),
        ("delimiter", "a", "one character"),
        ("time_format", "%Y-%m-%d", "year, month, day, hour and minute"),
        ("time_format", "%I:%M %d/%m/%Y", "year, month, day, hour and minute"),
        ("time_format", "yyyy-MM-dd HH:mm", "strptime codes"),
        ("time_format", "%Y-%m-%d %H:%M %Z", "use %z"),
        ("time_format", "%Y-%m-%dT%H:%M:%SZ", "use %z instead"),
        ("time_format", 5, "must be text"),
        ("timezone", "CST", "an IANA name"),
        ("timezone", "../UTC", "an IANA name"),
        ("timezone", ["UTC"], "an IANA name"),
        ("max_line_bytes", 0, "at least 1"),
        ("max_line_bytes", True, "at least 1"),
        ("max_file_bytes", "1GB", "a number of bytes"),
    ],
)
def test_an_argument_that_cannot_be_is_refused_by_its_name(argument, value, told):
    with pytest.raises(DysmsInputError) as error:
        LogOptions(**{argument: value})
    assert error.value.argument == argument
    assert told in str(error.value)
