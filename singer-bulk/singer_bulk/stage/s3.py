"""The stage that is a prefix of an S3 bucket."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from singer_bulk.errors import StageError
from singer_bulk.identity.aws import MAX_ATTEMPTS, AwsIdentity
from singer_bulk.identity.aws_errors import CLOCK, PROXY
from singer_bulk.model.rights import Feature, Right
from singer_bulk.model.runtime import STANDARD, Runtime
from singer_bulk.stage.rights import ABORT, DELETE, GET, LIST_WRITTEN, PUT, READ_AGAIN, WRITER, s3_grant
from singer_bulk.stage.s3_settings import Requests, S3Settings, s3_contradictions
from singer_bulk.stage.sending import THREADS, Sender

__all__ = ["PART_BYTES", "S3Settings", "S3Stage", "S3Writer", "s3_client", "s3_contradictions", "s3_errors"]

# A file is sent in parts of 8 MiB while it is written, so that its size does not count in memory; S3 takes
# parts of 5 MiB and more (AWS: Multipart upload limits).
PART_BYTES = 8 << 20
READ_BYTES = 1 << 18
# What AWS says of a KMS key that the caller may not use: the action, and the ARN of the key.
_OF_KEY = re.compile(r"not authorized to perform: (kms:GenerateDataKey|kms:Decrypt) on (?:the )?resource: (\S+)")
WRITING = "the target's own AWS identity"

logger = logging.getLogger(__name__)


def s3_client(settings: S3Settings, identity: AwsIdentity | None = None, **config: Any) -> Any:
    """Return a boto3 client of who writes the files; `config` goes to botocore's Config. Raises ConfigError."""
    by = identity or AwsIdentity(settings.identity)
    client = by.client("s3", settings.endpoint_url, **settings.client_config, **config)
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
        self.identity = AwsIdentity(settings.identity, runtime)
        self._settings = settings
        self._runtime = runtime
        self._made: Any = None
        self._sender = Sender(max_memory, runtime)
        self._closed: dict[str, Future[None]] = {}  # key -> its last call

    @property
    def _client(self) -> Any:
        if self._made is None:
            self._made = s3_client(self._settings, self.identity)
        return self._made

    def url(self, key: str) -> str:
        """Return `s3://bucket/key`."""
        return f"s3://{self.bucket}/{key}"

    def open(self, key: str) -> S3Writer:
        """Begin a file at the key; raises StageError if one that was closed has not arrived."""
        for sent in list(self._closed.values()):  # at once, since the commit thread takes what it has waited for
            if sent.done():
                sent.result()
        return S3Writer(self._client, self._settings.requests, key, self._sender, self._closed)

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
        with s3_errors(self.bucket, key, PUT):
            self._client.put_object(**self._settings.requests.of_new, Key=key, Body=content)

    def put_in(self, bucket: str, key: str, content: bytes) -> None:
        """Write the content into another bucket, by the same identity."""
        with s3_errors(bucket, key, PUT):
            self._client.put_object(Bucket=bucket, Key=key, Body=content)

    def get_from(self, bucket: str, key: str) -> bytes:
        """Return the content of an object of any bucket."""
        with s3_errors(bucket, key, GET):
            return bytes(self._client.get_object(Bucket=bucket, Key=key)["Body"].read())

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
        with s3_errors(self.bucket, prefix, LIST_WRITTEN):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                **self._settings.requests.of_any, Prefix=prefix
            )
            return {entry["Key"]: entry["LastModified"] for page in pages for entry in page.get("Contents", ())}

    def read(self, key: str) -> Iterator[bytes]:
        """Return the bytes of a file, in parts; raises StageError, STAGE-MISSING if there is none."""
        return self.source(key)[1]

    def source(self, key: str) -> tuple[str, Iterator[bytes]]:
        """Return the ETag of an object, and the bytes that it is of; raises as `read`."""
        return self._opened(self.bucket, key)

    def read_object(self, bucket: str, key: str) -> Iterator[bytes]:
        """Return the bytes of a file of any bucket, of one version, in parts; raises StageError."""
        return self._opened(bucket, key)[1]

    def reach(self) -> None:
        """Make the client, which threads then share."""
        assert self._client is not None

    def _opened(self, bucket: str, key: str) -> tuple[str, Iterator[bytes]]:
        with s3_errors(bucket, key, READ_AGAIN):
            answer = self._client.get_object(**{**self._settings.requests.of_any, "Bucket": bucket}, Key=key)
        return answer["ETag"].strip('"'), self._parts(bucket, key, answer["Body"])

    def _parts(self, bucket: str, key: str, body: Any) -> Iterator[bytes]:
        with s3_errors(bucket, key, READ_AGAIN):
            while part := body.read(READ_BYTES):
                yield part

    def end_of(self, key: str, byte_count: int) -> tuple[int, bytes]:
        """Return the size of a file and its last bytes; raises StageError, STAGE-MISSING if there is none."""
        with s3_errors(self.bucket, key, READ_AGAIN):
            answer = self._client.get_object(**self._settings.requests.of_any, Key=key, Range=f"bytes=-{byte_count}")
            return int(answer["ContentRange"].rpartition("/")[2]), answer["Body"].read()

    def remove(self, keys: Iterable[str]) -> None:
        """Remove the keys, one request for up to 1,000 of them (AWS: DeleteObjects)."""
        names = list(keys)
        for sent in [self._closed.pop(key) for key in names if key in self._closed]:
            sent.exception()  # what arrives later would stay
        refused: list[dict[str, Any]] = []
        for start in range(0, len(names), 1000):
            objects = [{"Key": key} for key in names[start : start + 1000]]
            with s3_errors(self.bucket, names[start], DELETE):
                answer = self._client.delete_objects(
                    **self._settings.requests.of_any, Delete={"Objects": objects, "Quiet": True}
                )
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

    def __init__(
        self, client: Any, requests: Requests, key: str, sender: Sender, closed: dict[str, Future[None]]
    ) -> None:
        self.byte_count = 0
        self._client = client
        self._requests = requests
        self._bucket, self._key = requests.bucket, key
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
        self._closed[self._key] = self._last

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
            with s3_errors(self._bucket, self._key, ABORT):
                self._client.abort_multipart_upload(**self._requests.of_any, Key=self._key, UploadId=self._upload_id)
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
            with s3_errors(self._bucket, self._key, PUT):
                call(content)
        except BaseException:
            self._give_up_parts()
            raise

    def _put(self, content: bytearray) -> None:
        self._client.put_object(**self._requests.of_new, Key=self._key, Body=content)

    def _send_part(self, content: bytearray) -> None:
        if self._upload_id is None:
            begun = self._client.create_multipart_upload(**self._requests.of_new, Key=self._key)
            self._upload_id = begun["UploadId"]
        number = len(self._parts) + 1
        answer = self._client.upload_part(
            **self._requests.of_part, Key=self._key, UploadId=self._upload_id, PartNumber=number, Body=content
        )
        # S3 compares the parts' checksums where the file was begun with an algorithm (API_CompleteMultipartUpload).
        sums = {name: answer[name] for name in self._requests.checksums if name in answer}
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"], **sums})

    def _complete(self, content: bytearray) -> None:
        if content:
            self._send_part(content)
        self._client.complete_multipart_upload(
            **self._requests.of_any, Key=self._key, UploadId=self._upload_id, MultipartUpload={"Parts": self._parts}
        )
        self._upload_id = None


@contextmanager
def s3_errors(bucket: str, key: str, right: Right) -> Iterator[None]:
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
        if code in ("NoSuchKey", "404"):
            raise StageError(f"s3://{bucket}/{key}: there is no such file", code="STAGE-MISSING") from error
        raise StageError(
            f"s3://{bucket}/{key}: {code}; {_remedy(code, answer.get('Message', ''), bucket, right)}",
            code="STAGE-REFUSED",
        ) from error
    except (BotoCoreError, ResponseParserError) as error:
        check = PROXY if "proxy" in str(error).lower() else "s3_endpoint_url, s3_region"
        raise StageError(f"s3://{bucket}/{key}: {error}; check {check} and the network", code="STAGE-AWAY") from error


def _remedy(code: str, message: str, bucket: str, right: Right) -> str:
    if code == "NoSuchBucket":
        return f"bucket {bucket!r} does not exist: check s3_bucket and s3_region"
    if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken"):
        return "check aws_access_key_id, aws_secret_access_key and aws_session_token"
    if code == "RequestTimeTooSkewed":
        return CLOCK
    if code == "AccessDenied":
        if action := _OF_KEY.search(message):
            key_rights = [one for one in WRITER.wanted([Feature.ENCRYPTION]) if one.name == action[1]]
            return f"{s3_grant(key_rights, WRITING)}: {action[2]}"
        return f"{s3_grant([right], WRITING)}, and check that the bucket is yours"
    return "see the AWS documentation for this code"
