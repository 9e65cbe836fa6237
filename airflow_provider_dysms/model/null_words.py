"""What templates, programs and databases write where there is nothing: one list for every id, number and time."""

from __future__ import annotations

#: In lower case. ``NA`` is not among them, which is the country Namibia.
_WORDS = frozenset(
    {
        *("none", "null", "<null>", "(null)"),  # Python, SQL, and tools that show what SQL returned
        "\\n",  # the \N of MySQL, Hive and PostgreSQL
        *("nan", "<na>", "n/a", "#n/a"),  # pandas and Excel
        "undefined",  # JavaScript
    }
)


def is_null_word(text: str) -> bool:
    """Say whether a text is a word that stands for an absent value; its case and the blanks around it do not count."""
    return text.strip().lower() in _WORDS
