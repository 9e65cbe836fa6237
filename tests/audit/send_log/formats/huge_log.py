"""Makes a send log with something huge in it, reads it, and prints the peak memory: ``huge_log.py KIND PATH``.

A child makes the file, so that only the memory for reading counts.
"""

from __future__ import annotations

import gzip
import json
import os
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from airflow_provider_dysms.audit.send_log.log import read_send_log
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.phone_numbers.international import read_country

MB = 1024**2
HUGE = 300 * MB
NUMBER = "139" + "00001111"


def zipped(beginning: str, again: bytes, times: int) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with gzip.open(path, "wb", compresslevel=1) as file:
            file.write(beginning.encode())
            for _ in range(times):
                file.write(again)

    return make


def parquet(cells: Callable[[], list[str]], **how: object) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        notes = cells()
        numbers = [f"139{place:08}" for place in range(len(notes))]
        pq.write_table(pa.table({"phone_number": numbers, "note": notes}), path, compression="zstd", **how)

    return make


def parquet_zipped(path: Path) -> None:
    parquet(lambda: ["x" * HUGE])(path.with_suffix(".plain"))
    path.write_bytes(gzip.compress(path.with_suffix(".plain").read_bytes()))


#: Kinds -> how to make one.
KINDS: dict[str, Callable[[Path], None]] = {
    "line.csv.gz": zipped("phone_number,note\n1390000", b"1" * MB, 300),
    "header.csv.gz": zipped("", b"a," * MB, 300),
    "record.csv.gz": zipped(f'phone_number,note\n{NUMBER},"', b"ab\n" * MB, 300),
    "cells.csv.gz": zipped(f"phone_number,note\n{NUMBER}", b',"a\n"' * MB, 200),
    "line.jsonl.gz": zipped('{"phone_number": "', b"1" * MB, 300),
    "line.txt.gz": zipped("1", b"1" * MB, 300),
    "cell.parquet": parquet(lambda: [*"abc", "x" * HUGE], use_dictionary=False),
    "dictionary.parquet": parquet(lambda: [*"abc", "x" * HUGE]),
    "cell.parquet.gz": parquet_zipped,
    "page.parquet": parquet(lambda: ["x" * 4500] * 20_000, use_dictionary=False, data_page_size=2**30),
    # Within every bound
    "many.parquet": parquet(
        lambda: [str(place) * 150_000 for place in range(100_000, 100_250)], use_dictionary=False, write_batch_size=4
    ),
    "often.parquet": parquet(lambda: ["x" * 900_000] * 300),
    "rows.parquet": parquet(lambda: [f"{place:0400}" for place in range(100_000)]),
}


def read(path: Path) -> None:
    read_country("US")  # what is loaded once is not memory of the log
    pyarrow.compute.binary_length(pa.array(["a"]))
    before = peak_memory()
    told: str | int
    try:
        with path.open("rb") as file:
            carry = ["note"] if "parquet" in path.name else []
            told = len(read_send_log([(path.name, file)], send_date=date(2025, 6, 1), carry=carry).lines)
    except DysmsInputError as error:
        told = str(error)
    print(json.dumps([told, peak_memory() - before]))


def peak_memory() -> int:
    """Return the most memory that this process has had, in MB; getrusage includes that of its parent."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) // 1024


def made_by_a_child(kind: str, path: Path) -> bool:
    child = os.fork()
    if child == 0:
        KINDS[kind](path)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    kind, path = sys.argv[1], Path(sys.argv[2])
    if not made_by_a_child(kind, path):
        sys.exit(f"{kind} could not be made")
    read(path)
