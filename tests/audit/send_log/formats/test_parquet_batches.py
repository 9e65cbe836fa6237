"""Fewer rows are decoded at a time if cells are large, and a cell that is too large is refused beforehand."""

import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_dysms.audit.send_log.formats.parquet_batches import BatchSizes, cell_sizes
from airflow_provider_dysms.audit.send_log.formats.text_streams import Source
from airflow_provider_dysms.audit.send_log.options import LogOptions
from airflow_provider_dysms.model.errors import DysmsInputError


def sizes_of(table, options=None, **how):
    file = io.BytesIO()
    pq.write_table(table, file, **how)
    parquet = pq.ParquetFile(file)
    leaves = [parquet.schema.column(index) for index in range(len(parquet.schema))]
    return BatchSizes(Source("l.parquet", file, options or LogOptions()), file, parquet, leaves)


def notes(size, count):
    return pa.table({"note": [f"{place:0{size}}" for place in range(count)]})


def test_a_batch_of_small_cells_has_the_most_rows():
    assert sizes_of(notes(20, 5000)).rows_of(0, ["note"], 0) == 1024


@pytest.mark.parametrize("use_dictionary", [True, False])
def test_a_batch_of_large_cells_has_few_rows(use_dictionary):
    repeated = pa.table({"note": ["x" * 2**20] * 40}) if use_dictionary else notes(2**20, 40)
    sizes = sizes_of(repeated, compression="none", use_dictionary=use_dictionary)
    assert 1 <= sizes.rows_of(0, ["note"], 0) <= 8


def test_a_file_that_is_larger_than_allowed_is_refused_by_its_footer():
    sizes = sizes_of(notes(100, 1000), LogOptions(max_file_bytes=10_000))
    with pytest.raises(DysmsInputError, match="has more than 10000 bytes; split it"):
        sizes.check(["note"])
    sizes.check([])


def test_cells_of_a_fixed_length_are_refused_by_its_footer():
    table = pa.table({"note": pa.array([b"x" * 300], pa.binary(300))})
    with pytest.raises(DysmsInputError, match=r"l\.parquet:1 has 300 bytes in a cell of column note"):
        sizes_of(table, LogOptions(max_line_bytes=200)).check(["note"])


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view(), pa.binary()])
def test_the_sizes_of_text_cells_are_their_bytes(kind):
    assert list(cell_sizes(pa.array(["", "ab", None, "夏"]).cast(kind))) == [0, 2, 0, 3]


def test_the_sizes_of_nested_cells_grow_with_them():
    small, large = cell_sizes(pa.array([["a"], ["a" * 1000]]))
    assert small < 100 < 1000 <= large
