"""S3 as a warehouse sees it: list, read and delete objects with given keys or an assumed role.

Both stand-ins open S3 once per statement, so that the credentials which the statement (or its stage)
names are the ones that S3 is read with:

    objects = Objects.open(endpoint_url, region, keys)                  # exactly these keys
    objects = Objects.open(endpoint_url, region, service_keys, [arn])   # a role, or a chain of roles
    for found in objects.list("bucket", "orders/2020"):
        with objects.read("bucket", found.key) as body:
            ...

ObjectsError            anything S3 or STS answered; has `code` (as AWS names it), `status`, `place`
  CredentialsRejected   the keys are unknown, wrong or expired
  AccessDenied          the keys are right, a policy says no (also: the role may not be assumed)
  NotFound              no such bucket or key
  WrongRegion           the bucket lives in another region than the one that was named
  Unavailable           503, a cut connection, a timeout; after the retries
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

# A role's session name is part of the principal that a chained role's trust policy names:
# arn:aws:sts::ACCOUNT:assumed-role/ROLE/local-warehouse
SESSION_NAME = "local-warehouse"
# How a stand-in tells the gate that it asks as a service of AWS; the gate believes the stand-ins' own identity alone.
SOURCE_HEADER = "X-Local-Warehouse-Source"


@dataclass(frozen=True)
class Keys:
    """An access key; its secret parts stay out of repr()."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Found:
    """One object of a listing; `etag` without its quotes."""

    key: str
    size_bytes: int
    etag: str
    modified: float  # seconds since 1970


class ObjectsError(Exception):
    """S3 or STS refused or failed; the message says what was asked for and never holds a secret."""

    def __init__(self, place: str, code: str, status: int, text: str) -> None:
        super().__init__(f"{place}: {code}: {text}")
        self.place, self.code, self.status, self.text = place, code, status, text


class CredentialsRejected(ObjectsError):
    """The keys are unknown, wrong or expired."""


class AccessDenied(ObjectsError):
    """The keys are right, but a policy (or a role's trust policy) says no."""


class NotFound(ObjectsError):
    """No such bucket or key."""


class WrongRegion(ObjectsError):
    """The bucket lives in another region than the one that was named."""


class Unavailable(ObjectsError):
    """S3 could not be reached or asked to slow down, retries included."""


# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
# A HEAD has no body, so its error code is the bare status.
_ERROR_BY_CODE: dict[str, type[ObjectsError]] = {
    **dict.fromkeys(
        [
            "InvalidAccessKeyId",
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "ExpiredToken",
            "InvalidToken",
            "RequestTimeTooSkewed",
        ],
        CredentialsRejected,
    ),
    **dict.fromkeys(["AccessDenied", "AllAccessDisabled", "403"], AccessDenied),
    **dict.fromkeys(["NoSuchBucket", "NoSuchKey", "404"], NotFound),
    **dict.fromkeys(["PermanentRedirect", "AuthorizationHeaderMalformed", "301"], WrongRegion),
    **dict.fromkeys(["SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout"], Unavailable),
}


class Objects:
    """S3 through one set of credentials."""

    def __init__(self, client: Any) -> None:
        self._client = client

    @classmethod
    def open(
        cls,
        endpoint_url: str,
        region: str,
        keys: Keys,
        roles: Sequence[str] = (),
        external_id: str = "",
        source: str = "",
    ) -> Objects:
        """Assume `roles` one after the other, starting from `keys`, and return S3 seen with the last.

        `external_id` goes with the first role; `source` is the service that asks for it: "redshift", or "" for a user.
        Raises AccessDenied when a role does not exist or may not be assumed.
        """
        for arn in roles:
            keys = _assume(endpoint_url, region, keys, arn, external_id, source)
            external_id = source = ""
        client = _client("s3", endpoint_url, region, keys)
        client.meta.events.register_first("needs-retry.s3", _stay_in_region)
        return cls(client)

    def list(self, bucket: str, prefix: str, page_size: int = 1000) -> Iterator[Found]:
        """All objects whose key starts with `prefix`, in the order of their keys' UTF-8 bytes."""
        token: dict[str, Any] = {"MaxKeys": page_size}
        while True:
            page = self._call("list_objects_v2", f"s3://{bucket}/{prefix}", Bucket=bucket, Prefix=prefix, **token)
            for entry in page.get("Contents", ()):
                modified = entry["LastModified"].timestamp()
                yield Found(entry["Key"], entry["Size"], entry["ETag"].strip('"'), modified)
            if not page["IsTruncated"]:
                return
            token["ContinuationToken"] = page["NextContinuationToken"]

    def demand_bucket(self, bucket: str, prefix: str) -> None:
        """Raise AccessDenied for who may not list the bucket, or not ask where it is."""
        self._call("list_objects_v2", f"s3://{bucket}/{prefix}", Bucket=bucket, Prefix=prefix, MaxKeys=1)
        self._call("get_bucket_location", f"s3://{bucket}", Bucket=bucket)

    def head(self, bucket: str, key: str) -> Found:
        """What a listing would say about one key."""
        answer = self._call("head_object", f"s3://{bucket}/{key}", Bucket=bucket, Key=key)
        modified = answer["LastModified"].timestamp()
        return Found(key, answer["ContentLength"], answer["ETag"].strip('"'), modified)

    def read(self, bucket: str, key: str) -> BinaryIO:
        """The object's bytes as a stream with read(size_bytes) and close(), usable in `with`."""
        answer = self._call("get_object", f"s3://{bucket}/{key}", Bucket=bucket, Key=key)
        return cast(BinaryIO, _Body(answer["Body"], f"s3://{bucket}/{key}"))

    def write(self, bucket: str, key: str, body: bytes) -> None:
        """Put one object."""
        self._call("put_object", f"s3://{bucket}/{key}", Bucket=bucket, Key=key, Body=body)

    def delete(self, bucket: str, key: str) -> None:
        """Remove one object; one that is absent is no error, as in S3."""
        self._call("delete_object", f"s3://{bucket}/{key}", Bucket=bucket, Key=key)

    def _call(self, name: str, place: str, **arguments: Any) -> Any:
        return _call(self._client, name, place, **arguments)


class _Body:
    """A streaming body whose errors are ours."""

    def __init__(self, body: Any, place: str) -> None:
        self._body, self._place = body, place

    def read(self, size_bytes: int | None = None) -> bytes:
        from botocore.exceptions import BotoCoreError
        from urllib3.exceptions import HTTPError

        try:
            return bytes(self._body.read(size_bytes))
        except (BotoCoreError, HTTPError, OSError) as error:
            raise Unavailable(self._place, type(error).__name__, 0, "the connection broke while reading") from error

    def close(self) -> None:
        self._body.close()

    def __enter__(self) -> _Body:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _assume(endpoint_url: str, region: str, keys: Keys, arn: str, external_id: str, source: str) -> Keys:
    sts = _client("sts", endpoint_url, region, keys)
    if source:
        sts.meta.events.register("before-sign.sts", functools.partial(_name_source, source))
    more = {"ExternalId": external_id} if external_id else {}
    answer = _call(sts, "assume_role", arn, RoleArn=arn, RoleSessionName=SESSION_NAME, **more)["Credentials"]
    return Keys(answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"])


def _name_source(source: str, request: Any, **_: Any) -> None:
    request.headers[SOURCE_HEADER] = source


@functools.cache
def _session() -> Any:
    """One for all clients: it keeps the service descriptions, whose reading takes 0.3 s."""
    import boto3  # 0.2 s: only a server that reads S3 pays for it

    return boto3.session.Session()


# Clients may be shared by threads; making them from one session may not.
# https://docs.aws.amazon.com/boto3/latest/guide/session.html
_making_a_client = threading.Lock()


def _client(service: str, endpoint_url: str, region: str, keys: Keys) -> Any:
    from botocore.config import Config

    with _making_a_client:
        return _session().client(
            service,
            endpoint_url=endpoint_url,
            region_name=region,
            aws_access_key_id=keys.access_key_id,
            aws_secret_access_key=keys.secret_access_key,
            aws_session_token=keys.session_token,
            config=Config(
                retries={"mode": "standard", "total_max_attempts": 3},
                connect_timeout=5,
                read_timeout=60,
                s3={"addressing_style": "path"},
                # rclone replays the whole object's checksum for a range
                response_checksum_validation="when_required",
                proxies={},
            ),
        )


def _stay_in_region(request_dict: dict[str, Any], **_: Any) -> None:
    """Keep boto3 from following a bucket into its region: a warehouse reports that instead."""
    request_dict["context"].setdefault("s3_redirect", {})["redirected"] = True


def _call(client: Any, name: str, place: str, **arguments: Any) -> Any:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return getattr(client, name)(**arguments)
    except ClientError as error:
        answer = error.response
        code, text = answer["Error"].get("Code", ""), answer["Error"].get("Message", "")
        status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        kind = _ERROR_BY_CODE.get(code, Unavailable if status >= 500 else ObjectsError)
        raise kind(place, code, status, text) from error
    except BotoCoreError as error:
        raise Unavailable(place, type(error).__name__, 0, "S3 did not answer") from error
