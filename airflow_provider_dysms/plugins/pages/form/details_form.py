"""The fields of the form of sending details, which are the filters of the vendor's page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.archive.sending_details.query import PAGE_SIZE
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.private_struct import PrivateStruct
from airflow_provider_dysms.plugins.pages.form.private_values import WRITTEN_TIME, has_private_value

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Records on a page that visitors may choose.
PAGE_SIZES = (10, 20, 50, 100)

#: Times before the current instant that the form offers. The last one is the default; an empty one stands for from and
#: to.
LAST = ("1h", "24h", "7d", "30d")
DEFAULT_LAST = "7d"

#: Characters of a field, and pages that the way back leads over.
MAX_LENGTH, MAX_CURSOR, MAX_TRAIL = 100, 200, 30

_TEXTS = ("template_code", "phone_number", "result", "sign_name", "country", "error_code")
_TIMES = ("sent_from", "sent_to")


class DetailsForm(PrivateStruct, frozen=True, kw_only=True):
    """The form as a visitor has filled it in. An empty field is open.

    :param archive: name of an archive; empty for the first one
    :param last: one of :data:`LAST`, or empty if ``sent_from`` and ``sent_to`` count
    :param trail: cursors of the pages before this one, joined by dots; the first page has none
    """

    archive: str = ""
    template_code: str = ""
    phone_number: str = ""
    result: str = ""
    sign_name: str = ""
    country: str = ""
    error_code: str = ""
    last: str = DEFAULT_LAST
    sent_from: str = ""
    sent_to: str = ""
    page_size: str = str(PAGE_SIZE)
    cursor: str = ""
    trail: str = ""

    @classmethod
    def of(cls, fields: Iterable[tuple[str, str]]) -> DetailsForm:
        """Return the form of a request; names that it does not have are ignored.

        :raises DysmsInputError: a field is too long, not one of the choices, or not a time
        """
        values = {name: value.strip() for name, value in fields if name in cls.__struct_fields__}
        for name, value in values.items():
            longest = {"cursor": MAX_CURSOR, "trail": MAX_TRAIL * (MAX_CURSOR + 1)}.get(name, MAX_LENGTH)
            if len(value) > longest:
                raise DysmsInputError(name, f"has more than {longest} characters")
        form = cls(**values)
        if form.last not in ("", *LAST):
            raise DysmsInputError("last", f"must be one of {', '.join(LAST)}")
        for name in _TIMES:
            if (written := getattr(form, name)) and not WRITTEN_TIME.fullmatch(written):
                raise DysmsInputError(name, "is not a time; write YYYY-MM-DD HH:MM in Beijing time")
        if form.page_size not in map(str, PAGE_SIZES):
            raise DysmsInputError("page_size", f"must be one of {', '.join(map(str, PAGE_SIZES))}")
        return form

    @property
    def is_private(self) -> bool:
        """Whether a field may hold a phone number, so that the form must not become an address."""
        return has_private_value(self.fields().items())

    def fields(self) -> dict[str, str]:
        """Return the fields that are not at their defaults."""
        values: dict[str, str] = msgspec.structs.asdict(self)
        defaults = DetailsForm()
        if self.last:  # what was typed before counts no longer
            values.update(dict.fromkeys(_TIMES, ""))
        return {name: value for name, value in values.items() if value != getattr(defaults, name)}

    def filters(self) -> dict[str, Any]:
        """Return the fields of a ``FindQuery``."""
        filters: dict[str, Any] = {name: value for name in _TEXTS if (value := getattr(self, name))}
        if self.last:
            filters["last"] = self.last
        else:
            filters |= {name: value.replace("T", " ") for name in _TIMES if (value := getattr(self, name))}
        if self.cursor:
            filters["cursor"] = self.cursor
        return {**filters, "page_size": int(self.page_size)}

    def with_archive(self, name: str) -> DetailsForm:
        """Return the form for another name of its archive."""
        return msgspec.structs.replace(self, archive=name)

    def first_page(self) -> DetailsForm:
        """Return the form without its place."""
        return msgspec.structs.replace(self, cursor="", trail="")

    def next_page(self, cursor: str) -> DetailsForm:
        """Return the form of the next page.

        :param cursor: of that page
        """
        trail = [*self._trail, self.cursor][-MAX_TRAIL:] if self.cursor else []
        return msgspec.structs.replace(self, cursor=cursor, trail=".".join(trail))

    def previous_page(self) -> DetailsForm | None:
        """Return the form of the page before; ``None`` on the first one."""
        if not self.cursor:
            return None
        *trail, cursor = self._trail or [""]
        return msgspec.structs.replace(self, cursor=cursor, trail=".".join(trail))

    @property
    def _trail(self) -> list[str]:
        return self.trail.split(".") if self.trail else []
