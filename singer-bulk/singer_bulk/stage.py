"""Where a file waits between its writing and its load: a prefix of an S3 bucket."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

from singer_bulk.errors import ConfigError, StageError

# A file is sent in parts of 8 MiB while it is written, so that its size does not count in memory; S3 takes
# parts of 5 MiB and more (AWS: Multipart upload limits).
PART_BYTES = 8 << 20
# Of each call; boto3 waits longer from one to the next, up to 20 seconds, and differently each time.
MAX_ATTEMPTS = 8

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StagedFile:
    """A file that is whole in the stage. `key` is its full key in the bucket; `byte_count` is compressed."""

    key: str
    row_count: int
    byte_count: int


class StageWriter(Protocol):
    """One file being written; it does not exist until `close`."""

    byte_count: int

    def write(self, content: bytes) -> None:
        """Append the bytes."""

    def close(self) -> None:
        """Make the file visible, whole."""

    def abort(self) -> None:
        """Leave nothing behind; raises nothing."""


class Stage(Protocol):
    """What a load needs of a place for files."""

    def url(self, key: str) -> str:
        """Return the address that a warehouse reads the key at."""

    def open(self, key: str) -> StageWriter:
        """Begin a file."""

    def put(self, key: str, content: bytes) -> None:
        """Write a small file at once."""

    def remove(self, keys: Iterable[str]) -> None:
        """Remove files."""

    def written(self, prefix: str) -> dict[str, datetime]:
        """Return the keys of all files under the prefix, and when each was written."""


@dataclass(frozen=True)
class S3Settings:
    """Where the bucket is and who writes; what is None comes from the environment as boto3 finds it."""

    bucket: str
    region: str | None = None
    endpoint_url: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None
    profile: str | None = None


def s3_client(settings: S3Settings) -> Any:
    """Return a boto3 client; boto3 is imported here because it takes 0.3 s that `--version` should not pay."""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(
            aws_access_key_id=settings.access_key_id,
            aws_secret_access_key=settings.secret_access_key,
            aws_session_token=settings.session_token,
            profile_name=settings.profile,
            region_name=settings.region,
        )
        config = Config(
            retries={"total_max_attempts": MAX_ATTEMPTS, "mode": "standard"}, connect_timeout=10, read_timeout=60
        )
        client = session.client("s3", endpoint_url=settings.endpoint_url, config=config)
    except (BotoCoreError, ValueError) as error:
        raise ConfigError(f"S3 cannot be reached: {error}; check aws_profile, s3_region and s3_endpoint_url") from error
    client.meta.events.register("before-send.s3", _log_retry)
    return client


def _log_retry(request: Any, **_: Any) -> None:
    """Log a call that boto3 sends again; the header counts the attempts (AWS SDKs: amz-sdk-request)."""
    told = request.headers.get("amz-sdk-request", b"")
    text = told.decode() if isinstance(told, bytes) else str(told)
    counts = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
    if counts.get("attempt", "1") != "1":
        path = urlsplit(request.url).path
        logger.warning("S3 %s %s: attempt %s of %d", request.method, path, counts["attempt"], MAX_ATTEMPTS)


class S3Stage:
    """A bucket; keys are full keys."""

    def __init__(self, settings: S3Settings) -> None:
        self.bucket = settings.bucket
        self._settings = settings
        self._made: Any = None

    @property
    def _client(self) -> Any:
        if self._made is None:
            self._made = s3_client(self._settings)
        return self._made

    def url(self, key: str) -> str:
        """Return `s3://bucket/key`."""
        return f"s3://{self.bucket}/{key}"

    def open(self, key: str) -> S3Writer:
        """Begin a file at the key."""
        return S3Writer(self._client, self.bucket, key)

    def put(self, key: str, content: bytes) -> None:
        """Write the content at the key."""
        with _s3_errors(self.bucket, key, "s3:PutObject"):
            self._client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def written(self, prefix: str) -> dict[str, datetime]:
        """Return the keys under the prefix with their times; needs s3:ListBucket."""
        with _s3_errors(self.bucket, prefix, "s3:ListBucket"):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return {entry["Key"]: entry["LastModified"] for page in pages for entry in page.get("Contents", ())}

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the keys, one request for up to 1,000 of them (AWS: DeleteObjects)."""
        names = list(keys)
        for start in range(0, len(names), 1000):
            objects = [{"Key": key} for key in names[start : start + 1000]]
            with _s3_errors(self.bucket, names[start], "s3:DeleteObject"):
                answer = self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})
            for refused in answer.get("Errors", []):
                raise StageError(
                    f"s3://{self.bucket}/{refused['Key']} was not removed: {refused.get('Code')}; grant s3:DeleteObject"
                )


class S3Writer:
    """A file that is sent in parts while it is written."""

    def __init__(self, client: Any, bucket: str, key: str) -> None:
        self.byte_count = 0
        self._client = client
        self._bucket = bucket
        self._key = key
        self._waiting = bytearray()
        self._upload_id: str | None = None
        self._parts: list[dict[str, Any]] = []

    def write(self, content: bytes) -> None:
        """Append the bytes; a full part is sent."""
        self._waiting += content
        self.byte_count += len(content)
        if len(self._waiting) >= PART_BYTES:
            self._send_part()

    def close(self) -> None:
        """Complete the file: it appears in the bucket with this call."""
        where = {"Bucket": self._bucket, "Key": self._key}
        if self._upload_id is None:
            with _s3_errors(self._bucket, self._key, "s3:PutObject"):
                self._client.put_object(**where, Body=bytes(self._waiting))
        else:
            if self._waiting:
                self._send_part()
            with _s3_errors(self._bucket, self._key, "s3:PutObject"):
                self._client.complete_multipart_upload(
                    **where, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
                )
        self._waiting = bytearray()
        self._upload_id = None

    def abort(self) -> None:
        """Give up the parts; they would cost storage without being seen."""
        if self._upload_id is None:
            return
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.abort_multipart_upload(Bucket=self._bucket, Key=self._key, UploadId=self._upload_id)
        except (BotoCoreError, ClientError):
            return  # the bucket's rule for incomplete uploads has the last word
        finally:
            self._upload_id = None

    def _send_part(self) -> None:
        where = {"Bucket": self._bucket, "Key": self._key}
        with _s3_errors(self._bucket, self._key, "s3:PutObject"):
            if self._upload_id is None:
                self._upload_id = self._client.create_multipart_upload(**where)["UploadId"]
            number = len(self._parts) + 1
            answer = self._client.upload_part(
                **where, UploadId=self._upload_id, PartNumber=number, Body=bytes(self._waiting)
            )
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        self._waiting = bytearray()


@contextmanager
def _s3_errors(bucket: str, key: str, right: str) -> Iterator[None]:
    """Turn boto3's exceptions into StageError, naming what to look at."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except NoCredentialsError as error:
        raise StageError(
            "no AWS credentials found; set aws_access_key_id and aws_secret_access_key, or aws_profile, or the "
            "variables of the environment"
        ) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise StageError(f"s3://{bucket}/{key}: {code}; {_remedy(code, bucket, right)}") from error
    except BotoCoreError as error:
        raise StageError(f"s3://{bucket}/{key}: {error}; check s3_endpoint_url, s3_region and the network") from error


def _remedy(code: str, bucket: str, right: str) -> str:
    if code == "NoSuchBucket":
        return f"bucket {bucket!r} does not exist: check s3_bucket and s3_region"
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"):
        return "check aws_access_key_id, aws_secret_access_key and aws_session_token"
    if code == "AccessDenied":
        return f"grant {right} on this key to the target's own AWS identity, and check that the bucket is yours"
    return "see the AWS documentation for this code"
