"""One partition: rows become its one data file, and a manifest that says what is in it.

The data file is the commit and the manifest follows. No store swaps the two at once, so a writer looks again when it
is done, and where they do not fit, because another writer was there, it writes both once more. Whoever writes last
looks after that write: when the last writer is content, the two fit.

Readers glob with the extension (``output_uri/**/*.parquet``) or below the partitions
(``output_uri/send_date=*/part-*``): ``**/*`` and ``**/*.json*`` meet the manifests too. A day without rows is a CSV
file with a header alone, which says nothing of types: name them to the reader when you read several days.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import IO, TYPE_CHECKING

from airflow_provider_dysms.model.errors import DysmsInputError, DysmsStorageError
from airflow_provider_dysms.model.sms_text import fold_name
from airflow_provider_dysms.storage import file_formats
from airflow_provider_dysms.storage.encoders import check_format
from airflow_provider_dysms.storage.manifest import Manifest, data_key, decode, encode, manifest_key, owned_files
from airflow_provider_dysms.storage.object_store.guard import StoreChanged, naming_temporary
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore
from airflow_provider_dysms.storage.object_store.paths import clean_uri, resolve
from airflow_provider_dysms.storage.object_store.stores import Store, store_at
from airflow_provider_dysms.storage.row_spool import Content, RowSpool

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import ObjectStoragePath

#: How often a pair is written before a writer gives up on others that keep writing.
TRIES = 10

_FOLDER = re.compile(r"[^\W_][\w.=+-]*")


@dataclass(frozen=True)
class Partition:
    """Where a day's file goes, in which format. Made by :meth:`resolve`; its methods are called in their order."""

    root: ObjectStoragePath
    name: str
    file_format: str
    compression: str | None
    extension: str
    store: Store
    csv_safe: bool = False

    @classmethod
    def resolve(
        cls,
        output_uri: str,
        *,
        partition: str,
        file_format: str = "jsonl",
        compression: str | None = None,
        csv_safe: bool = False,
    ) -> Partition:
        """Check the arguments and find the place.

        :param output_uri: ``file:///folder`` or ``s3://conn_id@bucket/folder``
        :param partition: folder below it, such as ``send_date=2025-06-01``; more than one level is allowed
        :param file_format: ``jsonl`` (default), ``csv`` or ``parquet``
        :param compression: ``None`` or ``gzip``; for Parquet ``zstd`` (the default), ``snappy``, ``gzip`` or ``none``
        :param csv_safe: for ``csv``: texts that begin as a formula does get an apostrophe in front, so that
            spreadsheets show them as they are
        :raises DysmsInputError: an argument cannot be used
        """
        extension = check_format(file_format, compression)
        file_formats.csv_safe(file_format, csv_safe)
        if not isinstance(partition, str) or not all(map(_FOLDER.fullmatch, partition.split("/"))):
            raise DysmsInputError(
                "partition", "is no folder name; write letters, digits and '=' as in send_date={send_date:%Y-%m-%d}"
            )
        root = resolve(output_uri, "output_uri")
        store = GuardedStore(store_at(root), "output_uri", clean_uri(root))
        return cls(root, partition, file_format, compression, extension, store, csv_safe)

    @property
    def uri(self) -> str:
        """Where the data file lies, without a connection id."""
        return f"{clean_uri(self.root).rstrip('/')}/{self._data}"

    @property
    def uris(self) -> dict[str, str]:
        """Where it lies, for the ``run`` part of a manifest: the same rows elsewhere have the same ``result``."""
        return {"output_uri": clean_uri(self.root), "data_uri": self.uri}

    @property
    def manifest_uri(self) -> str:
        """Where the manifest lies, without a connection id."""
        return f"{clean_uri(self.root).rstrip('/')}/{self._manifest}"

    def probe(self) -> None:
        """Show that the place can be written and is ours to write, and leave nothing there.

        :raises DysmsInputError: it cannot be written, or it holds a data file that no manifest explains
        :raises DysmsStorageError: the store does not answer
        """
        self.store.probe(self.name)
        self.store.probe(self._manifest.rpartition("/")[0])
        self._others(self.data_files(), decode(self.store.read(self._manifest), self.name))

    def committed(self) -> Manifest | None:
        """Return the manifest of what is there now, or ``None``.

        :raises DysmsInputError: it cannot be read, or is not a manifest of this partition
        :raises DysmsStorageError: the store does not answer
        """
        return decode(self.store.read(self._manifest), self.name)

    def fetch(self, manifest: Manifest) -> IO[bytes] | None:
        """Return the data file that a manifest describes, as a nameless local one; ``None`` if it does not fit it.

        :param manifest: what :meth:`committed` gave
        :raises DysmsStorageError: the store does not answer
        """
        with ExitStack() as unwanted:
            with naming_temporary():
                file = unwanted.enter_context(tempfile.TemporaryFile(prefix="dysms-"))
            found = manifest["result"]
            try:
                there = self.store.fetch(found["data"], file)
            except StoreChanged:
                there = False
            if not there or file.tell() != found["bytes"]:
                return None
            file.seek(0)
            if hashlib.file_digest(file, "sha256").hexdigest() != found["sha256"]:
                return None
            file.seek(0)
            unwanted.pop_all()
            return file

    def spool(self, schema: Mapping[str, type]) -> RowSpool:
        """Open a spool for rows of a schema: column -> ``str``, ``int``, ``float``, ``bool``, ``datetime``, ``date``.

        :raises DysmsInputError: two names of columns and partition folders differ by case or blanks alone; readers
            would take one for the other
        """
        names = {fold_name(column): column for column in schema}
        for folder in self.name.split("/"):
            column, separator, _ = folder.partition("=")
            if separator:
                if other := names.get(fold_name(column)):
                    same = "is" if other == column else f"readers take for {other!r},"
                    raise DysmsInputError(
                        "partition", f"names {column!r}, which {same} a column of the data; rename one"
                    )
                names[fold_name(column)] = column
        return RowSpool(self.file_format, self.compression, schema, csv_safe=self.csv_safe)

    def commit(self, spool: RowSpool, result: Mapping[str, object], run: Mapping[str, object]) -> Manifest:
        """Put the spooled rows in the place of what is there, and the manifest after them.

        :param spool: what :meth:`spool` gave; it can be committed once more
        :param result: JSON-able; what follows from the rows alone
        :param run: JSON-able; what is of this run
        :returns: the manifest that is committed now: another writer's, where that one came later
        :raises DysmsInputError: a data file is there that no manifest explains; it is not touched
        :raises DysmsStorageError: others kept writing the same partition, or the store does not answer
        """
        content = spool.finish()
        manifest_of = partial(encode, self._data, content, spool.schema, result, run)
        manifest_of([])  # what is no JSON is an error before anything is put
        for attempt in range(TRIES):
            replaced = self._others(self.data_files(), decode(self.store.read(self._manifest), self.name))
            self.store.upload(self._data, content.file)
            self.store.write(self._manifest, manifest_of(replaced))
            for key in replaced:
                self.store.remove(key)
            if committed := self._committed(content):
                return committed
            time.sleep(secrets.SystemRandom().uniform(0, 0.05 * 2**attempt))
        raise DysmsStorageError(
            f"{self.uri}: data and manifest do not fit after {TRIES} tries; other tasks keep writing this partition, "
            "let one at a time do so (max_active_tis_per_dag=1)"
        )

    @property
    def _data(self) -> str:
        return data_key(self.name, self.extension)

    @property
    def _manifest(self) -> str:
        return manifest_key(self.name)

    def _others(self, files: set[str], manifest: Manifest | None) -> list[str]:
        """Return the data files that a commit takes away; refuse those that nothing explains."""
        others = files - {self._data}
        if unexplained := sorted(others - owned_files(manifest)):
            raise DysmsInputError(
                "output_uri",
                f"holds a data file that no manifest explains: {clean_uri(self.root)}/{unexplained[0]}; a partition "
                "has one data file: move it away, or write elsewhere",
            )
        return sorted(others)

    def data_files(self) -> set[str]:
        """Everything that a reader would take for data: readers skip names with a dot or an underscore in front."""
        return {
            key
            for key in self.store.keys(self.name)
            if not any(part.startswith((".", "_")) for part in key[len(self.name) + 1 :].split("/"))
        }

    def _committed(self, content: Content) -> Manifest | None:
        """Look again: return the manifest that is there if the one data file is what it says."""
        manifest = decode(self.store.read(self._manifest), self.name)
        if manifest is None:
            return None
        found = manifest["result"]
        md5 = content.md5 if found["sha256"] == content.sha256 else None
        files = self.data_files()
        self._others(files, manifest)
        if files == {found["data"]} and self.store.holds(found["data"], found["bytes"], found["sha256"], md5):
            return manifest
        return None
