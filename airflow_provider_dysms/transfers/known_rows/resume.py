"""Finds the checkpoints that a retry may resume from: those of the same task instance, log and arguments."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.storage.checkpoints import Checkpoints
from airflow_provider_dysms.storage.object_store.store_errors import safe_reason

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_provider_dysms.api.settings import Settings
    from airflow_provider_dysms.audit.send_log.log import SendLog
    from airflow_provider_dysms.model.privacy import PrivacyKey
    from airflow_provider_dysms.storage.object_store.store import Store


def owner_of(ti: Any) -> tuple[object, ...] | None:
    """Return DAG, run, task and map index of a task instance, which its retries share; ``None`` outside of a run."""
    return None if ti is None else (ti.dag_id, ti.run_id, ti.task_id, ti.map_index)


def checkpoints_of(
    owner: Sequence[object] | None, store: Store, digest: str, *, now: datetime, resume_within: float
) -> Checkpoints:
    """Return the checkpoints of a task instance, which its next attempt reads.

    :param owner: DAG, run, task and map index; ``None`` outside of a run: nothing is retried there, so none are kept
    :param digest: as :func:`digest_of` returned it
    :param now: when this attempt began
    :param resume_within: seconds in which the responses of the first attempt may be used again
    """
    if owner is None:
        return Checkpoints(store, (), digest, now=now, resume_within=0)
    return Checkpoints(store, owner, digest, now=now, resume_within=resume_within)


def digest_of(send_log: SendLog, settings: Settings, written: object, privacy_key: PrivacyKey | None) -> str:
    """Return the digest of everything but the records that the results depend on: log, account and parameters.

    :param written: where and how the rows are written; must be JSON-able
    :param privacy_key: the key that numbers are hashed with, if they are: from a digest without a key they could be
        guessed
    """
    account = (settings.region_id, settings.host, settings.port, settings.schema, settings.credentials.identity)
    encoder = msgspec.json.Encoder()
    digest = hashlib.sha256(encoder.encode((account, written, send_log.carry, send_log.has_match_keys)))
    for piece in send_log.lines.pieces():
        digest.update(piece)
    return privacy_key.digest(digest.digest()) if privacy_key else digest.hexdigest()


def remove(checkpoints: Checkpoints, log: Any) -> None:
    """Remove checkpoints that nobody needs any more; a store that keeps them does not fail the task.

    :param log: the task's logger
    """
    try:
        checkpoints.clear()
    except Exception as error:  # every store has its own
        log.warning("%s below output_uri could not be removed: %s; remove it", checkpoints.folder, safe_reason(error))
