"""Files in S3: `s3://bucket/key`, a glob such as `s3://bucket/in/*.csv.gz`, or a prefix that ends with a slash."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO, ClassVar, NamedTuple, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tap_csv_extract.config import S3Settings
from tap_csv_extract.errors import ConfigError, SourceError
from tap_csv_extract.globs import is_glob, matcher
from tap_csv_extract.references import resolved
from tap_csv_extract.source_file import SourceFile

# One ranged GET brings so much: fewer requests than S3 charges for noticeably, little enough to keep in memory.
RANGE_BYTES = 8 << 20


def keep_libraries_quiet() -> None:
    """Let boto3 and what it calls log from INFO on: at DEBUG they log whole requests, with the session token."""
    for name in ("boto3", "botocore", "s3transfer", "urllib3"):
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger().level))


@dataclass(frozen=True)
class S3File:
    """One object, always read in the version that was listed."""

    client: Any
    bucket: str
    key: str
    size: int
    etag: str
    modified: str
    tracked: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def path(self) -> str:
        return self.name

    def stamp(self) -> dict[str, int | str]:
        return {"size": self.size, "etag": self.etag, "modified": self.modified}

    def open(self) -> BinaryIO:
        return cast("BinaryIO", io.BufferedReader(_Object(self), 1 << 16))


class _Object(io.RawIOBase):
    """Reads an object by ranges, so that it can be sought in and no connection stays open while the target works."""

    def __init__(self, file: S3File) -> None:
        self._file = file
        self._position = 0
        self._range = b""
        self._range_start = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._file.size}[whence]
        self._position = max(base + offset, 0)
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self._file.size:
            return 0
        place = self._position - self._range_start
        if not 0 <= place < len(self._range):
            self._get()
            place = 0
        data = self._range[place : place + len(buffer)]
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _get(self) -> None:
        file, end = self._file, min(self._position + RANGE_BYTES, self._file.size) - 1
        with _said_clearly(file.name):
            answer = file.client.get_object(
                Bucket=file.bucket, Key=file.key, IfMatch=file.etag, Range=f"bytes={self._position}-{end}"
            )
            self._range, self._range_start = answer["Body"].read(), self._position
        if not self._range:
            raise SourceError(f"{file.name}: S3 gave no bytes from {self._position} on", code="CSV-S3-AWAY")


class S3Files:
    """Lists objects with the keys, profile, region and endpoint of the settings."""

    def __init__(self, settings: S3Settings) -> None:
        self._settings = settings
        self._client: Any = None

    def list_files(self, path: str) -> list[SourceFile]:
        bucket, _, pattern = path.removeprefix("s3://").partition("/")
        wanted: Callable[[str], object]
        if is_glob(pattern):
            prefix = re.split(r"[*?\[]", pattern)[0]
            wanted = matcher(pattern)
        elif pattern.endswith("/") or not pattern:
            prefix = pattern
            wanted = re.compile(re.escape(pattern) + r"[^/._][^/]*").fullmatch
        else:
            prefix, wanted = pattern, lambda key: key == pattern
        found = []
        for entry in self._entries(bucket, prefix):
            if entry["Key"] == pattern and not pattern.endswith("/"):
                return [self._file(bucket, entry)]  # a key may hold marks of a glob, as a name of a file may
            if wanted(entry["Key"]):
                found.append(self._file(bucket, entry))
        if not found and prefix == pattern and not pattern.endswith("/") and pattern:
            raise ConfigError(
                f"path {path!r}: no such object; correct 'path', or write a glob or a prefix with a slash",
                code="CSV-CFG-PATH",
            )
        return found

    def _entries(self, bucket: str, prefix: str) -> Iterator[Mapping[str, Any]]:
        with _said_clearly(f"s3://{bucket}/{prefix}"):
            pages = self._connected().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            for page in pages:
                yield from page.get("Contents", ())

    def _file(self, bucket: str, entry: Mapping[str, Any]) -> SourceFile:
        modified = entry["LastModified"].isoformat()
        return S3File(self._connected(), bucket, entry["Key"], entry["Size"], entry["ETag"], modified)

    def _connected(self) -> Any:
        if self._client is None:
            settings = resolved(self._settings)
            with _said_clearly("s3"):
                session = boto3.Session(
                    aws_access_key_id=settings.aws_access_key_id,
                    aws_secret_access_key=settings.aws_secret_access_key,
                    aws_session_token=settings.aws_session_token,
                    profile_name=settings.aws_profile,
                    region_name=settings.s3_region,
                )
                self._client = session.client(
                    "s3",
                    endpoint_url=settings.s3_endpoint_url,
                    config=Config(retries={"max_attempts": 5, "mode": "standard"}),
                )
        return self._client


class _Meaning(NamedTuple):
    """What an answer of S3 means, with the remedy, and our code for it."""

    text: str
    code: str


_NO_RIGHT = _Meaning(
    "the keys or the profile may not read it; allow s3:GetObject and s3:ListBucket", code="CSV-S3-ACCESS"
)
_OTHER_ANSWER = _Meaning("see the code of S3's answer", code="CSV-S3-REFUSED")
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_ANSWERS = {
    "403": _NO_RIGHT,
    "AccessDenied": _NO_RIGHT,
    "InvalidAccessKeyId": _Meaning("the access key is unknown; correct 'aws_access_key_id'", code="CSV-S3-KEYS"),
    "SignatureDoesNotMatch": _Meaning(
        "the secret does not belong to the access key; correct 'aws_secret_access_key'", code="CSV-S3-KEYS"
    ),
    "NoSuchBucket": _Meaning("no such bucket; correct 'path'", code="CSV-CFG-PATH"),
    "PreconditionFailed": _Meaning("it was replaced while it was read; run again", code="CSV-SRC-CHANGED"),
}


@contextmanager
def _said_clearly(what: str) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        meaning = _ANSWERS.get(code, _OTHER_ANSWER)
        raise SourceError(f"{what}: S3 answers {code}: {meaning.text}", code=meaning.code) from error
    except BotoCoreError as error:
        raise SourceError(f"{what}: {error}; check the aws_* and s3_* settings", code="CSV-S3-AWAY") from error
