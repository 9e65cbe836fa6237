"""Errors name the columns of a file, but not data that stands in their place."""

from airflow_provider_dysms.audit.send_log.formats.table import Table, describe_columns, unreadable

NUMBER = "139" + "00001234"


def test_columns_are_named_unless_they_are_data():
    assert describe_columns(["mobile", "out_id"]) == "mobile, out_id"
    assert describe_columns([]) == "none"
    assert describe_columns(["mobile", NUMBER]) == "2 columns with data instead of names"
    assert describe_columns(["【Sign】hello"]) == "1 columns with data instead of names"


def test_long_and_many_names_are_cut():
    assert describe_columns(["x" * 50]) == "x" * 40
    assert describe_columns([f"c{place}" for place in range(30)]).count(",") == 19


def test_an_error_names_the_place():
    assert str(unreadable("log.csv:2", "is bad")) == "sent_uri cannot be read: log.csv:2 is bad."


def test_a_table_without_a_copy_has_nothing_to_close():
    Table(["phone_number"], lambda keys, carried: iter(())).close()
