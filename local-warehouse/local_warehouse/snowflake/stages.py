"""Stages: where their files are, with whose rights S3 is read, and what comes back.

A stage has keys of its own, or a storage integration whose role is assumed for every statement; the stand-in's own
keys may do nothing else. https://docs.snowflake.com/en/sql-reference/sql/create-stage
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from local_warehouse.snowflake.errors import SqlError, compilation

_CREATING = threading.Lock()  # making a boto3 client is not safe in several threads


@dataclass(frozen=True)
class StagedFile:
    """An object of a stage; `name` is its key below the bucket."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True)
class Keys:
    access_key_id: str
    secret_access_key: str
    session_token: str | None = None


@dataclass(frozen=True)
class Cloud:
    """How S3 and STS are reached."""

    endpoint_url: str
    region: str
    service: Keys

    def client(self, service: str, keys: Keys) -> Any:
        import boto3
        from botocore.config import Config

        with _CREATING:
            return boto3.session.Session().client(
                service,
                endpoint_url=self.endpoint_url,
                region_name=self.region,
                aws_access_key_id=keys.access_key_id,
                aws_secret_access_key=keys.secret_access_key,
                aws_session_token=keys.session_token,
                config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 3, "mode": "standard"}),
            )

    def assume(self, role_arn: str, external_id: str | None) -> Keys:
        """Keys of the role; SqlError 003167 if it may not be assumed."""
        from botocore.exceptions import BotoCoreError, ClientError

        more = {"ExternalId": external_id} if external_id else {}
        try:
            answer = self.client("sts", self.service).assume_role(RoleArn=role_arn, RoleSessionName="snowflake", **more)
        except (ClientError, BotoCoreError) as error:
            raise SqlError(f"Error assuming AWS_ROLE:\n{_cause(error)}", 3167, "42601") from None
        keys = answer["Credentials"]
        return Keys(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def _cause(error: Exception) -> str:
    response = getattr(error, "response", None)
    return str(response["Error"].get("Message") or response["Error"]["Code"]) if response else type(error).__name__


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key prefix of `s3://bucket/prefix`."""
    if not url.lower().startswith("s3://"):
        raise compilation(f"invalid URL prefix found in: '{url}'", 1011, "22023")
    bucket, _, prefix = unquote(url[5:]).partition("/")
    if not bucket:
        raise compilation(f"invalid URL prefix found in: '{url}'", 1011, "22023")
    return bucket, prefix


@dataclass
class Location:
    """A place below a stage, ready to be read: `prefix` is the stage's path and the path that was asked for."""

    cloud: Cloud
    keys: Keys
    bucket: str
    prefix: str
    stage_prefix: str  # the part that belongs to the stage's URL

    def __post_init__(self) -> None:
        self.s3 = self.cloud.client("s3", self.keys)

    def list(self) -> list[StagedFile]:
        """Everything below the prefix, by key; folder markers are not files."""
        found: list[StagedFile] = []

        def pages() -> None:
            for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix):
                for item in page.get("Contents", ()):
                    if not item["Key"].endswith("/"):
                        found.append(
                            StagedFile(item["Key"], item["Size"], item["ETag"].strip('"'), item["LastModified"])
                        )

        self._call(pages)
        return found

    def head(self, name: str) -> StagedFile | None:
        """The file `prefix + name`, None if there is none."""
        from botocore.exceptions import ClientError

        key = self.prefix + name
        try:
            answer = self.s3.head_object(Bucket=self.bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                self._call(lambda: self.s3.list_objects_v2(Bucket=self.bucket, Prefix=key, MaxKeys=1))
                return None
            raise stage_failure(error) from None
        return StagedFile(key, answer["ContentLength"], answer["ETag"].strip('"'), answer["LastModified"])

    def read(self, file: StagedFile) -> bytes:
        data: bytes = self._call(lambda: self.s3.get_object(Bucket=self.bucket, Key=file.key)["Body"].read())
        return data

    def delete(self, file: StagedFile) -> None:
        self._call(lambda: self.s3.delete_object(Bucket=self.bucket, Key=file.key))

    def _call(self, function: Any) -> Any:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return function()
        except (ClientError, BotoCoreError) as error:
            raise stage_failure(error) from None

    def url(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


def stage_failure(error: Exception) -> SqlError:
    """S3's refusal as Snowflake tells it."""
    response = getattr(error, "response", None)
    if response is None:
        return SqlError(f"Failure using stage area. Cause: [{type(error).__name__}]", 91003, "55000")
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    code = response["Error"].get("Code", "")
    code = {"403": "AccessDenied", "404": "NotFound"}.get(code, code)
    said = response["Error"].get("Message", "")
    cause = f"{said} (Status Code: {status}; Error Code: {code})"
    return SqlError(f"Failure using stage area. Cause: [{cause}]", 91003, "55000")


def missing_file(url: str) -> SqlError:
    return SqlError(
        f"Remote file '{url}' was not found. There are several potential causes. The file might not exist. "
        "The required credentials may be missing or invalid. If you are running a copy command, please make sure "
        "files are not deleted when they are being loaded or files are not being loaded into two different tables "
        "concurrently with auto purge option.",
        91016,
        "22000",
    )
