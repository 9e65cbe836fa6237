"""Writes the report and the table behind it next to each other; a reader sees the old file or the new one of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.reports.table import COLUMNS, table_rows
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore
from airflow_provider_dysms.storage.object_store.paths import clean_uri, resolve_uri
from airflow_provider_dysms.storage.object_store.store import Store, open_store
from airflow_provider_dysms.storage.row_spool import RowSpool

if TYPE_CHECKING:
    from airflow_provider_dysms.reports.report import DeliveryReport

#: What the name of the page must end with; the table has another ending in its place.
PAGE, TABLE = ".html", ".csv"


@dataclass(frozen=True, slots=True)
class ReportFiles:
    """The place of a report.

    :param store: its folder
    :param folder: the URI of that, without a connection id
    :param name: name of the page in it, without its ending
    """

    store: Store
    folder: str
    name: str

    @classmethod
    def resolve(cls, report_uri: str, argument: str = "report_uri") -> ReportFiles:
        """Check the place, and return it.

        :param report_uri: of the page: ``file:///folder/name.html`` or ``s3://conn_id@bucket/folder/name.html``
        :param argument: name of the argument, for errors
        :raises DysmsInputError: it cannot be used
        """
        check_report_uri(argument, report_uri)
        folder, _, name = report_uri.rpartition("/")
        root = resolve_uri(folder, argument)
        uri = clean_uri(root).rstrip("/")
        return cls(GuardedStore(open_store(root), argument, uri), uri, name.removesuffix(PAGE))

    @property
    def page_uri(self) -> str:
        """URI of the page, without a connection id."""
        return f"{self.folder}/{self.name}{PAGE}"

    @property
    def table_uri(self) -> str:
        """URI of the table, without a connection id."""
        return f"{self.folder}/{self.name}{TABLE}"

    def write(self, page: str, report: DeliveryReport) -> None:
        """Write the table, then the page.

        The table is written for spreadsheets: a text that looks like a formula has an apostrophe in front.

        :param page: the rendered report
        :param report: gives the rows of the table
        :raises DysmsInputError: the store refuses them
        :raises DysmsStorageError: the store does not answer
        """
        with RowSpool("csv", None, COLUMNS, csv_safe=True) as spool:
            spool.write(table_rows(report))
            self.store.upload(f"{self.name}{TABLE}", spool.finish().file)
        self.store.write(f"{self.name}{PAGE}", page.encode())


def check_report_uri(argument: str, value: object) -> None:
    """Check that the place of a report is a file whose name ends with ``.html``.

    :raises DysmsInputError: it is not
    """
    name = value.rpartition("/")[2] if isinstance(value, str) else ""
    if not name.endswith(PAGE) or name == PAGE:
        raise DysmsInputError(argument, f"must end with the name of a file, such as /delivery{PAGE}")
