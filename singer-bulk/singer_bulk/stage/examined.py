"""A bucket that is examined: the requests that a load and its COPY make of it, one by one, each with what it answers.

Where the bucket is, S3 tells whoever asks, also one who may not list it: in the header of an answer that refuses.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from singer_bulk.errors import StageError
from singer_bulk.identity.aws import AwsIdentity
from singer_bulk.stage.rights import ABORT, DELETE, GET, LIST, PUT
from singer_bulk.stage.s3 import S3Settings, s3_client, s3_errors

# Nobody waits for five attempts to be told that there is no such host.
FEW_ATTEMPTS = {"retries": {"total_max_attempts": 2, "mode": "standard"}}
_REGION = "x-amz-bucket-region"


@dataclass(frozen=True)
class Head:
    """What the bucket is known by. region: where it is, as far as S3 says it; asked: where it was looked for;
    may_list: whether who asks may list it."""

    region: str | None
    asked: str | None
    may_list: bool


class ExaminedBucket:
    """Requests of who writes the files; each raises StageError, which names the right that is missing."""

    def __init__(self, settings: S3Settings, identity: AwsIdentity) -> None:
        self._settings, self._identity = settings, identity
        self._made: Any = None

    @property
    def _client(self) -> Any:
        if self._made is None:
            self._made = s3_client(self._settings, self._identity, **FEW_ATTEMPTS)
        return self._made

    def head(self) -> Head:
        """Find the bucket; raises StageError where there is none, or where S3 is not reached."""
        bucket, asked = self._settings.bucket, self._client.meta.region_name
        with s3_errors(bucket, "", LIST):
            try:
                answer = self._client.head_bucket(**self._settings.requests.of_any)
            except Exception as error:
                answer = getattr(error, "response", None)
                if answer is None:
                    raise
        found = answer["ResponseMetadata"]
        region = found.get("HTTPHeaders", {}).get(_REGION)
        status = found.get("HTTPStatusCode")
        if status == 404:
            raise StageError(f"bucket {bucket!r} does not exist; correct s3_bucket, or create it", code="STAGE-REFUSED")
        return Head(region, asked, may_list=status == 200)

    def put(self, key: str, content: bytes) -> tuple[str, str | None]:
        """Write an object; return how S3 has encrypted it, and the ARN of the key if KMS has one."""
        with s3_errors(self._settings.bucket, key, PUT):
            answer = self._client.put_object(**self._settings.requests.of_new, Key=key, Body=content)
        return answer.get("ServerSideEncryption", ""), answer.get("SSEKMSKeyId")

    def get(self, key: str) -> bytes:
        """Return the content."""
        with s3_errors(self._settings.bucket, key, GET):
            body = self._client.get_object(**self._settings.requests.of_any, Key=key)["Body"]
            content: bytes = body.read()
            return content

    def listed(self, prefix: str) -> list[str]:
        """Return the first keys under the prefix."""
        with s3_errors(self._settings.bucket, prefix, LIST):
            answer = self._client.list_objects_v2(**self._settings.requests.of_any, Prefix=prefix)
            return [entry["Key"] for entry in answer.get("Contents", ())]

    def give_up_parts(self, key: str) -> None:
        """Begin a file in parts, and give it up."""
        with s3_errors(self._settings.bucket, key, PUT):
            begun = self._client.create_multipart_upload(**self._settings.requests.of_new, Key=key)
        with s3_errors(self._settings.bucket, key, ABORT):
            self._client.abort_multipart_upload(**self._settings.requests.of_any, Key=key, UploadId=begun["UploadId"])

    def remove(self, keys: Iterable[str]) -> None:
        """Remove objects as a load does; raises StageError for the first that stays."""
        objects = [{"Key": key} for key in keys]
        with s3_errors(self._settings.bucket, objects[0]["Key"], DELETE):
            answer = self._client.delete_objects(
                **self._settings.requests.of_any, Delete={"Objects": objects, "Quiet": True}
            )
        for refused in answer.get("Errors", ()):
            raise StageError(
                f"s3://{self._settings.bucket}/{refused['Key']} is not removed: {refused.get('Code')}; "
                f"grant {DELETE.name} on {DELETE.on.shown} to the target's own AWS identity",
                code="STAGE-LEFT",
            )
