"""The result of a group knows which of its lines have a verdict."""

from airflow_provider_dysms.audit.results import GroupResult, HiddenCounts
from airflow_provider_dysms.audit.send_log.lines import Line


def test_repeated_lines_are_not_distinct():
    lines = [Line("log.csv", number) for number in (2, 3, 4)]
    assert GroupResult(0, lines, []).distinct_lines == lines
    hidden_counts = HiddenCounts(repeated=(1,))
    assert GroupResult(0, lines, [], hidden_counts=hidden_counts).distinct_lines == [lines[0], lines[2]]


def test_hidden_counts_are_stored_in_a_fixed_order():
    # Earlier releases wrote them as arrays.
    assert HiddenCounts._fields == ("further_queries", "ambiguous", "edge", "off_day", "repeated")
