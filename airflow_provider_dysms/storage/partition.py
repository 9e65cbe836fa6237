"""Commits the rows of a day: one data file that replaces the old one, then the manifest that describes it.

No store replaces two files at once. So a writer checks afterwards that data and manifest fit, and writes both again if
they do not, because another writer came between. The last writer checks after the last write, so in the end they fit.

Readers should glob with the extension (``output_uri/**/*.parquet``) or below the partitions
(``output_uri/send_date=*/part-*``); ``**/*`` and ``**/*.json*`` also match the manifests. As CSV, a day without rows is
a file with only a header, from which readers cannot infer types: name the types when you read several days.
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
from airflow_provider_dysms.storage.audited_days.snapshots import snapshots_after
from airflow_provider_dysms.storage.file_formats import check_csv_safe, extension_of
from airflow_provider_dysms.storage.manifest import Manifest, data_key, decode, encode, manifest_key, owned_files
from airflow_provider_dysms.storage.object_store.guarded_store import GuardedStore
from airflow_provider_dysms.storage.object_store.paths import clean_uri, resolve_uri
from airflow_provider_dysms.storage.object_store.store import Store, open_store
from airflow_provider_dysms.storage.object_store.store_errors import FileReplaced, translate_temporary_errors
from airflow_provider_dysms.storage.row_spool import RowSpool, SpooledFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import ObjectStoragePath

#: How often data and manifest are written before a writer gives up, because others keep writing.
MAX_ATTEMPTS = 10

_FOLDER = re.compile(r"[^\W_][\w.=+-]*")


@dataclass(frozen=True)
class Partition:
    """The place and the format of a day's file. :meth:`resolve` makes one; call its methods in their order."""

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
        """Check the arguments and return the partition.

        :param output_uri: ``file:///folder``, ``s3://conn_id@bucket/folder`` or ``oss://conn_id@bucket/folder``
        :param partition: folder below it, such as ``send_date=2025-06-01``; more than one level is allowed
        :param file_format: ``jsonl`` (default), ``csv`` or ``parquet``
        :param compression: ``None`` or ``gzip``; for Parquet ``zstd`` (the default), ``snappy``, ``gzip`` or ``none``
        :param csv_safe: for ``csv``: put an apostrophe in front of texts that look like formulas, so that spreadsheets
            do not compute them
        :raises DysmsInputError: an argument cannot be used
        """
        extension = extension_of(file_format, compression)
        check_csv_safe(file_format, csv_safe)
        if not isinstance(partition, str) or not all(map(_FOLDER.fullmatch, partition.split("/"))):
            raise DysmsInputError(
                "partition", "is not a folder name; use letters, digits and '=', as in send_date={send_date:%Y-%m-%d}"
            )
        root = resolve_uri(output_uri, "output_uri")
        store = GuardedStore(open_store(root), "output_uri", clean_uri(root))
        return cls(root, partition, file_format, compression, extension, store, csv_safe)

    @property
    def data(self) -> str:
        """Key of the data file, relative to the root."""
        return data_key(self.name, self.extension)

    @property
    def uri(self) -> str:
        """URI of the data file, without a connection id."""
        return f"{clean_uri(self.root).rstrip('/')}/{self.data}"

    @property
    def uris(self) -> dict[str, str]:
        """URIs of the output and the data file, for the ``run`` part of a manifest."""
        return {"output_uri": clean_uri(self.root), "data_uri": self.uri}

    @property
    def manifest_uri(self) -> str:
        """URI of the manifest, without a connection id."""
        return f"{clean_uri(self.root).rstrip('/')}/{self._manifest}"

    def probe(self) -> None:
        """Check that the partition can be written and has no foreign data file; leave nothing there.

        :raises DysmsInputError: it cannot be written, or has a data file that does not belong to its manifest
        :raises DysmsStorageError: the store does not answer
        """
        self.store.probe(self.name)
        self.store.probe(self._manifest.rpartition("/")[0])
        self._replaced_files(self.data_files(), self.read_manifest())

    def read_manifest(self) -> Manifest | None:
        """Return the manifest that is committed now, or ``None`` if there is none.

        :raises DysmsInputError: it cannot be read, or is not a manifest of this partition
        :raises DysmsStorageError: the store does not answer
        """
        return decode(self.store.read(self._manifest), self.name)

    def open_data(self, manifest: Manifest) -> IO[bytes] | None:
        """Return a local copy of the data file, without a name and open for reading.

        :param manifest: as :meth:`read_manifest` returned it
        :returns: ``None`` if the data file does not fit the manifest
        :raises DysmsStorageError: the store does not answer
        """
        with ExitStack() as on_failure:
            with translate_temporary_errors():
                file = on_failure.enter_context(tempfile.TemporaryFile(prefix="dysms-"))
            expected = manifest["result"]
            try:
                exists = self.store.fetch(expected["data"], file)
            except FileReplaced:
                return None
            if not exists or file.tell() != expected["bytes"]:
                return None
            file.seek(0)
            if hashlib.file_digest(file, "sha256").hexdigest() != expected["sha256"]:
                return None
            file.seek(0)
            on_failure.pop_all()
            return file

    def open_spool(self, schema: Mapping[str, type]) -> RowSpool:
        """Return a spool for the rows of this partition.

        :param schema: column -> ``str``, ``int``, ``float``, ``bool``, ``datetime`` or ``date``
        :raises DysmsInputError: a partition folder is named like a column, or differs from one only by case or blanks,
            so that readers would confuse them
        """
        names = {fold_name(column): column for column in schema}
        for folder in self.name.split("/"):
            column, separator, _ = folder.partition("=")
            if separator:
                if other := names.get(fold_name(column)):
                    relation = "is also" if other == column else f"readers confuse with {other!r},"
                    raise DysmsInputError("partition", f"names {column!r}, which {relation} a column; rename one")
                names[fold_name(column)] = column
        return RowSpool(self.file_format, self.compression, schema, csv_safe=self.csv_safe)

    def commit(
        self,
        spool: RowSpool,
        result: Mapping[str, object],
        run: Mapping[str, object],
        *,
        replaces: Manifest | None = None,
    ) -> Manifest:
        """Replace the data file by the spooled rows, then write the manifest.

        :param spool: of :meth:`open_spool`; it may be committed again
        :param result: JSON-able facts that follow from the rows alone
        :param run: JSON-able facts about this run
        :param replaces: the manifest that the rows come from: if another writer has replaced it, nothing is written.
            Default: whatever is there is replaced
        :returns: the manifest that is committed now; it is another writer's if that one came later
        :raises FileReplaced: the partition has another manifest than ``replaces``
        :raises DysmsInputError: there is a data file that does not belong to the manifest; it is not touched
        :raises DysmsStorageError: others kept writing the same partition, or the store does not answer
        """
        spooled = spool.finish()
        encode_manifest = partial(encode, self.data, spooled, spool.schema, result, run)
        encode_manifest()  # fails before anything is written if a value is not JSON-able
        for attempt in range(MAX_ATTEMPTS):
            previous = self.read_manifest()
            self._check_unchanged(previous, replaces, spooled)
            replaced = self._replaced_files(self.data_files(), previous)
            self.store.upload(self.data, spooled.file)
            self.store.write(self._manifest, encode_manifest(replaced, snapshots_after(previous, result)))
            for key in replaced:
                self.store.remove(key)
            if committed := self._verify_commit(spooled):
                return committed
            time.sleep(secrets.SystemRandom().uniform(0, 0.05 * 2**attempt))
        raise DysmsStorageError(
            f"{self.uri}: data and manifest do not fit after {MAX_ATTEMPTS} attempts, because other tasks keep writing "
            "this partition; let one task at a time write it (max_active_tis_per_dag=1)"
        )

    def _check_unchanged(self, found: Manifest | None, expected: Manifest | None, spooled: SpooledFile) -> None:
        """Refuse to replace a manifest that is neither the expected one nor that of the rows to be written."""
        if expected is None or found == expected:
            return
        if found is None or found["result"]["sha256"] != spooled.sha256:
            raise FileReplaced(f"{self.uri}: another task has written this partition meanwhile")

    @property
    def _manifest(self) -> str:
        return manifest_key(self.name)

    def _replaced_files(self, files: set[str], manifest: Manifest | None) -> list[str]:
        """Return the data files that a commit removes; refuse those that do not belong to the manifest."""
        others = files - {self.data}
        if foreign := sorted(others - owned_files(manifest)):
            raise DysmsInputError(
                "output_uri",
                f"has a data file that does not belong to its manifest: {clean_uri(self.root)}/{foreign[0]}; a "
                "partition has one data file, so move this one away, or write to another folder",
            )
        return sorted(others)

    def data_files(self) -> set[str]:
        """Return the keys that readers take for data: they skip names that begin with a dot or an underscore."""
        return {
            key
            for key in self.store.keys(self.name)
            if not any(part.startswith((".", "_")) for part in key[len(self.name) + 1 :].split("/"))
        }

    def _verify_commit(self, spooled: SpooledFile) -> Manifest | None:
        """Return the manifest that is there now if it describes the one data file that is there now."""
        manifest = self.read_manifest()
        if manifest is None:
            return None
        expected = manifest["result"]
        md5 = spooled.md5 if expected["sha256"] == spooled.sha256 else None
        files = self.data_files()
        self._replaced_files(files, manifest)
        is_committed = files == {expected["data"]} and self.store.matches(
            expected["data"], expected["bytes"], expected["sha256"], md5
        )
        return manifest if is_committed else None
