"""Parquet files are read or refused by file and row, whatever is in them."""

import io
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.send_logs import DAY, ROWS, as_parquet, parquet, read_files, refusal, refused

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.model.errors import DysmsInputError


def test_half_of_a_file_is_refused():
    assert "is not a Parquet file, or only part of one" in refusal("l", parquet()[:-50])


def test_without_pyarrow_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert "airflow-provider-dysms[parquet]" in str(refused(("l.parquet", b"PAR1")))


def test_a_parquet_file_with_two_columns_of_a_name_is_refused_where_that_one_is_wanted():
    def two(name):
        table = pa.Table.from_arrays(
            [pa.array(["13900000000"]), pa.array(["a"]), pa.array(["b"])], ["phone_number", name, name]
        )
        file = io.BytesIO()
        pq.write_table(table, file)
        return "l.parquet", file.getvalue()

    assert len(read_files(two("x")).lines) == 1
    with pytest.raises(DysmsInputError, match=r"l\.parquet has two columns with the same name: out_id"):
        read_files(two("out_id"))


def test_a_damaged_parquet_file_is_read_or_refused_and_nothing_else():
    whole = as_parquet([{"phone_number": str(13900000000 + place), "out_id": str(place)} for place in range(300)])
    chance = random.Random(1)
    refused = 0
    for _ in range(300):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 20))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        try:
            read_files(("l.parquet", bytes(damaged)))
        except DysmsInputError:
            refused += 1
    assert refused > 30


def test_what_a_store_says_while_a_parquet_file_is_read_is_not_taken_for_damage():
    class Gone(io.BytesIO):
        def read(self, *_):
            raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError):
        read_send_log([("l.parquet", Gone(as_parquet(ROWS)))], send_date=DAY)
