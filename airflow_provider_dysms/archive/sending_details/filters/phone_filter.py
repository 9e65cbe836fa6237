"""The filter for one phone number: in any spelling, and for files whose numbers are hashed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_dysms.audit.verdict import PHONE_HASH
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.phone_numbers.number import NumberError
from airflow_provider_dysms.model.phone_numbers.parse import parse_number
from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from airflow_provider_dysms.model.privacy import PrivacyKey

PHONE_NUMBER = "phone_number"

#: Characters of a number as people write it, and digits of one.
_MAX_LENGTH, _MIN_DIGITS = 40, 4


class PhoneFilter(PrivateStruct, frozen=True):
    """A number that is searched for.

    :param forms: as files may have it: normalised, and as it was written, because a line that could not be queried
        keeps the number of the log
    :param is_possible: whether it is a number that can exist
    :param hashes: fingerprint of a secret -> the hashes of the forms under it
    """

    forms: tuple[str, ...]
    is_possible: bool = True
    hashes: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def of(cls, number: object) -> PhoneFilter:
        """Return the filter for a number.

        :raises DysmsInputError: it has too few digits, or is too long
        """
        if isinstance(number, bool) or not isinstance(number, (str, int)):
            raise DysmsInputError(PHONE_NUMBER, f"must be text or a whole number, not {type(number).__name__}")
        written = str(number).strip()
        digits = "".join(character for character in written if character in "0123456789")
        try:
            normalised = parse_number(written, to_query=False).digits
        except NumberError as error:
            if len(written) > _MAX_LENGTH or len(digits) < _MIN_DIGITS:
                raise DysmsInputError(PHONE_NUMBER, error.problem) from None
            return cls(tuple(dict.fromkeys((written, digits))), is_possible=False)
        return cls(tuple(dict.fromkeys((normalised, written, digits))))

    def under(self, key: PrivacyKey | None) -> PhoneFilter:
        """Return the filter with the hashes under a secret and the one before it.

        :param key: ``None`` without a secret
        """
        hashes = []
        while key is not None:
            hashes.append((key.fingerprint, tuple(map(key.phone_hash, self.forms))))
            key = key.previous
        return PhoneFilter(self.forms, self.is_possible, tuple(hashes))

    def condition(self, columns: Iterable[str], result: Mapping[str, Any]) -> tuple[str, tuple[str, ...]] | None:
        """Return the column of a file with the texts that it may have; ``None`` if it has no column of numbers.

        :param columns: of the file
        :param result: of its manifest
        """
        if PHONE_HASH in columns:
            return PHONE_HASH, self._hashes(fingerprint_of(result))
        return (PHONE_NUMBER, self.forms) if PHONE_NUMBER in columns else None

    def check_hashes(self, day: date, result: Mapping[str, Any]) -> None:
        """Refuse a day whose numbers are hashed under a secret that is not there: it would look empty.

        :param result: of its manifest
        :raises DysmsInputError: the secret is missing, or has another fingerprint
        """
        if all(column["name"] != PHONE_HASH for column in result.get("columns") or ()):
            return
        fingerprint = fingerprint_of(result)
        needed = f"(fingerprint {fingerprint}) " if fingerprint else ""
        if not self.hashes:
            raise DysmsInputError(
                "privacy_secret",
                f"is needed to find a number on {day}, whose numbers are hashed: name the connection whose secret "
                f"{needed}the audit used",
            )
        if fingerprint is not None and not self._hashes(fingerprint):
            raise DysmsInputError(
                "privacy_secret",
                f"has the fingerprint {self.hashes[0][0]}, and the numbers of {day} are hashed under another one "
                f"{needed.strip()}; name its connection, or put the old secret into privacy_secret_previous",
            )

    def _hashes(self, fingerprint: str | None) -> tuple[str, ...]:
        """Return the hashes under a secret; those under every secret if a manifest does not name it."""
        return tuple(text for known, texts in self.hashes if fingerprint in (None, known) for text in texts)


def fingerprint_of(result: Mapping[str, Any]) -> str | None:
    """Return the fingerprint of the secret under which the numbers of a day are hashed."""
    fingerprint = (result.get("parameters") or {}).get("hashed_by")
    return fingerprint if isinstance(fingerprint, str) else None
