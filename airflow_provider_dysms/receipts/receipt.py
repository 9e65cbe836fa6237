"""One status report of one part of a message, as a vendor pushed it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - the decoder needs it

from airflow_provider_dysms.model.delivery import State
from airflow_provider_dysms.model.private_struct import PrivateStruct

#: The vendors whose reports are read.
ALIYUN, HUAWEI = "aliyun", "huawei"
VENDORS = (ALIYUN, HUAWEI)

#: Parts of a long message.
MAX_PARTS = 255


class Receipt(PrivateStruct, frozen=True, kw_only=True, array_like=True, gc=False):
    """A status report. Times are aware and in UTC. It is packed as an array, which is small.

    :param state: the state that it reports: ``delivered``, ``failed``, ``expired``, or ``waiting`` if it is not final
    :param error_code: the code of the carrier or of the vendor's platform
    :param phone_number: as the vendor wrote it; only some reports have one
    :param biz_id: of the request that sent a mainland message (Alibaba Cloud)
    :param message_id: of an international message (Alibaba Cloud), or the ``smsMsgId`` (Huawei)
    :param out_id: what the sender gave to the request: ``out_id`` (Alibaba Cloud), ``extend`` (Huawei)
    :param reported_at: when the carrier reported it; ``None`` if no carrier did
    :param part: number of the part that it is about, from 1
    :param parts: number of parts of the message
    :param segments: billed parts, if the report says it for the whole message
    :param extra: further fields, sorted by name
    """

    vendor: str
    state: State
    error_code: str | None = None
    phone_number: str | None = None
    biz_id: str | None = None
    message_id: str | None = None
    out_id: str | None = None
    sent_at: datetime | None = None
    reported_at: datetime | None = None
    part: int = 1
    parts: int = 1
    segments: int | None = None
    template_code: str | None = None
    sign_name: str | None = None
    extra: tuple[tuple[str, str], ...] = ()

    _repr_fields = ("vendor", "state", "error_code", "part", "parts")

    @property
    def is_final(self) -> bool:
        """Whether the vendor reports nothing better later."""
        return self.state is not State.WAITING
