"""A quoted cell may have line ends in it, now and then and in a text; a stray quote does not swallow lines."""

import gzip
import io
from datetime import date

import pytest

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.model.errors import DysmsInputError

DAY = date(2025, 6, 1)
NUMBERS = ["139" + f"{place:08}" for place in range(300)]
HEADER = "phone_number,out_id,note,sent_at"


def lines(count=300, **notes):
    """Return the lines of a log, some of them with a note."""
    return [
        HEADER,
        *(
            f"{NUMBERS[place]},o{place},{notes.get(f'at{place}', 'hi')},2025-06-01 12:00:{place % 60:02}"
            for place in range(count)
        ),
    ]


def read(rows, *, end="\n", name="l.csv", columns=None, **options):
    data = (end.join(rows) + end).encode()
    data = gzip.compress(data) if name.endswith(".gz") else data
    return read_send_log([(name, io.BytesIO(data))], send_date=DAY, columns=columns, options=LogOptions(**options))


def refused(*given, **named):
    with pytest.raises(DysmsInputError) as caught:
        read(*given, **named)
    assert "139" not in str(caught.value)
    assert "set multiline=True" in str(caught.value)
    return str(caught.value)


def stray(before='"', behind='"', count=300, start=20):
    """Two stray quotes, thirteen lines apart, in the column that nobody reads."""
    return lines(count, **{f"at{start}": f"{before}hi", f"at{start + 13}": f"hi{behind}"})


@pytest.mark.parametrize("name", ["l.csv", "l.csv.gz"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("count", [50, 300])
def test_two_stray_quotes_do_not_swallow_the_lines_between_them(count, end, name):
    problem = refused(stray(count=count), end=end, name=name)
    assert f"{name}:22 begins a quoted cell that contains line 23, which looks like a line of the log" in problem


def test_two_stray_quotes_in_neighbouring_lines_do_not_either():
    assert "l.csv:22 begins" in refused(lines(at20='"hi', at21='hi"'))


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_nor_under_another_delimiter(delimiter):
    assert "l.csv:22" in refused([row.replace(",", delimiter) for row in stray()])


def test_a_stray_quote_in_the_header_does_not_swallow_lines():
    rows = lines()
    rows[0] = rows[0].replace("note", '"note')
    rows[5] = rows[5].replace("hi", 'hi"')
    assert "l.csv:1 begins a quoted cell that contains line 2," in refused(rows)


def test_the_lines_of_a_log_of_message_ids_are_reported_by_these():
    rows = ["note,message_id", *(f"{'hi'},10080303{place:08}" for place in range(300))]
    rows[4], rows[8] = rows[4].replace("hi", '"hi'), rows[8].replace("hi", 'hi"')
    assert "l.csv:5 begins" in refused(rows)


@pytest.mark.parametrize("column", ["phone_number", "message_id", "country", "biz_id", "out_id", "sent_at"])
def test_a_line_end_in_a_column_of_ids_numbers_or_times_is_refused_by_its_name(column):
    names = list(dict.fromkeys(["phone_number", column, "note"]))
    row = [{"phone_number": NUMBERS[0]}.get(name, "1") for name in names]
    wrong = [f'"{cell}\n"' if name == column else cell for name, cell in zip(names, row, strict=True)]
    rows = [",".join(each) for each in (names, *[row] * 150, wrong, *[row] * 150)]
    assert f"l.csv:152 has a line end inside the quoted cell of column {column}" in refused(rows)


def test_a_column_of_another_name_is_known_as_one_of_ids():
    rows = lines(at3='"a\nb"')
    columns = {"phone_number": "phone_number", "out_id": "note"}
    assert "l.csv:5 has a line end inside the quoted cell of column note" in refused(rows, columns=columns)


def test_texts_with_line_ends_are_counted_and_refused_when_they_are_many():
    log = read(lines(at3='"a\nb"', at5='"a\r\nb\r\n\r\nc, d"', at7='"\r"'))
    assert (len(log.lines), log.multiline, log.first_multiline) == (300, 3, "l.csv:5")
    problem = refused(lines(at3='"a\nb"', at5='"a\nb"', at7='"a\nb"', at9='"a\nb"'))
    assert "l.csv:5 has a line end inside a quoted cell, like 4 of the 300 lines of the file" in problem


def test_they_are_taken_wherever_they_are_if_that_is_said():
    log = read(stray(count=50), multiline=True)
    assert (len(log.lines), log.multiline) == (37, 1)
    rows = lines(4, at0='"a\nb"', at1='"a\nb"')
    rows[4] = rows[4].replace(NUMBERS[3], f'"{NUMBERS[3]}\n"')
    log = read(rows, multiline=True)
    assert (len(log.lines), log.multiline, len(log.rejected)) == (4, 3, 0)


def test_a_file_without_any_has_none():
    assert (read(lines(3)).multiline, read(lines(3)).first_multiline) == (0, None)


def test_the_files_of_a_log_are_counted_together():
    files = [
        (f"{name}.csv", io.BytesIO("\n".join(lines(**notes)).encode()))
        for name, notes in (("a", {}), ("b", {"at1": '"a\nb"'}), ("c", {"at1": '"a\nb"'}))
    ]
    log = read_send_log(files, send_date=DAY)
    assert (log.multiline, log.first_multiline) == (2, "b.csv:3")


def test_ids_that_end_in_a_zero_are_looked_at_twice_and_counted_once():
    rows = [HEADER, *(row.replace(",o", ",10").replace(",hi", ".0,hi") for row in lines()[1:])]
    rows[4] = rows[4].replace("hi", '"a\nb"')
    log = read(rows)
    assert any("ends in .0" in note for note in log.notes)
    assert log.multiline == 1
