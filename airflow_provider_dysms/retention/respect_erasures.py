"""Erasures seen by an audit: it leaves the people out, and fails if another erasure began meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsStorageError
from airflow_provider_dysms.retention.erasure_records import ErasedPeople, erased_people, record_keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.object_store.store import Store


class ErasedMeanwhile(DysmsStorageError):
    """People were erased from the archive while their day was audited."""


class Erasures:
    """The erasures that concern the audit of a day.

    :param store: at ``output_uri``
    :param day: the Beijing day
    :param read_key: returns the key of the connection's ``privacy_secret``; it is called only if there are erasures
    :raises DysmsInputError: a record cannot be read, or its digests were made with another secret
    :raises DysmsStorageError: the store does not answer
    """

    def __init__(self, store: Store, day: date, read_key: Callable[[], PrivacyKey]) -> None:
        self._store = store
        self._day = day
        self._keys = record_keys(store, day)
        #: The people who are left out; ``None`` if nobody is.
        self.people: ErasedPeople | None = erased_people(store, self._keys, read_key()) if self._keys else None

    def check(self) -> None:
        """Check that no erasure has begun since; call it before and after the commit.

        :raises ErasedMeanwhile: one has, so that the rows may have people who must not be in them
        """
        if set(record_keys(self._store, self._day)) - set(self._keys):
            raise ErasedMeanwhile(
                "people were erased from the archive while their day was audited; run the task again, which leaves "
                "them out"
            )
