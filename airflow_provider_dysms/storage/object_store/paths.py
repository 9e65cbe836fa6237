"""Turns a URI of a user into a path of object storage that can be used, or says what is wrong with it.

``ObjectStoragePath`` ignores a connection that does not exist and goes on without credentials, and it resolves a
missing host to the working directory. So everything that can be checked is checked before it is made.

Airflow is imported inside the functions, so that the tests of a commit need not load it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_provider_dysms.model.errors import DysmsError, DysmsInputError
from airflow_provider_dysms.model.safe_text import safe_repr
from airflow_provider_dysms.storage.object_store import oss
from airflow_provider_dysms.storage.object_store.store_errors import translate_errors

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.sdk import ObjectStoragePath

#: Schemes of stores that replace a file atomically, as tests show.
LOCAL = frozenset({"file", "local"})
S3 = frozenset({"s3", "s3a", "s3n"})
OSS = frozenset({"oss"})

#: Name of the empty file that a probe writes. It never changes, so a probe removes the one that a killed task left.
PROBE_FILE = ".probe"

#: How often botocore sends a request, unless the connection sets ``retries``.
RETRIES: Mapping[str, Any] = {"mode": "standard", "total_max_attempts": 3}

_EXAMPLES = "file:///folder, s3://conn_id@bucket/folder or oss://conn_id@bucket/folder"


def resolve_uri(uri: str, argument: str) -> ObjectStoragePath:
    """Return the path of a URI, after a check of its connection, with its file system made.

    :param uri: ``file:///folder``, ``s3://conn_id@bucket/folder`` or ``oss://conn_id@bucket/folder``; ``s3://`` without
        ``conn_id@`` uses this machine's AWS credentials
    :param argument: name of the argument, for the error
    :raises DysmsInputError: the URI cannot be used; the message says how to correct it
    """
    if not isinstance(uri, str) or not uri.strip():
        raise DysmsInputError(argument, f"is empty; write {_EXAMPLES}")
    scheme = _check_scheme(uri, argument)
    conn_id, place = _split_connection(uri, argument)
    if scheme in LOCAL:
        if conn_id is not None or not place.startswith("/"):
            raise DysmsInputError(argument, "is not an absolute folder; write file:///folder, with three slashes")
    elif not place.split("/", 1)[0]:
        raise DysmsInputError(argument, "has no bucket; write s3://conn_id@bucket/folder")
    if ".." in place.split("/"):
        raise DysmsInputError(argument, "has a '..' in it; write the full path")
    if scheme in OSS:
        oss.check_bucket(place.split("/", 1)[0], has_connection=conn_id is not None, argument=argument)
    if conn_id is not None:
        _check_connection(conn_id, argument)
    return _make_path(f"{scheme}://{place.rstrip('/') if place.strip('/') else place}", conn_id, argument)


def clean_uri(path: ObjectStoragePath) -> str:
    """Return the URI of a path without the id of its connection."""
    return f"{path.protocol}://{path.path}"


def _check_scheme(uri: str, argument: str) -> str:
    from airflow.sdk.io import has_fs

    scheme, separator, _ = uri.partition("://")
    if not separator or not scheme.isascii() or not scheme.isalnum():
        raise DysmsInputError(argument, f"has no scheme; write {_EXAMPLES}")
    if scheme not in LOCAL | S3 | OSS:
        raise DysmsInputError(
            argument,
            f"has the scheme {safe_repr(scheme)}, whose writes have not been shown to be atomic; use file://, s3:// "
            "or oss:// (many other stores have an S3 interface: set endpoint_url in the extras of an aws connection)",
        )
    if not has_fs(scheme):
        raise DysmsInputError(argument, f"has the scheme {safe_repr(scheme)}, which needs: {_install(scheme)}")
    return scheme


def _install(scheme: str) -> str:
    return f"pip install 'airflow-provider-dysms[{'oss' if scheme in OSS else 's3'}]'"


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
            argument,
            "has no connection id before the '@'; write keys into a connection, and its id here: s3://conn_id@bucket/folder",
        )
    return conn_id, place[len(conn_id) + 1 :]


def _check_connection(conn_id: str, argument: str) -> None:
    from airflow.sdk import BaseHook
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        BaseHook.get_connection(conn_id)
    except AirflowNotFoundException:
        raise DysmsInputError(
            argument, f"names the connection {conn_id!r}, which does not exist; create it, or name another"
        ) from None


def _make_path(uri: str, conn_id: str | None, argument: str) -> ObjectStoragePath:
    from airflow.sdk import ObjectStoragePath

    try:
        with translate_errors(argument, "cannot be opened", uri, "check its connection"):
            path = ObjectStoragePath(uri, conn_id=conn_id)
            fs = path.fs
    except DysmsError as error:
        if isinstance(error.__cause__, ImportError):
            raise DysmsInputError(argument, f"needs: {_install(uri.partition(':')[0])}") from error.__cause__
        raise
    if path.protocol in S3:
        _check_credentials(fs, path, conn_id, argument)
        oss.check_settings(fs, argument)
        # s3fs makes its client on first use, and Airflow gives all paths of a connection the same file system.
        fs.config_kwargs = {"retries": RETRIES, **fs.config_kwargs}
    return path


def _check_credentials(fs: Any, path: ObjectStoragePath, conn_id: str | None, argument: str) -> None:
    """Refuse the anonymous access that Airflow falls back to, whose errors do not mention credentials."""
    if conn_id is None and fs.anon:
        raise DysmsInputError(
            argument,
            f"names no connection, and this machine has no AWS credentials; write s3://conn_id@{path.path}",
        )
