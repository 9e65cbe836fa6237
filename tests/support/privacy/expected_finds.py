"""Where canaries may be and must be found, and what a search has found elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.privacy.canary_run import Traces

#: Where a canary may be, and has to be found, or the search finds nothing: (canary, place), both regular expressions.
#: What a user writes into a DAG's source, hands to ``expand`` or has in an XCom of his own, Airflow stores unchanged.
ALLOWED = [
    ("number source", r"table dag_code\.source_code|home: dags/(canary\.py|__pycache__/canary\..*)"),
    ("number (params|default_args|expand)", r"table serialized_dag\.data"),
    ("number upstream", r"table xcom\.value"),
    ("number upstream", r"home: logs/.*/task_id=upstream/.*"),  # Airflow's own line about what was returned
    ("(number|text) plain", r"out: plain/.*/part-0\.jsonl\.gz"),
    ("(foreign|text) audit_plain", r"out: plain/.*/part-0\.jsonl\.gz"),
    ("number rejected", r"out: plain/.*/part-0\.jsonl\.gz"),
]
ALLOWED_MORE = [
    ("(number|text) s3", r"s3: out/.*/part-0\.jsonl"),
    ("(foreign|text) audit_plain", r"s3: out/.*/part-0\.jsonl"),
    ("text kept", r"out: list/.*/part-0\.csv"),
    # A killed audit keeps what it had, for its next try.
    ("number killed_plain.*", r"out: killed_plain/_spool/.*\.segment"),
]

#: May be there, and need not.
TOLERATED = [
    # The same once more: the database's own file, and what the scheduler repeats of a task's log.
    ("number (source|params|default_args|expand|upstream)", r"home: (airflow\.db.*|scheduler\.log)"),
    ("number s3", r"s3: sent\.csv"),
    # Of a segment that was not finished; the next one takes it away.
    ("number killed_plain.*", r"out: killed_plain/_spool/.*\.segment\..*\.tmp"),
]

#: The number that a careless task tells.
LEAKED = "number leaked"


def told(traces: Traces, allowed: list[tuple[str, str]]) -> Iterator[str]:
    """Yield what was found where it must not be."""
    for place, hits in traces.canaries.items():
        for name, spelling in hits.items():
            may_be = any(
                re.fullmatch(who, name) and re.fullmatch(where, place) for who, where in [*allowed, *TOLERATED]
            )
            if name != LEAKED and not may_be:
                yield f"{name} ({spelling}) in {place}"


def unfound(traces: Traces, wanted: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield what should have been found and was not."""
    found = traces.canaries
    for who, where in wanted:
        if not any(
            re.fullmatch(where, place) and any(re.fullmatch(who, name) for name in hits)
            for place, hits in found.items()
        ):
            yield who, where
