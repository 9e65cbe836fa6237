"""Archives whose rows are known: partitions written as an audit writes them, without a service."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow_provider_dysms.audit.results import HiddenCounts, HiddenCountsPacker
from airflow_provider_dysms.audit.tally import Tally
from airflow_provider_dysms.audit.verdict import Verdict
from airflow_provider_dysms.model.dates import DAY, day_start, iso_utc
from airflow_provider_dysms.model.privacy import PrivacyKey
from airflow_provider_dysms.retention.erase import erase_people
from airflow_provider_dysms.storage.decoders import format_of, read_rows, schema_of
from airflow_provider_dysms.storage.manifest import Manifest, was_csv_safe
from airflow_provider_dysms.storage.partition import Partition
from airflow_provider_dysms.transfers.known_rows.row_codec import RowCodec

SECRET = "s" * 32

log = logging.getLogger(__name__)


class Archive:
    """A folder of partitions."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.uri = f"file://{path}"

    def erase(self, *numbers: str, key: PrivacyKey | None = None, mode: Any = "remove") -> dict[str, Any]:
        return erase_people(self.uri, numbers, mode=mode, privacy_key=key or PrivacyKey(SECRET), log=log)

    def data(self) -> dict[str, bytes]:
        """Return the files that readers see."""
        return {str(path.relative_to(self.path)): path.read_bytes() for path in self.path.glob("send_date=*/part-*")}

    def everything(self) -> bytes:
        return b"\n".join(path.read_bytes() for path in sorted(self.path.rglob("*")) if path.is_file())


def verdict(day: date, number: str, *, second: int = 0, **fields: Any) -> Verdict:
    """Return a delivered message of noon in Beijing, with changes."""
    sent_at = day_start(day) + timedelta(hours=12, seconds=second)
    usual = {
        "phone_number": number,
        "country": "CN",
        "out_id": f"o-{second}",
        "template_code": "SMS_1",
        "sign_name": "sign",
        "state": "delivered",
        "category": "delivered",
        "error_code": "DELIVERED",
        "sent_at": sent_at,
        "received_at": sent_at + timedelta(seconds=4),
        "delivery_seconds": 4,
        "segments": 1,
        "is_final": True,
    }
    return Verdict(**{**usual, **fields})


def failed(day: date, number: str, category: str, *, second: int = 0, **fields: Any) -> Verdict:
    """Return a message that failed."""
    codes = {
        "invalid_number": "INVALID_NUMBER",
        "blacklist": "MOBILE_IN_BLACK",
        "unreachable": "MOBILE_NOT_ON_SERVICE",
        "number_abnormal": "MOBILE_ACCOUNT_ABNORMAL",
        "content_rejected": "CONTENT_ERROR",
        "network": "NO_ROUTE",
    }
    found = {"state": "failed", "category": category, "error_code": codes[category], "fault": "recipient"}
    return verdict(day, number, second=second, **{**found, "received_at": None, "delivery_seconds": None, **fields})


def put_day(
    output_uri: str,
    day: date,
    verdicts: Sequence[Verdict],
    *,
    file_format: str = "jsonl",
    compression: str | None = None,
    csv_safe: bool = False,
    key: PrivacyKey | None = None,
    carry: Sequence[str] = (),
    content: bool = False,
    hidden: Mapping[int, HiddenCounts] | None = None,
    **result: Any,
) -> Manifest:
    """Write the partition of a day.

    :param key: hashes the numbers; default: they are in clear
    :param hidden: position of the first row of a group -> its hidden counts
    :param result: changes of the manifest's result
    """
    partition = Partition.resolve(
        output_uri,
        partition=f"send_date={day}",
        file_format=file_format,
        compression=compression,
        csv_safe=csv_safe,
    )
    codec = RowCodec(carry, content=content, phone_hash=key.phone_hash if key else None)
    tally, packer = Tally(lines=len(verdicts), asked=len(verdicts)), HiddenCountsPacker()
    tally.add(verdicts)
    for position, counts in sorted((hidden or {}).items()):
        packer.add(position, counts)
        tally.ambiguous += counts.ambiguous
        tally.edge += counts.edge
        tally.repeated += len(counts.repeated)
        tally.lines += len(counts.repeated)
    as_of = iso_utc(min(day_start(day) + 4 * DAY, datetime.now(UTC)), "seconds")
    parameters = {
        **{"match": "auto", "content": "keep" if content else "drop", "phone": "hashed" if key else "plain"},
        **{"columns": None, "carry": list(carry), "hashed_by": key.fingerprint if key else None},
        **{"file_format": file_format, "compression": compression, "csv_safe": csv_safe},
    }
    facts = {
        **tally.as_dict(),
        **{"send_date": day.isoformat(), "keyed": True, "multiline": 0, "parameters": parameters},
        **{"as_of": as_of, "oldest_answer": as_of, "provisional": False, "settled": True, "unseen": packer.text()},
        **result,
    }
    with partition.open_spool(codec.columns) as spool:
        spool.write(codec.rows(verdicts))
        return partition.commit(spool, facts, {"requests": len(verdicts), **partition.uris})


def manifest_of(folder: Path, day: date) -> Manifest:
    """Return the manifest of a day in a folder."""
    return manifest_in(folder, f"send_date={day}")


def manifest_in(folder: Path, partition: str) -> Manifest:
    """Return the manifest of a partition."""
    stored: Manifest = json.loads((folder / f"_manifests/{partition}.json").read_text())
    return stored


def rows_of(folder: Path, day: date) -> list[dict[str, Any]]:
    """Return the rows of a day in a folder, in any format."""
    return rows_in(folder, f"send_date={day}")


def rows_in(folder: Path, partition: str) -> list[dict[str, Any]]:
    """Return the rows of a partition, in any format."""
    result = manifest_in(folder, partition)["result"]
    schema = schema_of(result["columns"])
    with (folder / result["data"]).open("rb") as file:
        rows = list(read_rows(file, *format_of(result["data"]), schema, csv_safe=was_csv_safe(result)))
    return [dict(zip(schema, row, strict=True)) for row in rows]
