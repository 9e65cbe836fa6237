"""Whose answers a retry may go on with: those of the same task and run, about the same log, written in the same way."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.storage.checkpoints import Checkpoints
from airflow_provider_dysms.storage.object_store.store_errors import safe_reason

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_provider_dysms.api.settings import Settings
    from airflow_provider_dysms.audit.send_log.log import SendLog
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.object_store.store import Store


def segments_of(
    context: Mapping[str, Any], store: Store, digest: str, *, now: datetime, resume_within: float
) -> Checkpoints:
    """Return where the answers of a task wait for its retry; outside of a run, where nothing is tried again, none do.

    :param context: the task's
    :param digest: as :func:`digest_of` returned it
    :param now: when this try began
    :param resume_within: seconds
    """
    instance = context.get("ti")
    if instance is None:
        return Checkpoints(store, (), digest, now=now, resume_within=0)
    owner = (instance.dag_id, instance.run_id, instance.task_id, instance.map_index)
    return Checkpoints(store, owner, digest, now=now, resume_within=resume_within)


def digest_of(sent: SendLog, settings: Settings, written: object, privacy_key: PrivacyKey | None) -> str:
    """Return the digest of everything that outcomes depend on besides the records: log, account and parameters.

    :param written: where the rows go and how; JSON-able
    :param privacy_key: of an audit that hashes numbers: they are not to be guessed from a digest without a key
    """
    asked = (settings.region_id, settings.host, settings.port, settings.schema, settings.credentials.identity)
    encoder = msgspec.json.Encoder()
    digest = hashlib.sha256(encoder.encode((asked, written, sent.carry, sent.has_match_keys)))
    for piece in sent.lines.pieces():
        digest.update(piece)
    return privacy_key.digest(digest.digest()) if privacy_key else digest.hexdigest()


def remove(segments: Checkpoints, log: Any) -> None:
    """Remove what nobody needs any more; that it stays is no failure of the task.

    :param log: the task's logger
    """
    try:
        segments.clear()
    except Exception as error:  # every store has its own
        log.warning("%s below output_uri could not be removed: %s; remove it", segments.folder, safe_reason(error))
