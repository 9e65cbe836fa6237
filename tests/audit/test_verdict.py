"""A verdict becomes a row whose values stand under the right columns."""

from datetime import UTC, datetime

from msgspec.structs import replace

from airflow_provider_dysms.audit.verdict import COLUMNS, Verdict, output_columns, to_row

VERDICT = Verdict(
    **{
        name: {str: name, int: 7, bool: True, datetime: datetime(2025, 6, 1, tzinfo=UTC)}[kind]
        for name, kind in COLUMNS.items()
    },
    carried=("x", None),
)


def test_every_value_stands_under_its_column():
    columns = output_columns(["user", "plan"], content=True)
    row = dict(zip(columns, to_row(VERDICT, content=True), strict=True))
    assert list(columns) == [*COLUMNS, "user", "plan"]
    assert all(row[name] == getattr(VERDICT, name) for name in COLUMNS)
    assert (row["user"], row["plan"]) == ("x", None)
    assert all(isinstance(row[name], COLUMNS[name]) for name in COLUMNS)


def test_the_text_is_dropped_and_the_number_hashed_on_demand():
    columns = output_columns(["user", "plan"], hashed=True)
    row = dict(zip(columns, to_row(VERDICT, phone_hash=lambda phone: f"#{phone}"), strict=True))
    assert "content" not in columns
    assert "phone_number" not in columns
    assert next(iter(columns)) == "phone_hash"
    assert row["phone_hash"] == "#phone_number"
    assert "content" not in row.values()


def test_no_number_is_no_hash():
    assert to_row(replace(VERDICT, phone_number=None), phone_hash=lambda phone: f"#{phone}")[0] is None
