"""The process that answers queries: ``python -m`` with its bound of memory in MB as the argument.

It reads queries from its standard input and writes the answers to its standard output. Whatever else prints goes
nowhere. It ends when its input ends, with the API server, or when no query comes for a while.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import sys
from typing import Any, BinaryIO

import msgspec

from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError
from airflow_provider_dysms.plugins.queries.frames import pack, read_message
from airflow_provider_dysms.plugins.queries.query_errors import place_of

#: Seconds for which a process waits for a query.
MAX_IDLE = 900

#: Bytes of a query.
MAX_QUERY_BYTES = 64 * 1024

#: Address space beyond the bound of memory (bytes): libraries and reserved memory that is never used.
_ADDRESS_SPACE = 2 * 2**30

#: Loaded before the first query comes; those of extras may be missing.
_PRELOADED = ("airflow.sdk", "airflow_provider_dysms.plugins.queries.jobs", "pyarrow.parquet", "duckdb")


def main() -> None:
    """Wait for queries, and answer them."""
    _set_limits(int(sys.argv[1]))
    with _private_output() as output:
        for module in _PRELOADED:
            with contextlib.suppress(ImportError):
                importlib.import_module(module)
        while select.select([sys.stdin], [], [], MAX_IDLE)[0]:
            received = read_message(sys.stdin.buffer, MAX_QUERY_BYTES)
            if received is None:
                return
            output.write(pack(answer(received)))
            output.flush()


def answer(received: bytes) -> dict[str, Any]:
    """Return the answer to a query: ``result``, or ``error`` with its ``kind``, ``argument`` and ``message``.

    :param received: JSON with ``job``, the name of a function of the module of jobs, and its ``arguments``
    """
    from airflow_provider_dysms.exceptions import DysmsTaskError
    from airflow_provider_dysms.plugins.queries import jobs

    try:
        query = msgspec.json.decode(received)
        return {"result": jobs.JOBS[query["job"]](**query["arguments"])}
    except DysmsInputError as error:
        return {"error": {"kind": "input", "argument": error.argument, "message": error.problem}}
    except DysmsError as error:
        return {"error": {"kind": "archive", "argument": None, "message": str(error)}}
    except DysmsTaskError as error:  # such as a connection that Airflow does not find
        return {"error": {"kind": "archive", "argument": None, "message": str(error)}}
    except MemoryError:
        return {"error": {"kind": "memory", "argument": None, "message": ""}}
    except Exception as error:
        return {"error": {"kind": "unexpected", "argument": None, "message": place_of(error)}}


@contextlib.contextmanager
def _private_output() -> Any:
    """Keep the standard output for the answer: libraries that print would damage it."""
    output: BinaryIO = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with output:
        yield output


def _set_limits(megabytes: int) -> None:
    """Bound the memory of this process, and keep its memory out of files of crashes.

    On systems without these limits the process that started this one still looks at its memory.
    """
    try:
        import resource
    except ImportError:
        return
    bound = megabytes * 2**20 + _ADDRESS_SPACE
    for kind, limit in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, bound)):
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    main()
