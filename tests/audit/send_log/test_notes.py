"""A finding about many files is one sentence."""

from airflow_provider_dysms.audit.send_log.notes import Notes


def test_a_finding_names_its_first_file_and_counts_the_others() -> None:
    notes = Notes()
    for file in ("a.csv", "b.csv", "b.csv", "c.csv"):
        notes.add(file, "The delimiter is ';'")
    notes.add("a.csv", "The encoding is GB18030")
    assert list(notes) == ["The delimiter is ';' (a.csv and 2 more)", "The encoding is GB18030 (a.csv)"]
