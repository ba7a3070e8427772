"""Stages: where their files are, with whose rights S3 is read, and what S3's refusals look like here.

A stage has keys of its own, or a role (of its storage integration, or its own) that is assumed for every statement; the
stand-in's own keys may do nothing else. https://docs.snowflake.com/en/sql-reference/sql/create-stage
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

from local_warehouse.s3.objects import Found, Keys, NotFound, Objects, ObjectsError
from local_warehouse.snowflake.errors import SqlError, compilation

R = TypeVar("R")


@dataclass(frozen=True)
class Cloud:
    """How S3 and STS are reached."""

    endpoint_url: str
    region: str
    service: Keys
    account_id: str = ""

    @property
    def user_arn(self) -> str:
        """Who assumes roles: what the trust policy of an integration's role names."""
        return f"arn:aws:iam::{self.account_id}:user/service"

    def as_role(self, role_arn: str, external_id: str = "") -> Objects:
        """S3 with a role; SqlError 003167 if it may not be assumed."""
        try:
            return Objects.open(self.endpoint_url, self.region, self.service, [role_arn], external_id)
        except ObjectsError as error:
            raise SqlError(f"Error assuming AWS_ROLE:\n{error.text}", 3167, "42601") from None

    def with_keys(self, keys: Keys) -> Objects:
        return Objects.open(self.endpoint_url, self.region, keys)


def split_url(url: str) -> tuple[str, str]:
    """Bucket and key prefix of `s3://bucket/prefix`."""
    bucket, _, prefix = unquote(url[5:]).partition("/")
    if not url.lower().startswith("s3://") or not bucket:
        raise compilation(f"invalid URL prefix found in: '{url}'", 1011, "22023")
    return bucket, prefix


@dataclass
class Location:
    """A place below a stage, ready to be read: `prefix` is the stage's path and the path that was asked for."""

    objects: Objects
    bucket: str
    prefix: str
    stage_prefix: str  # the part that belongs to the stage's URL

    def demand_rights(self) -> None:
        """What the role of a stage must be allowed to, although the files are named (data-load-s3-config)."""
        _tell(lambda: self.objects.demand_bucket(self.bucket, self.prefix))

    def list(self) -> Sequence[Found]:
        """Everything below the prefix, by key; folder markers are not files."""
        found = _tell(lambda: list(self.objects.list(self.bucket, self.prefix)))
        return [one for one in found if not one.key.endswith("/")]

    def head(self, name: str) -> Found | None:
        """The file `prefix + name`, None if there is none."""
        key = self.prefix + name
        try:
            return self.objects.head(self.bucket, key)
        except NotFound:
            # HEAD says 404 for a missing bucket too; only a listing tells them apart.
            _tell(lambda: next(self.objects.list(self.bucket, key, page_size=1), None))
            return None
        except ObjectsError as error:
            raise stage_failure(error) from None

    def read(self, file: Found) -> bytes:
        def whole() -> bytes:
            with self.objects.read(self.bucket, file.key) as body:
                return body.read()

        return _tell(whole)

    def delete(self, file: Found) -> None:
        _tell(lambda: self.objects.delete(self.bucket, file.key))

    def url(self, key: str) -> str:
        return f"s3://{self.bucket}/{key}"


def _tell(function: Callable[[], R]) -> R:
    try:
        return function()
    except ObjectsError as error:
        raise stage_failure(error) from None


def stage_failure(error: ObjectsError) -> SqlError:
    """S3's refusal as Snowflake tells it."""
    code = {"403": "AccessDenied", "404": "NotFound"}.get(error.code, error.code)
    cause = f"{error.text} (Status Code: {error.status}; Error Code: {code})"
    return SqlError(f"Failure using stage area. Cause: [{cause}]", STAGE_FAILURE, "55000")


STAGE_FAILURE = 91003


def missing_file(url: str) -> SqlError:
    return SqlError(
        f"Remote file '{url}' was not found. There are several potential causes. The file might not exist. "
        "The required credentials may be missing or invalid. If you are running a copy command, please make sure "
        "files are not deleted when they are being loaded or files are not being loaded into two different tables "
        "concurrently with auto purge option.",
        91016,
        "22000",
    )
