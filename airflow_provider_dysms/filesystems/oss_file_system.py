"""The file system of Alibaba Cloud's Object Storage Service (OSS): s3fs, with the requests that OSS understands.

OSS has an S3 interface. It refuses the checksum trailers that botocore sends over HTTPS by default (``Content-Encoding:
aws-chunked``, error 0017-00000804), buckets in the path, and a deletion of many objects without a ``Content-MD5``.
https://www.alibabacloud.com/help/en/oss/developer-reference/use-amazon-s3-sdks-to-access-oss
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fsspec.asyn import _run_coros_in_chunks
from s3fs import S3FileSystem

from airflow_provider_dysms.filesystems.oss_endpoint import endpoint_of_region
from airflow_provider_dysms.model.errors import DysmsInputError
from airflow_provider_dysms.storage.object_store.oss import REQUIRED, REQUIRED_S3
from airflow_provider_dysms.storage.object_store.paths import RETRIES

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The settings under ``s3``. A body is always hashed; by default botocore does that only if it has no other checksum.
_S3: Mapping[str, Any] = {**REQUIRED_S3, "payload_signing_enabled": True}

#: Bytes of a part. An object below two parts is put in one request, whose ETag is its md5.
PART_BYTES = 32 << 20

#: Parts that are sent, and held in memory, at once.
PARTS_AT_ONCE = 2

#: Objects that are deleted at once.
_DELETIONS_AT_ONCE = 16


class OSSFileSystem(S3FileSystem):  # type: ignore[misc]
    """Buckets of OSS as a file system of fsspec.

    Airflow makes one for each connection; without Airflow: ``fsspec.filesystem("oss", region="cn-hangzhou", key=...,
    secret=...)``.

    :param region: region of the buckets, such as ``cn-hangzhou``; requests are signed for it
    :param internal: use the endpoint within Alibaba Cloud's network; default: the public one
    :param endpoint_url: replaces the endpoint of the region
    :param ca_bundle: file of PEM certificates to trust instead of the system's
    :param proxy: ``http://[user:password@]host:port``
    :param config_kwargs: settings of botocore; those that OSS needs are set and cannot be changed
    :param options: options of :class:`s3fs.S3FileSystem`, such as ``key``, ``secret``, ``token`` or ``session``
    :raises DysmsInputError: the region is missing or unknown, or a setting would make OSS refuse the requests
    """

    protocol = ("oss",)
    #: fsspec tells instances apart by the text of their options, and the text of a key shows only its beginning.
    cachable = False

    def __init__(
        self,
        *,
        region: str | None = None,
        internal: bool = False,
        endpoint_url: str | None = None,
        ca_bundle: str | None = None,
        proxy: str | None = None,
        config_kwargs: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> None:
        if not region:
            raise DysmsInputError("region", "is empty; it is the region of the bucket, such as cn-hangzhou")
        client = {"region_name": region, **(options.pop("client_kwargs", None) or {})}
        if ca_bundle:
            client["verify"] = ca_bundle
        config = with_required(config_kwargs or {})
        if proxy:
            config["proxies"] = {"https": proxy, "http": proxy}
        super().__init__(
            endpoint_url=endpoint_url or endpoint_of_region(region, internal=internal).url,
            client_kwargs=client,
            config_kwargs=config,
            **{"max_concurrency": PARTS_AT_ONCE, **options},
        )

    async def _put_file(self, lpath: str, rpath: str, *arguments: Any, **options: Any) -> None:
        options["chunksize"] = options.get("chunksize") or PART_BYTES
        await super()._put_file(lpath, rpath, *arguments, **options)

    async def _pipe_file(self, path: str, data: bytes, chunksize: int = PART_BYTES, **options: Any) -> Any:
        return await super()._pipe_file(path, data, chunksize=chunksize, **options)

    async def _bulk_delete(self, pathlist: list[str], **options: Any) -> list[str]:
        """Delete objects one by one: botocore sends the deletion of many with a checksum that OSS does not take."""
        deletions = [self._rm_file(path, **options) for path in pathlist]
        await _run_coros_in_chunks(deletions, batch_size=_DELETIONS_AT_ONCE, nofiles=True)
        return list(pathlist)


def with_required(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings of botocore with those that OSS needs.

    :param config: what a user sets, such as ``{"read_timeout": 30}``
    :raises DysmsInputError: a setting differs from what OSS needs
    """
    s3 = config.get("s3") or {}
    for settings, required, prefix in ((config, REQUIRED, ""), (s3, _S3, "s3.")):
        for name, value in required.items():
            if name in settings and settings[name] != value:
                raise DysmsInputError(
                    "config_kwargs", f"sets {prefix}{name}, which must be {value!r} for OSS; leave it out"
                )
    return {"retries": RETRIES, **config, **REQUIRED, "s3": {**s3, **_S3}}
