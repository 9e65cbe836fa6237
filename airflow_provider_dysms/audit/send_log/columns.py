"""Finds our columns, such as ``out_id``, among the columns of a send log, also in other spellings.

``OutId``, ``outId``, ``OUT_ID`` and ``out-id`` are other spellings of ``out_id``. Without the argument ``columns``,
such a column is read, and the log says so; two that fit are refused. With ``columns``, it is not read, and a warning
names it.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from airflow_provider_dysms.audit.send_log.formats.table import describe_columns
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

#: Our names for the columns of a log.
NAMES = ("phone_number", "message_id", "country", "biz_id", "out_id", "sent_at")

#: Columns by which a line finds its record.
KEYS = frozenset({"message_id", "biz_id", "out_id", "sent_at"})

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")
_BIZ_WORDS = {"biz", "bizid", "receipt", "回执"}
_TIME_WORDS = {"at", "time", "date", "datetime", "timestamp", "ts", "sent", "created", "when", "时间", "日期"}
_ID_WORDS = {"out", "outid", "order", "serial", "sn", "seq", "ref", "reference", "request", "trace", "external", "uuid"}
_ID_WORDS |= {"id", "no", "订单", "订单号", "流水", "流水号", "编号"}
_OTHER_IDS = {"user", "customer", "member", "uid", "template", "sign", "campaign", "channel", "phone", "mobile", "shop"}


def spelling(name: str) -> str:
    """Return the name of a column without case and punctuation."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", name).casefold()))


_SPELLINGS = {spelling(name): name for name in NAMES}


class Columns:
    """Finds our columns in the files of one log, and collects notes and warnings about them.

    :param given: our name -> the log's column; ``None``: our names in any spelling
    :param carry: columns that are copied to the output
    """

    def __init__(self, given: Mapping[str, str] | None, carry: Sequence[str] = ()) -> None:
        self._given = given
        self._carry = set(carry)
        self._present: dict[str, None] = {}  # a set in order
        #: Column -> a sentence for the log: notes about columns that are read, warnings about columns that are not.
        self.notes: dict[str, str] = {}
        self.warnings: dict[str, str] = {}

    def of_file(self, name: str) -> Callable[[Iterable[str]], list[str | None]]:
        """Return a function that takes the columns of a file, all at once or step by step, and returns ours.

        Its result has the columns found so far in the order of :data:`NAMES`, and ``None`` for the others.

        :param name: the name of the file, for messages
        """
        chosen: dict[str, str] = dict(self._given or {})

        def choose(columns: Iterable[str]) -> list[str | None]:
            for column in columns:
                self._present[column] = None
                if ours := _SPELLINGS.get(spelling(column)):
                    if self._given is not None:
                        self._name_ignored(name, column, ours)
                    elif chosen.setdefault(ours, column) != column:
                        both = describe_columns(sorted({chosen[ours], column}))
                        raise DysmsInputError(
                            "columns", f"must say which column of {name} is {ours}, because {both} both fit"
                        )
                    elif column != ours:
                        self.notes[column] = f"Column {describe_columns([column])} of {name} is read as {ours}"
            return [chosen.get(ours) for ours in NAMES]

        return choose

    def likely_keys(self) -> list[str]:
        """Return the columns that are not read but look like a key, each with the kind of key in brackets."""
        if self._given:
            unused = [column for column in self._present if column not in self._given.values()]
        else:
            unused = [column for column in self._present if spelling(column) not in _SPELLINGS]
        likely = ((column, guess_key(column)) for column in unused)
        return [f"{describe_columns([column])} ({kind})" for column, kind in likely if kind]

    def _name_ignored(self, name: str, column: str, ours: str) -> None:
        if column not in self._carry and column not in (self._given or {}).values():
            self.warnings[column] = (
                f"Column {describe_columns([column])} of {name} looks like {ours} but is not read, because columns "
                "does not map it"
            )


def has_queryable_column(present: Iterable[str]) -> bool:
    """Say whether columns include phone numbers or message ids, which are needed for queries."""
    return not {"phonenumber", "messageid"}.isdisjoint(map(spelling, present))


def guess_key(column: str) -> str | None:
    """Guess the kind of key in a column from its name: ``OutId``, ``BizId``, ``message id``, ``time``, or ``None``."""
    kinds = {"biz_id": "BizId", "out_id": "OutId", "message_id": "message id", "sent_at": "time"}
    if (ours := _SPELLINGS.get(spelling(column))) in kinds:
        return kinds[ours]
    words = {word.casefold() for word in _WORDS.findall(unicodedata.normalize("NFKC", column))}
    parts = words | {part for part in ("时间", "日期", "回执", "订单", "流水", "编号") if part in column}
    if parts & _BIZ_WORDS:
        return "BizId"
    if parts & _TIME_WORDS:
        return "time"
    if (parts & _ID_WORDS or any(word.endswith("id") for word in words)) and not parts & _OTHER_IDS:
        return "OutId"
    return None
