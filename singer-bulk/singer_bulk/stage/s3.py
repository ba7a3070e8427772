"""The stage that is a prefix of an S3 bucket."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlsplit

from msgspec import field

from singer_bulk.errors import ConfigError, StageError
from singer_bulk.model.block_memory import collector_paused
from singer_bulk.model.declared import Meta, Secret, Settings
from singer_bulk.model.rights import Feature, Right
from singer_bulk.model.runtime import STANDARD, Runtime
from singer_bulk.stage.rights import ABORT, DELETE, LIST_WRITTEN, PUT, WRITER, s3_grant
from singer_bulk.stage.sending import THREADS, Sender

# A file is sent in parts of 8 MiB while it is written, so that its size does not count in memory; S3 takes
# parts of 5 MiB and more (AWS: Multipart upload limits).
PART_BYTES = 8 << 20
# Of each call; boto3 waits longer from one to the next, up to 20 seconds, and differently each time.
MAX_ATTEMPTS = 8

# What boto3 takes as a name, an access point's ARN apart, which COPY does not read.
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")
# What AWS says of a KMS key that the caller may not use: the action, and the ARN of the key.
_OF_KEY = re.compile(r"not authorized to perform: (kms:GenerateDataKey|kms:Decrypt) on (?:the )?resource: (\S+)")
WRITING = "the target's own AWS identity"
_KEY_PAIR = ("aws_access_key_id", "aws_secret_access_key")

logger = logging.getLogger(__name__)


class S3Settings(Settings, frozen=True):
    """Where the bucket is and who writes; what is None comes from the environment as boto3 finds it."""

    bucket: Annotated[str, Meta(description="Bucket in which files wait for their COPY.")] = field(name="s3_bucket")
    region: Annotated[str | None, Meta(description="Region of the bucket; default: the environment's.")] = field(
        default=None, name="s3_region"
    )
    endpoint_url: Annotated[str | None, Meta(description="Endpoint of an S3 that is not Amazon's.")] = field(
        default=None, name="s3_endpoint_url"
    )
    access_key_id: Annotated[
        Secret | None, Meta(description="Key that writes the files; default: as boto3 finds it.")
    ] = field(default=None, name="aws_access_key_id")
    secret_access_key: Annotated[Secret | None, Meta(description="Its secret.")] = field(
        default=None, name="aws_secret_access_key"
    )
    session_token: Annotated[Secret | None, Meta(description="Its session token, if it is temporary.")] = field(
        default=None, name="aws_session_token"
    )
    profile: Annotated[str | None, Meta(description="Profile of the AWS configuration, instead of keys.")] = field(
        default=None, name="aws_profile"
    )


def s3_contradictions(config: Mapping[str, Any]) -> list[str]:
    """Return what the settings of the bucket say against one another, or against what S3 takes; no value is shown."""
    problems = []
    if not _BUCKET.fullmatch(config["s3_bucket"]):
        problems.append(
            "setting 's3_bucket' takes the name of a bucket alone, without s3:// and without a path: what comes behind "
            "the bucket is 's3_key_prefix'"
        )
    if "://" in config.get("s3_key_prefix", ""):
        problems.append("setting 's3_key_prefix' takes what comes behind the bucket alone, without s3:// and its name")
    missing = [name for name in _KEY_PAIR if name not in config]
    if len(missing) == 1 or ("aws_session_token" in config and missing):
        given = next(name for name in (*_KEY_PAIR, "aws_session_token") if name in config)
        problems.append(
            f"setting {given!r} needs {' and '.join(map(repr, missing))}; set them too, or none of the three, so that "
            "they come from the environment or a profile together"
        )
    if "aws_profile" in config and len(missing) < len(_KEY_PAIR):
        problems.append("settings 'aws_profile' and 'aws_access_key_id' both say who writes the files; keep one")
    return problems


def s3_client(settings: S3Settings) -> Any:
    """Return a boto3 client.

    boto3 is imported here because it takes 0.3 s that `--version` should not pay. A fifth of that is the cycle
    collector's, among the descriptions of S3, which stay.
    """
    with collector_paused():
        import boto3
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(
            retries={"total_max_attempts": MAX_ATTEMPTS, "mode": "standard"}, connect_timeout=10, read_timeout=60
        )
        try:
            session = boto3.Session(
                aws_access_key_id=settings.access_key_id,
                aws_secret_access_key=settings.secret_access_key,
                aws_session_token=settings.session_token,
                profile_name=settings.profile,
                region_name=settings.region,
            )
            client = session.client("s3", endpoint_url=settings.endpoint_url, config=config)
        except (BotoCoreError, ValueError) as error:
            raise ConfigError(
                f"S3 cannot be reached: {error}; check aws_profile, s3_region and s3_endpoint_url", code="CFG-AWS"
            ) from error
    client.meta.events.register("before-send.s3", _log_retry)
    return client


def _log_retry(request: Any, **_: Any) -> None:
    """Log a call that boto3 sends again; the header counts the attempts (AWS SDKs: amz-sdk-request)."""
    header = request.headers.get("amz-sdk-request", b"")
    text = header.decode() if isinstance(header, bytes) else str(header)
    counts = dict(part.strip().split("=", 1) for part in text.split(";") if "=" in part)
    if counts.get("attempt", "1") != "1":
        path = urlsplit(request.url).path
        logger.warning("S3 %s %s: attempt %s of %d", request.method, path, counts["attempt"], MAX_ATTEMPTS)


class S3Stage:
    """A bucket; keys are full keys. `max_memory`: bytes of files that may wait in memory until they are sent."""

    def __init__(self, settings: S3Settings, max_memory: int, runtime: Runtime = STANDARD) -> None:
        self.bucket = settings.bucket
        self._settings = settings
        self._runtime = runtime
        self._made: Any = None
        self._sender = Sender(max_memory, runtime)
        self._closed: dict[str, Future[None]] = {}  # key -> its last call

    @property
    def _client(self) -> Any:
        if self._made is None:
            self._made = s3_client(self._settings)
        return self._made

    def url(self, key: str) -> str:
        """Return `s3://bucket/key`."""
        return f"s3://{self.bucket}/{key}"

    def open(self, key: str) -> S3Writer:
        """Begin a file at the key; raises StageError if one that was closed has not arrived."""
        for sent in list(self._closed.values()):  # at once, since the commit thread takes what it has waited for
            if sent.done():
                sent.result()
        return S3Writer(self._client, self.bucket, key, self._sender, self._closed)

    def has_room(self) -> bool:
        """Return whether what waits to be sent is within `max_memory`; waits for what is being sent."""
        return self._sender.has_room()

    def wait(self, keys: Iterable[str]) -> None:
        """Wait until each file has arrived; raises StageError."""
        for key in keys:
            self._closed[key].result()
            del self._closed[key]

    def put(self, key: str, content: bytes) -> None:
        """Write the content at the key."""
        with _s3_errors(self.bucket, key, PUT):
            self._client.put_object(Bucket=self.bucket, Key=key, Body=content)

    def put_all(self, contents: Mapping[str, bytes]) -> None:
        """Write the contents side by side, in threads of their own: those of `sending.py` may be busy for long."""
        if len(contents) < 2:
            for key, content in contents.items():
                self.put(key, content)
            return
        with self._runtime.threads(THREADS, "put") as threads:  # waits for all, also where one fails
            sent = [threads.submit(self.put, key, content) for key, content in contents.items()]
        for one in sent:
            one.result()

    def written(self, prefix: str) -> dict[str, datetime]:
        """Return the keys under the prefix with their times; needs s3:ListBucket."""
        with _s3_errors(self.bucket, prefix, LIST_WRITTEN):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
            return {entry["Key"]: entry["LastModified"] for page in pages for entry in page.get("Contents", ())}

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the keys, one request for up to 1,000 of them (AWS: DeleteObjects)."""
        names = list(keys)
        for sent in [self._closed.pop(key) for key in names if key in self._closed]:
            sent.exception()  # what arrives later would stay
        refused: list[dict[str, Any]] = []
        for start in range(0, len(names), 1000):
            objects = [{"Key": key} for key in names[start : start + 1000]]
            with _s3_errors(self.bucket, names[start], DELETE):
                answer = self._client.delete_objects(Bucket=self.bucket, Delete={"Objects": objects, "Quiet": True})
            refused += answer.get("Errors", [])
        if refused:
            first = f"s3://{self.bucket}/{refused[0]['Key']}"
            more = f" and {len(refused) - 1} more" if len(refused) > 1 else ""
            raise StageError(
                f"{first}{more}: not removed: {refused[0].get('Code')}; {s3_grant([DELETE], WRITING)}",
                code="STAGE-LEFT",
            )


class S3Writer:
    """A file that is sent in parts while it is written, by calls that are made one after the other in `sender`."""

    def __init__(self, client: Any, bucket: str, key: str, sender: Sender, closed: dict[str, Future[None]]) -> None:
        self.byte_count = 0
        self._client = client
        self._where = {"Bucket": bucket, "Key": key}
        self._sender = sender
        self._closed = closed
        self._waiting = bytearray()
        self._last: Future[None] | None = None
        self._upload_id: str | None = None
        self._parts: list[dict[str, Any]] = []

    def write(self, content: bytes) -> None:
        """Append the bytes; a full part is sent. Raises StageError if an earlier one could not be."""
        self._waiting += content
        self.byte_count += len(content)
        self._sender.gather(len(content))
        if len(self._waiting) >= PART_BYTES:
            if self._last is not None and self._last.done():
                self._last.result()
            self._send(self._send_part)

    def close(self) -> None:
        """Send what is left: with the last call the file appears in the bucket."""
        self._send(self._put if self._last is None else self._complete)
        assert self._last is not None
        self._closed[self._where["Key"]] = self._last

    def abort(self) -> None:
        """Leave nothing behind, once the call that is under way has ended."""
        self._sender.gather(-len(self._waiting))
        self._waiting = bytearray()
        if self._last is not None:
            self._last.exception()
        self._give_up_parts()

    def _give_up_parts(self) -> None:
        """Parts without their file cost storage without being seen."""
        if self._upload_id is None:
            return
        try:
            with _s3_errors(self._where["Bucket"], self._where["Key"], ABORT):
                self._client.abort_multipart_upload(**self._where, UploadId=self._upload_id)
        except StageError as error:
            # The bucket's rule for incomplete uploads has the last word. A right that is missing costs with each file.
            level = logging.WARNING if ABORT.name in error.text else logging.DEBUG
            logger.log(level, "the parts of a file that was given up stay: %s", error)
        self._upload_id = None

    def _send(self, call: Callable[[bytearray], None]) -> None:
        """Make a call with what waits, in a thread."""
        content, self._waiting = self._waiting, bytearray()
        self._last = self._sender.send(len(content), partial(self._checked, call, content), self._last)

    def _checked(self, call: Callable[[bytearray], None], content: bytearray) -> None:
        try:
            with _s3_errors(self._where["Bucket"], self._where["Key"], PUT):
                call(content)
        except BaseException:
            self._give_up_parts()
            raise

    def _put(self, content: bytearray) -> None:
        self._client.put_object(**self._where, Body=content)

    def _send_part(self, content: bytearray) -> None:
        if self._upload_id is None:
            self._upload_id = self._client.create_multipart_upload(**self._where)["UploadId"]
        number = len(self._parts) + 1
        answer = self._client.upload_part(**self._where, UploadId=self._upload_id, PartNumber=number, Body=content)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})

    def _complete(self, content: bytearray) -> None:
        if content:
            self._send_part(content)
        self._client.complete_multipart_upload(
            **self._where, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
        )
        self._upload_id = None


@contextmanager
def _s3_errors(bucket: str, key: str, right: Right) -> Iterator[None]:
    """Turn boto3's exceptions into StageError, naming what to look at."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except NoCredentialsError as error:
        raise StageError(
            "no AWS credentials found; set aws_access_key_id and aws_secret_access_key, or aws_profile, or the "
            "variables of the environment",
            code="STAGE-CREDENTIALS",
        ) from error
    except ClientError as error:
        answer = error.response.get("Error", {})
        code = answer.get("Code", "unknown")
        raise StageError(
            f"s3://{bucket}/{key}: {code}; {_remedy(code, answer.get('Message', ''), bucket, right)}",
            code="STAGE-REFUSED",
        ) from error
    except (BotoCoreError, ResponseParserError) as error:
        raise StageError(
            f"s3://{bucket}/{key}: {error}; check s3_endpoint_url, s3_region and the network", code="STAGE-AWAY"
        ) from error


def _remedy(code: str, message: str, bucket: str, right: Right) -> str:
    if code == "NoSuchBucket":
        return f"bucket {bucket!r} does not exist: check s3_bucket and s3_region"
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"):
        return "check aws_access_key_id, aws_secret_access_key and aws_session_token"
    if code == "AccessDenied":
        if action := _OF_KEY.search(message):
            key_rights = [one for one in WRITER.wanted([Feature.ENCRYPTION]) if one.name == action[1]]
            return f"{s3_grant(key_rights, WRITING)}: {action[2]}"
        return f"{s3_grant([right], WRITING)}, and check that the bucket is yours"
    return "see the AWS documentation for this code"
