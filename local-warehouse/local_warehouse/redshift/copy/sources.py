"""Which objects does a COPY read, and with whose credentials?  Prefix, manifest, role chain, compression.

Sources: copy-parameters-data-source-s3, loading-data-files-using-manifest, copy-parameters-authorization
"""

from __future__ import annotations

import bz2
import json
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, BinaryIO

from local_warehouse.redshift.errors import RedshiftError, internal_error
from local_warehouse.redshift.grammar.copy_statement import Copy, Credentials
from local_warehouse.redshift.settings import Settings
from local_warehouse.s3.objects import AccessDenied, Keys, NotFound, Objects, ObjectsError

ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
READ_BYTES = 1 << 20


@dataclass(frozen=True)
class Source:
    """One object to load."""

    bucket: str
    key: str

    @property
    def url(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


class Stage:
    """S3 through the credentials of one COPY."""

    def __init__(self, settings: Settings, copy: Copy) -> None:
        self.settings = settings
        self.copy = copy
        self.objects = self._open(copy.credentials)

    def _open(self, credentials: Credentials) -> Objects:
        settings = self.settings
        region = self.copy.region or settings.region
        if credentials.keys:
            return Objects.open(settings.s3_endpoint_url, region, Keys(**credentials.keys))
        roles = credentials.roles
        if credentials.default_role:
            if not settings.default_role_arn:
                raise RedshiftError("XX000", "no default IAM role is associated with the cluster")
            roles = (settings.default_role_arn,)
        for role in roles:
            if not ROLE_ARN.fullmatch(role):
                raise internal_error(
                    "The requested role is not a valid IAM Role ARN",
                    f"IAM Role={role}",
                    8001,
                    "xen_aws_credentials_mgr.cpp",
                )
        own = Keys(settings.service_access_key_id, settings.service_secret_access_key)
        try:
            return Objects.open(settings.s3_endpoint_url, region, own, roles, source="redshift")
        except AccessDenied as error:
            user = f"arn:aws:redshift:{settings.region}:{settings.account_id}:dbuser:local/{settings.user}"
            text = f"User {user} is not authorized to assume IAM Role {error.place}"
            raise internal_error(text, f"IAM Role={error.place}", 8001, "xen_aws_credentials_mgr.cpp") from error
        except ObjectsError as error:
            raise service_error(error, f"IAM Role={error.place}") from error

    def sources(self) -> list[Source]:
        """The objects to load, in order; an error when there is none."""
        bucket, key = split_url(self.copy.source)
        if self.copy.manifest:
            self._demand_list(bucket, key)
            return self._from_manifest(bucket, key)
        try:
            found = [Source(bucket, entry.key) for entry in self.objects.list(bucket, key)]
        except ObjectsError as error:
            raise service_error(error, f"Listing bucket={bucket} prefix={key}") from error
        if not found:
            raise internal_error(f"The specified S3 prefix '{key}' does not exist", f"S3 prefix={self.copy.source}")
        return found

    def _demand_list(self, bucket: str, key: str) -> None:
        """COPY needs LIST on the bucket, a manifest or not (copy-usage_notes-access-permissions)."""
        try:
            next(self.objects.list(bucket, key, page_size=1), None)
        except ObjectsError as error:
            raise service_error(error, f"Listing bucket={bucket} prefix={key}") from error

    def _from_manifest(self, bucket: str, key: str) -> list[Source]:
        place = f"Manifest file location = {self.copy.source}"
        try:
            with self.objects.read(bucket, key) as body:
                text = body.read()
        except ObjectsError as error:
            raise service_error(error, place) from error
        try:
            entries = manifest_entries(text)
        except ValueError as error:
            raise internal_error("Manifest file is not in correct json format", place) from error
        found = []
        for url, mandatory in entries:
            source = Source(*split_url(url))
            try:
                self.objects.head(source.bucket, source.key)
                found.append(source)
            except NotFound as error:
                if mandatory:
                    raise service_error(error, f"Mandatory url is not present in manifest location: {url}") from error
            except ObjectsError as error:
                raise service_error(error, f"Manifest entry {url}") from error
        if not found:
            raise internal_error("No files were found in the manifest", place)
        return found

    def open(self, source: Source) -> BinaryIO:
        """The object's bytes, decompressed as the COPY says."""
        try:
            body = self.objects.read(source.bucket, source.key)
        except ObjectsError as error:
            raise service_error(error, f"S3 key being read : {source.url}") from error
        return Inflating(body, self.copy.compression, source)  # type: ignore[return-value]


def manifest_entries(text: bytes) -> list[tuple[str, bool]]:
    """URL and `mandatory` of each entry; raises ValueError when it is no manifest."""
    document = json.loads(text.decode("utf-8"))
    if not isinstance(document, dict) or not isinstance(document.get("entries"), list):
        raise ValueError("no entries")
    found = []
    for entry in document["entries"]:
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            raise ValueError("an entry without url")
        mandatory = entry.get("mandatory", False)
        if not isinstance(mandatory, bool):
            raise ValueError("mandatory is not a boolean")
        found.append((entry["url"], mandatory))
    return found


def split_url(url: str) -> tuple[str, str]:
    found = re.fullmatch(r"s3://([^/]+)/?(.*)", url, re.DOTALL)
    if not found:
        raise internal_error(f"Invalid S3 location: {url}", "S3 URL")
    return found.group(1), found.group(2)


def service_error(error: ObjectsError, context: str) -> RedshiftError:
    """S3's refusal in the shape Redshift passes it on."""
    code = {"403": "AccessDenied", "404": "NoSuchKey"}.get(error.code, error.code)
    text = {"AccessDenied": "Access Denied", "NoSuchKey": "The specified key does not exist."}.get(code, error.text)
    line = f"S3ServiceException:{text},Status {error.status},Error {code},Rid LOCAL,ExtRid LOCAL,CanRetry 1"
    return internal_error(line, context)


class Inflating:
    """A stream that decompresses what it reads; several gzip members or zstd frames follow one another."""

    def __init__(self, body: BinaryIO, compression: str | None, source: Source) -> None:
        self._body = body
        self._source = source
        self.compressed_bytes = 0
        self._make = _DECOMPRESSORS[compression]
        self._decompressor: Any = self._make() if self._make else None
        self._pending = b""

    def read(self, _: int = READ_BYTES) -> bytes:
        """Some bytes, b"" at the end."""
        while True:
            data = self._pending or self._fetch()
            self._pending = b""
            if self._decompressor is None:
                return data
            if not data:
                self._check_end()
                return b""
            out = self._inflate(data)
            if out:
                return out

    def _fetch(self) -> bytes:
        try:
            data = self._body.read(READ_BYTES)
        except ObjectsError as error:
            raise service_error(error, f"S3 key being read : {self._source.url}") from error
        self.compressed_bytes += len(data)
        return data

    def _inflate(self, data: bytes) -> bytes:
        assert self._make is not None
        if self._decompressor.eof:
            self._decompressor = self._make()
        try:
            out: bytes = self._decompressor.decompress(data)
        except Exception as error:  # zlib.error, OSError, ZstdError: the object is not what the COPY says
            raise self._broken() from error
        if self._decompressor.eof:
            self._pending = self._decompressor.unused_data
        return out

    def _check_end(self) -> None:
        if self.compressed_bytes and not self._decompressor.eof:
            raise self._broken()

    def _broken(self) -> RedshiftError:
        return internal_error("Failed to decompress the input file", f"S3 key being read : {self._source.url}", 9000)

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> Inflating:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _gzip() -> Any:
    return zlib.decompressobj(wbits=31)


def _zstd() -> Any:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj()


_DECOMPRESSORS: dict[str | None, Callable[[], Any] | None] = {
    None: None,
    "GZIP": _gzip,
    "ZSTD": _zstd,
    "BZIP2": bz2.BZ2Decompressor,
}
