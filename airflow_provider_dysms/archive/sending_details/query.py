"""The query: the filters of a vendor's page of sending details, and the place of the archive.

They are those of "Viewing Sending Details" in the guide of Huawei Cloud Message & SMS, and more.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

from airflow_provider_dysms.model.choices import PARTITION
from airflow_provider_dysms.model.private_struct import PrivateStruct

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_dysms.archive.sending_details.filters.search_limits import SearchLimits

#: Records on a page, by default as on the vendor's page, and at most.
PAGE_SIZE, MAX_PAGE_SIZE = 10, 1_000

#: ``quick``: exact if the manifests or the records that were read tell it, else "at least". ``exact``: every row of the
#: span is looked at.
Count = Literal["quick", "exact"]

Time = datetime | date | str


class FindQuery(PrivateStruct, frozen=True, kw_only=True):
    """Filters, all of which a message must pass, and the archive that is searched. A filter that is ``None`` is open.

    :param output_uri: the folder of the archive, as the transfer has it: ``file:///folder``, ``s3://conn_id@bucket/x``
    :param partition: folder of a day below it, as the transfer has it
    :param template_code: code of the template
    :param phone_number: a mobile number in any way people write it; with the country code, ``+`` or not
    :param result: sending result in the words of vendors' pages: ``Successful``, ``Sending``, ``Failed``, ``Missing``
        or ``Unlogged``, in any case
    :param state: state in our words, such as ``expired``; ``Failed`` stands for three of them
    :param sign_name: signature, without brackets
    :param country: ISO code of the number's country, such as ``CN``
    :param error_code: status code, in any case; ``DELIVRD`` and ``DELIVERED`` are the same, and ``EXPIRED`` also finds
        messages without a receipt
    :param carried: your own column -> its text; also ``out_id``, ``biz_id`` and ``message_id``
    :param sent_from: beginning of the time of sending, inclusive: an aware ``datetime``, a Beijing day, or text of
        either (``2026-11-28``, ``2026-11-28 09:00``; without a zone it is Beijing time)
    :param sent_to: its end, exclusive; default the current instant
    :param last: in their place: the time before the current instant, such as ``1h`` or ``24h``
    :param limits: profile of limits on the time: ``none`` (default), ``24h``, ``7d``, or limits of your own
    :param page_size: records on a page, 1 to 1,000; default 10
    :param cursor: ``next_cursor`` of the page before; default the first page
    :param count: whether the total must be ``exact``; default ``quick``
    """

    output_uri: str
    partition: str = PARTITION
    template_code: str | None = None
    phone_number: str | int | None = None
    result: str | None = None
    state: str | None = None
    sign_name: str | None = None
    country: str | None = None
    error_code: str | None = None
    carried: Mapping[str, str] = {}
    sent_from: Time | None = None
    sent_to: Time | None = None
    last: str | None = None
    limits: str | SearchLimits = "none"
    page_size: int = PAGE_SIZE
    cursor: str | None = None
    count: Count = "quick"

    _repr_fields = ("output_uri", "sent_from", "sent_to", "last", "page_size")
