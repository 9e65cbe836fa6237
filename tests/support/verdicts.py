"""A short form of verdicts for tests of matching."""

from collections.abc import Iterable

from airflow_provider_dysms.audit.verdict import Verdict


def states_and_texts(verdicts: Iterable[Verdict]) -> list[tuple[str, str | None]]:
    """Return the state and the text of each verdict; the tests give each record a text of its own."""
    return [(verdict.state, verdict.content) for verdict in verdicts]
