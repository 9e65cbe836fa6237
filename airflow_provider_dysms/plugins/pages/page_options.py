"""The options of the pages, checked: which archives are shown, to whom numbers are, and the bounds of a query."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from airflow_provider_dysms.model.choices import PARTITION
from airflow_provider_dysms.model.dates import EPOCH
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.model.phone_numbers.recognition import may_be_number
from airflow_provider_dysms.plugins.queries.query_limits import QueryLimits
from airflow_provider_dysms.storage.day_placeholder import render_day

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Archives, and characters of a name.
MAX_ARCHIVES, MAX_NAME = 50, 60

_EXAMPLE = '{"production": "s3://conn_id@bucket/folder"}'


class ArchiveOption(msgspec.Struct, frozen=True, kw_only=True):
    """An archive that the pages show.

    :param name: for visitors
    :param output_uri: as the transfer has it
    :param partition: folder of a day below it
    :param dysms_conn_id: the connection whose ``privacy_secret`` numbers are hashed with; ``None`` if they are not
    :param suppression_uri: folder of the suppression list that the report counts; ``None`` for none
    """

    name: str
    output_uri: str
    partition: str = PARTITION
    dysms_conn_id: str | None = None
    suppression_uri: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return what a query needs of it."""
        return {name: getattr(self, name) for name in self.__struct_fields__ if name != "name"}


class PageOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the pages.

    :param archives: in the order of the configuration, the first one being the default
    :param show_numbers: whether users who may read connections see whole numbers
    :param limits: the bounds of a query
    :param hosts: further names of the server, as browsers have them in ``Origin``
    """

    archives: tuple[ArchiveOption, ...] = ()
    show_numbers: bool = False
    limits: QueryLimits = QueryLimits()
    hosts: frozenset[str] = frozenset()

    def archive(self, name: str) -> ArchiveOption:
        """Return an archive by its name.

        :param name: empty for the first one
        :raises DysmsInputError: no archive has this name
        """
        for archive in self.archives:
            if name in ("", archive.name):
                return archive
        raise DysmsInputError("archive", "is not one of the archives that are configured")


def parse_archives(text: str) -> tuple[ArchiveOption, ...]:
    """Return the archives of the option ``archives``.

    :param text: JSON: name -> ``output_uri``, or name -> an object with the other fields of an
        :class:`ArchiveOption`; empty for none
    :raises DysmsInputError: it is something else
    """
    if not text.strip():
        return ()
    try:
        archives = json.loads(text)
    except ValueError:
        raise DysmsInputError("archives", f"must be JSON such as {_EXAMPLE}") from None
    if not isinstance(archives, dict) or len(archives) > MAX_ARCHIVES:
        raise DysmsInputError("archives", f"must be a JSON object of at most {MAX_ARCHIVES} archives: {_EXAMPLE}")
    return tuple(_archive(name, value) for name, value in archives.items())


def _archive(name: str, value: Any) -> ArchiveOption:
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        raise DysmsInputError("archives", f"has a name that is empty or longer than {MAX_NAME} characters")
    if may_be_number(name):
        raise DysmsInputError("archives", "has a name that looks like a phone number, which no address may hold")
    fields: Mapping[str, Any] = {"output_uri": value} if isinstance(value, str) else value
    try:
        archive = msgspec.convert({**fields, "name": name}, ArchiveOption)
    except (TypeError, msgspec.ValidationError):
        fields = {}
    if not fields or not fields.keys() <= {*ArchiveOption.__struct_fields__} - {"name"}:
        raise DysmsInputError(
            "archives",
            "must name for each archive its output_uri, or an object with output_uri and, if it has them, "
            "partition, dysms_conn_id and suppression_uri",
        )
    render_day(archive.partition, EPOCH.date(), "archives: partition")
    return archive
