"""A huge line, cell or page is refused by file and line in little memory, even if the file is small."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

HUGE = Path(__file__).with_name("huge_log.py")

#: MB above idle.
MAX_MEMORY = 200

TOLD = {
    "line.csv.gz": "line.csv.gz:2 is longer than 1048576 bytes; end the line, or raise max_line_bytes",
    "header.csv.gz": "header.csv.gz:1 is longer than 1048576 bytes",
    "record.csv.gz": "record.csv.gz:2 is longer than 1048576 bytes",
    "cells.csv.gz": "cells.csv.gz:2 is longer than 1048576 bytes",
    "line.jsonl.gz": "line.jsonl.gz:1 is longer than 1048576 bytes",
    "line.txt.gz": "line.txt.gz:1 is longer than 1048576 bytes",
    "cell.parquet": "cell.parquet:1 has 3145",
    "dictionary.parquet": "dictionary.parquet:1 has 3145",
    "cell.parquet.gz": "cell.parquet.gz:1 has 3145",
    "page.parquet": "page.parquet:1 has 9",
    "many.parquet": 250,
    "often.parquet": 300,
    "rows.parquet": 100_000,
}


@pytest.mark.parametrize("kind", TOLD)
def test_a_log_with_something_huge_in_it_is_read_in_bounded_memory_or_refused(kind, tmp_path):
    command = [sys.executable, HUGE, kind, tmp_path / kind]
    ran = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    told, above_idle = json.loads(ran.stdout)
    print(told, above_idle)
    if isinstance(TOLD[kind], str):
        assert TOLD[kind] in told
    else:
        assert told == TOLD[kind]
    assert above_idle < MAX_MEMORY
