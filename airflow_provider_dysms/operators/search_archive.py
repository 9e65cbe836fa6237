"""Searches the archive for a task: a small result for XCom, or a file of records. It needs no operator."""

from __future__ import annotations

import json
from datetime import date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowException
from msgspec.structs import replace

from airflow_provider_dysms.archive.sending_details.find import find
from airflow_provider_dysms.archive.sending_details.query import FindQuery
from airflow_provider_dysms.archive.sending_details.record import json_able
from airflow_provider_dysms.arguments.private_fields import raw_numbers
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.operators.run_queries import MAX_XCOM_BYTES
from airflow_provider_dysms.storage.decoders import RowsUnreadable, format_of
from airflow_provider_dysms.storage.file_formats import extension_of
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore
from airflow_provider_dysms.storage.object_store.paths import clean_uri, resolve_uri
from airflow_provider_dysms.storage.object_store.store import open_store
from airflow_provider_dysms.storage.row_spool import RowSpool

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from airflow_provider_dysms.archive.sending_details.page import Page
    from airflow_provider_dysms.archive.sending_details.record import SendingDetail
    from airflow_provider_dysms.hooks.dysms import DysmsHook
    from airflow_provider_dysms.model.privacy import PrivacyKey

#: The filters of a query that are arguments of the same name.
FILTERS = (
    *("output_uri", "partition", "template_code", "result", "state", "sign_name", "country", "error_code", "carried"),
    *("sent_from", "sent_to", "last", "limits"),
)

#: Records that are read at once. Every page reads the files of its days anew: pages of a thousand would read a file
#: with a million messages a thousand times.
READ_AT_ONCE = 25_000

#: The columns of a file of records; those that were carried stand together, as JSON.
COLUMNS: dict[str, type] = {
    **{"day": date, "result": str, "state": str, "status_code": str, "phone_number": str, "phone_hash": str},
    **{"country": str, "template_code": str, "sign_name": str, "category": str, "fault": str, "error_code": str},
    **{"sent_at": datetime, "received_at": datetime, "delivery_seconds": int, "segments": int, "is_final": bool},
    **{"biz_id": str, "message_id": str, "out_id": str, "content": str, "vendor": str, "vendor_extra": str},
    "carried": str,
}


def search_archive(
    filters: Mapping[str, Any],
    *,
    phone_number: Any = None,
    hook: DysmsHook,
    max_records: int,
    exact_total: bool = False,
    details_uri: str | None = None,
) -> dict[str, Any]:
    """Search the archive, and return the page as JSON-able values without phone numbers and texts of messages.

    :param filters: the values of :data:`FILTERS`
    :param phone_number: one number, or ``None``
    :param hook: of the connection whose secret numbers are hashed with; it is read only if there is a number
    :param max_records: largest number of records
    :param exact_total: whether every message is counted
    :param details_uri: file that the records are written to, as the archive has them; the result then has its ``rows``
    :raises DysmsInputError: an argument cannot be used, or the result is too large for XCom
    :raises DysmsError: a day is not what its manifest says, or a store does not answer
    """
    file = None if details_uri is None else _DetailsFile(details_uri)
    query = FindQuery(
        **{**filters, "carried": filters.get("carried") or {}},
        phone_number=_one_number(phone_number),
        page_size=min(max_records, READ_AT_ONCE),
        count="exact" if exact_total else "quick",
    )
    pages = _pages(query, hook, max_records)
    first = next(pages)
    result = first.as_dict()
    del result["first"], result["next_cursor"]
    if file is None:
        for record in result["records"]:
            del record["phone_number"]
        return _small(result)
    del result["records"]
    rows = file.write(record for page in chain([first], pages) for record in page.records)
    return {**result, "details_uri": file.uri, "rows": rows}


def _pages(query: FindQuery, hook: DysmsHook, max_records: int) -> Iterator[Page]:
    """Yield pages until there are enough records."""
    key = None if query.phone_number is None else privacy_key_of(hook)
    remaining = max_records
    while remaining > 0:
        page = find(query, privacy_key=key, max_page_size=READ_AT_ONCE)
        yield page
        remaining -= len(page.records)
        if page.next_cursor is None:
            return
        query = replace(query, cursor=page.next_cursor, page_size=max(min(remaining, READ_AT_ONCE), 1), count="quick")


def privacy_key_of(hook: DysmsHook) -> PrivacyKey | None:
    """Return the key of the connection; ``None`` without one, because only hashed archives need it."""
    try:
        return hook.privacy_key
    except (DysmsInputError, AirflowException):
        return None


def _one_number(value: Any) -> str | None:
    if value is None:
        return None
    numbers = raw_numbers("phone_number", value)
    if len(numbers) > 1:
        raise DysmsInputError("phone_number", f"has {len(numbers)} numbers; a search takes one")
    return str(numbers[0])


def _small(result: dict[str, Any]) -> dict[str, Any]:
    size = len(json.dumps(result, ensure_ascii=False).encode())
    if size > MAX_XCOM_BYTES:
        raise DysmsInputError(
            "max_records",
            f"lets the result grow to {size} bytes, and {MAX_XCOM_BYTES} fit into XCom; lower it, or name a "
            "details_uri for the records",
        )
    return result


class _DetailsFile:
    """A file of records in object storage.

    :raises DysmsInputError: its URI cannot be used
    """

    def __init__(self, details_uri: str) -> None:
        folder, _, self._name = details_uri.rpartition("/")
        try:
            self._format, self._compression = format_of(self._name)
        except RowsUnreadable:
            raise DysmsInputError(
                "details_uri", "must end with .jsonl, .csv or .parquet, also with .gz after the first two"
            ) from None
        extension_of(self._format, self._compression)
        root = resolve_uri(folder, "details_uri")
        self.uri = f"{clean_uri(root).rstrip('/')}/{self._name}"
        self._store = GuardedStore(open_store(root), "details_uri", clean_uri(root))

    def write(self, records: Iterable[SendingDetail]) -> int:
        """Write records; return their number."""
        with RowSpool(self._format, self._compression, COLUMNS) as spool:
            spool.write(map(_row, records))
            spooled = spool.finish()
            self._store.upload(self._name, spooled.file)
        return spooled.rows


def _row(record: SendingDetail) -> tuple[Any, ...]:
    cells = [getattr(record, name) for name in COLUMNS if name != "carried"]
    carried = json.dumps(json_able(record.carried), ensure_ascii=False, sort_keys=True) if record.carried else None
    return (*cells, carried)
