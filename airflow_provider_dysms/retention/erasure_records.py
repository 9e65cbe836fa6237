"""The records of erasures, ``output_uri/_erasures/<last day>-<id>.json``: when, how many, and not who.

A record is written before the first row is erased, and finished after the last. It has a digest of each number under
the connection's ``privacy_secret``, so that an audit of a day up to the last one leaves the people out: the send log
still has them. When the service has forgotten these days, they can no longer be audited, and :mod:`.expire` removes the
digests.
"""

from __future__ import annotations

import json
import re
import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, get_args

from airflow_provider_dysms.model.choices import Erasure
from airflow_provider_dysms.model.dates import beijing_day, iso_utc
from airflow_provider_dysms.model.errors import DysmsInputError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime

    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.retention.people import People
    from airflow_provider_dysms.storage.object_store.store import Store

FOLDER = "_erasures"
VERSION = 1

#: Records that are read at once: an object store takes tens of milliseconds for each.
MAX_READS = 8

_KEY = re.compile(rf"{FOLDER}/(\d{{4}}-\d\d-\d\d)-[0-9a-f]+\.json")

Record = dict[str, Any]


class ErasedPeople:
    """The people whom an audit of a day leaves out.

    :param key: of the connection's ``privacy_secret``
    :param digests: of their numbers, by the fingerprint of the secret
    """

    def __init__(self, key: PrivacyKey, digests: dict[str, set[str]]) -> None:
        self._digests = {fingerprint: (key.for_fingerprint(fingerprint), each) for fingerprint, each in digests.items()}

    def hash_of(self, phone_number: str) -> str | None:
        """Return the hash that may stand for an erased person in rows; ``None`` for somebody else.

        :param phone_number: as the API takes it
        """
        for key, digests in self._digests.values():
            if key is not None and key.erasure_digest(phone_number) in digests:
                return key.phone_hash(phone_number)
        return None


def new_record(people: People, mode: Erasure, now: datetime) -> tuple[str, Record]:
    """Return the key and the content of the record of an erasure that begins.

    :param now: the current instant; rows of later Beijing days are not concerned
    """
    through = beijing_day(now).isoformat()
    record = {
        "version": VERSION,
        "finished": False,
        "begun_at": iso_utc(now, "seconds"),
        "through": through,
        "mode": mode,
        "people": len(people),
        "fingerprint": people.key.fingerprint,
        "digests": people.digests,
    }
    return f"{FOLDER}/{through}-{secrets.token_hex(8)}.json", record


def find_unfinished(store: Store, people: People, mode: Erasure) -> tuple[str, Record] | None:
    """Return the record of an erasure of the same people that was interrupted; ``None`` if there is none.

    :param store: at ``output_uri``
    """
    wanted = (False, mode, people.key.fingerprint, people.digests)
    for key, record in read_records(store, record_keys(store)):
        if tuple(record.get(name) for name in ("finished", "mode", "fingerprint", "digests")) == wanted:
            return key, record
    return None


def write_record(store: Store, key: str, record: Record) -> None:
    """Write a record whole."""
    store.write(key, (json.dumps(record, indent=2, sort_keys=True) + "\n").encode())


def record_keys(store: Store, day: date | None = None) -> list[str]:
    """Return the keys of the records, sorted.

    :param day: only those that an audit of this day must respect
    """
    found = [(key, match[1]) for key in store.keys(FOLDER) if (match := _KEY.fullmatch(key))]
    return [key for key, through in found if day is None or through >= day.isoformat()]


def read_records(store: Store, keys: Iterable[str]) -> list[tuple[str, Record]]:
    """Return records by their keys; one that is gone by now is left out.

    :raises DysmsInputError: one cannot be read, so that it is not known whom it is about
    """
    with ThreadPoolExecutor(MAX_READS, "dysms-erasures") as pool:
        read = list(pool.map(lambda key: (key, store.read(key)), keys))
    return [(key, _decode(key, stored)) for key, stored in read if stored is not None]


def erased_people(store: Store, keys: Iterable[str], key: PrivacyKey) -> ErasedPeople:
    """Return the people whom records are about.

    :param store: at ``output_uri``
    :param keys: of the records
    :param key: of the connection's ``privacy_secret``
    :raises DysmsInputError: a record cannot be read, or its digests were made with another secret
    """
    digests: dict[str, set[str]] = {}
    for name, record in read_records(store, keys):
        fingerprint = record["fingerprint"]
        if record["digests"] and key.for_fingerprint(fingerprint) is None:
            raise DysmsInputError(
                "privacy_secret",
                f"of the connection is not the one of {name} (fingerprint {fingerprint}), so the people who were "
                "erased would come back; put that secret into privacy_secret_previous",
            )
        digests.setdefault(fingerprint, set()).update(record["digests"])
    return ErasedPeople(key, digests)


def _decode(key: str, stored: bytes) -> Record:
    try:
        record: Record = json.loads(stored)
        is_valid = (
            record["version"] == VERSION
            and record["mode"] in get_args(Erasure)
            and isinstance(record["fingerprint"], str)
            and all(isinstance(digest, str) for digest in record["digests"])
        )
    except (ValueError, KeyError, TypeError):
        is_valid = False
    if not is_valid:
        raise DysmsInputError(
            "output_uri",
            f"has a record of an erasure that cannot be read, {key}; restore it, or erase the same people again and "
            "remove it",
        )
    return record
