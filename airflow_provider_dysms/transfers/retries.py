"""Whose answers a retry may go on with: those of the same task and run, about the same log, written in the same way."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.storage.guard import reason
from airflow_provider_dysms.storage.segments import Segments

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_provider_dysms.api.privacy import PrivacyKey
    from airflow_provider_dysms.api.settings import Settings
    from airflow_provider_dysms.audit.sent import SentLog
    from airflow_provider_dysms.storage.stores import Store


def segments_of(
    context: Mapping[str, Any], store: Store, digest: str, *, now: datetime, resume_within: float
) -> Segments:
    """Return where the answers of a task wait for its retry; outside of a run, where nothing is tried again, none do.

    :param context: the task's
    :param digest: as :func:`digest_of` returned it
    :param now: when this try began
    :param resume_within: seconds
    """
    instance = context.get("ti")
    if instance is None:
        return Segments(store, (), digest, now=now, resume_within=0)
    owner = (instance.dag_id, instance.run_id, instance.task_id, instance.map_index)
    return Segments(store, owner, digest, now=now, resume_within=resume_within)


def digest_of(sent: SentLog, settings: Settings, written: object, privacy_key: PrivacyKey | None) -> str:
    """Return the digest of everything that outcomes depend on besides the records: log, account and parameters.

    :param written: where the rows go and how; JSON-able
    :param privacy_key: of an audit that hashes numbers: they are not to be guessed from a digest without a key
    """
    asked = (settings.region_id, settings.host, settings.port, settings.schema, settings.credentials.identity)
    encoder = msgspec.json.Encoder()
    digest = hashlib.sha256(encoder.encode((asked, written, sent.carry, sent.keyed)))
    for piece in sent.lines.pieces():
        digest.update(piece)
    return privacy_key.digest(digest.digest()) if privacy_key else digest.hexdigest()


def remove(segments: Segments, log: Any) -> None:
    """Remove what nobody needs any more; that it stays is no failure of the task.

    :param log: the task's logger
    """
    try:
        segments.clear()
    except Exception as error:  # every store has its own
        log.warning("%s below output_uri could not be removed: %s; remove it", segments.folder, reason(error))
