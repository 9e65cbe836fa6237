"""Turns a URI that a user wrote into a path of object storage that can be used, or says what is wrong with it.

``ObjectStoragePath`` swallows a connection that does not exist and goes on without credentials, and resolves a missing
host to the working directory: what can be known beforehand is asked beforehand.

Airflow is imported where it is called, so that a commit can be tested, and mutated, a thousand times without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr
from airflow_provider_dysms.storage.object_store import oss
from airflow_provider_dysms.storage.object_store.guard import RETRIES, naming

if TYPE_CHECKING:
    from airflow.sdk import ObjectStoragePath

#: Whose put is atomic for a reader, or made so; a store joins when a test has shown it.
LOCAL = frozenset({"file", "local"})
S3 = frozenset({"s3", "s3a", "s3n"})

_EXAMPLES = "file:///folder or s3://conn_id@bucket/folder"


def resolve(uri: str, argument: str) -> ObjectStoragePath:
    """Return the path behind a URI, with its connection checked and its filesystem made.

    :param uri: ``file:///folder`` or ``s3://conn_id@bucket/folder``; without ``conn_id@`` the machine's own AWS
        credentials are taken
    :param argument: name of the argument, for the error
    :raises DysmsInputError: the URI cannot be used; the message says how to mend it
    """
    if not isinstance(uri, str) or not uri.strip():
        raise DysmsInputError(argument, f"is empty; write {_EXAMPLES}")
    scheme = _checked_scheme(uri, argument)
    conn_id, place = _split_connection(uri, argument)
    if scheme in LOCAL:
        if conn_id is not None or not place.startswith("/"):
            raise DysmsInputError(argument, "names no absolute folder; write file:///folder, with three slashes")
    elif not place.split("/", 1)[0]:
        raise DysmsInputError(argument, "names no bucket; write s3://conn_id@bucket/folder")
    if ".." in place.split("/"):
        raise DysmsInputError(argument, "has a '..' in it; write the path out")
    if conn_id is not None:
        _check_connection(conn_id, argument)
    return _attached(f"{scheme}://{place.rstrip('/') if place.strip('/') else place}", conn_id, argument)


def clean_uri(path: ObjectStoragePath) -> str:
    """Return the URI of a path without the id of its connection."""
    return f"{path.protocol}://{path.path}"


def _checked_scheme(uri: str, argument: str) -> str:
    from airflow.sdk.io import has_fs

    scheme, separator, _ = uri.partition("://")
    if not separator or not scheme.isascii() or not scheme.isalnum():
        raise DysmsInputError(argument, f"has no scheme; write {_EXAMPLES}")
    if scheme == "oss":
        raise DysmsInputError(argument, f"has the scheme 'oss', which cannot be used yet; {oss.HOW}")
    if scheme not in LOCAL | S3:
        raise DysmsInputError(
            argument,
            f"has the scheme {safe_repr(scheme)}, whose writes are not shown to be atomic yet; use file:// or s3:// "
            "(other stores often speak S3 too: set endpoint_url in the extras of an aws connection)",
        )
    if not has_fs(scheme):
        raise DysmsInputError(
            argument, f"has the scheme {safe_repr(scheme)}, which needs: pip install 'airflow-provider-dysms[s3]'"
        )
    return scheme


def _split_connection(uri: str, argument: str) -> tuple[str | None, str]:
    try:
        netloc = urlsplit(uri).netloc
    except ValueError:
        raise DysmsInputError(argument, f"cannot be read; write {_EXAMPLES}") from None
    place = uri.partition("://")[2]
    conn_id, separator, _ = netloc.rpartition("@")
    if not separator:
        return None, place
    if not conn_id or ":" in conn_id:
        raise DysmsInputError(
            argument, "has no connection id before the '@'; keys belong into a connection: s3://conn_id@bucket/folder"
        )
    return conn_id, place[len(conn_id) + 1 :]


def _check_connection(conn_id: str, argument: str) -> None:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise DysmsInputError(
            argument, f"names the connection {conn_id!r}, which does not exist; create it, or take another"
        ) from None


def _attached(uri: str, conn_id: str | None, argument: str) -> ObjectStoragePath:
    from airflow.sdk import ObjectStoragePath

    path = ObjectStoragePath(uri, conn_id=conn_id)
    try:
        with naming(argument, "cannot be opened", clean_uri(path), "check its connection"):
            fs = path.fs
    except DysmsError as error:
        if isinstance(error.__cause__, ImportError):
            raise DysmsInputError(argument, "needs: pip install 'airflow-provider-dysms[s3]'") from error.__cause__
        raise
    if path.protocol in S3:
        _check_credentials(fs, path, conn_id, argument)
        oss.check_settings(fs, argument)
        # s3fs makes its client when it is first used, and Airflow gives one file system to all paths of a connection.
        fs.config_kwargs = {"retries": RETRIES, **fs.config_kwargs}
    return path


def _check_credentials(fs: Any, path: ObjectStoragePath, conn_id: str | None, argument: str) -> None:
    """Refuse the anonymous access that Airflow falls back to, which ends in an error that says something else."""
    if conn_id is None and fs.anon:
        raise DysmsInputError(
            argument,
            f"names no connection, and this machine has no AWS credentials; write s3://conn_id@{path.path}",
        )
