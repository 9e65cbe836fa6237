"""The pages of a column are found one after the other, from every kind of page that pyarrow writes."""

import io
import random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from airflow_provider_dysms.audit.send_log.formats.parquet_pages import DamagedPage, page_sizes

ROWS = 30_000


def written(**how):
    file = io.BytesIO()
    column = [f"{place % 5000:050}" if place % 7 else None for place in range(ROWS)]
    pq.write_table(pa.table({"note": column}), file, data_page_size=2**16, write_batch_size=64, **how)
    return file, pq.ParquetFile(file).metadata.row_group(0).column(0)


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("compression", ["none", "snappy", "zstd"])
@pytest.mark.parametrize("use_dictionary", [True, False])
def test_the_pages_of_a_column_add_up_to_it(version, compression, use_dictionary):
    file, chunk = written(data_page_version=version, compression=compression, use_dictionary=use_dictionary)
    pages = list(page_sizes(file, chunk))
    assert sum(values for _, values in pages) == ROWS
    assert (pages[0][1] == 0) is use_dictionary
    assert len(pages) > 1
    # The footer counts the pages' headers, too.
    assert 0 <= chunk.total_uncompressed_size - sum(size for size, _ in pages) < 200 * len(pages)


def test_what_is_not_a_page_is_damaged_and_ends_soon():
    file, chunk = written(compression="none")
    whole = file.getvalue()
    chance = random.Random(7)
    damaged = 0
    for _ in range(200):
        changed = bytearray(whole)
        for _ in range(20):
            changed[chance.randrange(4, 64)] = chance.randrange(256)
        try:
            list(page_sizes(io.BytesIO(changed), chunk))
        except DamagedPage:
            damaged += 1
    assert damaged > 50
