"""Finds out which recipients of a send are on a suppression list."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.suppression.list_file import NO_LIST, open_list, read_list
from airflow_provider_dysms.suppression.rules import PREFIX_TAIL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_provider_dysms.model.privacy import PrivacyKey

#: Age of a list from which a send warns: the task that makes it may have stopped.
MAX_AGE = timedelta(days=7)


@dataclass(frozen=True, slots=True, repr=False)
class LeftOut:
    """The recipients that are left out of a send, and why.

    :param reasons: number -> reason
    """

    reasons: Mapping[str, str]

    def describe(self, key: PrivacyKey) -> dict[str, Any]:
        """Return what a send operator says about them: how many, why, and who, encrypted.

        :param key: of the connection's ``privacy_secret``
        """
        counts = Counter(self.reasons.values())
        return {
            "count": len(self.reasons),
            "by_reason": dict(sorted(counts.items())),
            "token": key.seal(json.dumps(dict(self.reasons)).encode()),
        }


def find_left_out(
    suppression_uri: str,
    numbers: Sequence[str],
    *,
    template_type: str | None,
    template_code: str | None,
    key: PrivacyKey,
    now: datetime,
    log: Any,
) -> LeftOut:
    """Return the numbers that a send leaves out.

    :param suppression_uri: folder of the list
    :param numbers: the recipients, as the API takes them
    :param template_type: of the message; ``None``: the list says which type the template has
    :param template_code: of the message
    :param key: of the connection's ``privacy_secret``
    :param now: the current instant; entries that have expired by then do not count
    :param log: logger for what people should know
    :raises DysmsInputError: the list is missing, it is hashed with another secret, or the template's type is not known
    :raises DysmsStorageError: the list cannot be read, or the store does not answer
    """

    def check(result: Mapping[str, Any]) -> None:
        _check_key(result["parameters"].get("hashed_by"), key)
        if template_type is None:
            _type_of(template_code, result["suppression"]["template_types"])

    found = read_list(open_list(suppression_uri), check)
    if found is None:
        raise DysmsInputError("suppression_uri", NO_LIST)
    result, entries = found
    facts = result["suppression"]
    kind = template_type or _type_of(template_code, facts["template_types"])
    if now - datetime.fromisoformat(facts["as_of"]) > MAX_AGE:
        log.warning("The suppression list is of %s; the task that makes it may have stopped", facts["through"])
    wanted = _forms(numbers, result["parameters"].get("hashed_by"), key)
    reasons: dict[str, str] = {}
    for entry in entries:
        if entry.is_applied and entry.template_type == kind and entry.expires_at > now:
            for number in wanted.get((entry.match, entry.phone_number), ()):
                reasons.setdefault(number, entry.reason)
    return LeftOut({number: reasons[number] for number in numbers if number in reasons})


def _type_of(template_code: str | None, template_types: Mapping[str, str]) -> str:
    found = template_types.get(template_code or "")
    if found is None:
        raise DysmsInputError(
            "suppression_uri",
            "has a list that does not know the type of this template, so it is not known whom it may reach; add the "
            "template to template_types of DysmsSuppressionListOperator",
        )
    return found


def _forms(numbers: Sequence[str], hashed_by: str | None, key: PrivacyKey) -> dict[tuple[str, str], list[str]]:
    """Return (kind of match, text in the list) -> the numbers that it stands for."""
    forms: dict[tuple[str, str], list[str]] = {}
    for form, number in _pairs(numbers, hashed_by, key):
        forms.setdefault(form, []).append(number)
    return forms


def _pairs(numbers: Sequence[str], hashed_by: str | None, key: PrivacyKey) -> Iterator[tuple[tuple[str, str], str]]:
    for number in numbers:
        if hashed_by is None:
            yield ("number", number), number
            yield ("prefix", number[:-PREFIX_TAIL]), number
        each: PrivacyKey | None = key if hashed_by is not None else None
        while each is not None:  # a list keeps the hashes of days before a rotation
            yield ("number", each.phone_hash(number)), number
            each = each.previous


def _check_key(hashed_by: str | None, key: PrivacyKey) -> None:
    if hashed_by is not None and key.for_fingerprint(hashed_by) is None:
        raise DysmsInputError(
            "privacy_secret",
            f"of the connection is not the one that the suppression list is hashed with (fingerprint {hashed_by}); put "
            "that one into privacy_secret_previous, or make the list again",
        )
