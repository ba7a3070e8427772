"""The settings of the bucket: where it is, who writes, and what each request to it says besides the file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from msgspec import field

from singer_bulk.identity.aws import AwsSettings
from singer_bulk.identity.aws_contradictions import identity_contradictions
from singer_bulk.identity.references import resolve
from singer_bulk.model.declared import Meta, Secret, Settings

# What boto3 takes as a name, an access point's ARN apart, which COPY does not read.
_BUCKET = re.compile(r"[A-Za-z0-9._-]{1,255}")
# Field of AwsSettings -> our setting of it, for who writes the files.
WRITER_SETTINGS = {
    "access_key_id": "aws_access_key_id",
    "secret_access_key": "aws_secret_access_key",
    "session_token": "aws_session_token",
    "profile": "aws_profile",
    "region": "s3_region",
    "role_arn": "s3_role_arn",
    "external_id": "s3_external_id",
    "session_name": "s3_role_session_name",
    "duration_seconds": "s3_role_duration_seconds",
    "endpoint_url": "s3_endpoint_url",
}
KMS = ("aws:kms", "aws:kms:dsse")


class S3Settings(Settings, frozen=True):
    """Where the bucket is and who writes; what is None comes from the environment as boto3 finds it."""

    bucket: Annotated[str, Meta(description="Bucket in which files wait for their COPY.")] = field(name="s3_bucket")
    region: Annotated[str | None, Meta(description="Region of the bucket; default: the environment's.")] = field(
        default=None, name="s3_region"
    )
    endpoint_url: Annotated[
        str | None, Meta(description="Endpoint of S3, of a VPC's or of one that is not Amazon's.")
    ] = field(default=None, name="s3_endpoint_url")
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
    role_arn: Annotated[
        str | None, Meta(description="Role that is assumed to write files, or a chain of ARNs joined by commas.")
    ] = field(default=None, name="s3_role_arn")
    external_id: Annotated[str | None, Meta(description="External id that its trust policy asks for.")] = field(
        default=None, name="s3_external_id"
    )
    session_name: Annotated[str | None, Meta(description="Name of its session, as CloudTrail has it.")] = field(
        default=None, name="s3_role_session_name"
    )
    duration_seconds: Annotated[
        Annotated[int, Meta(ge=900, le=43_200)] | None,
        Meta(description="How long the role is assumed before it is assumed again; default: 3600."),
    ] = field(default=None, name="s3_role_duration_seconds")
    encryption: Annotated[
        Literal["AES256", "aws:kms", "aws:kms:dsse"] | None,
        Meta(description="How S3 encrypts the files: AES256 is SSE-S3; default: as the bucket says."),
    ] = field(default=None, name="s3_server_side_encryption")
    kms_key_id: Annotated[str | None, Meta(description="KMS key, by ARN or id, for aws:kms; default: aws/s3.")] = field(
        default=None, name="s3_kms_key_id"
    )
    bucket_key: Annotated[
        bool | None, Meta(description="Whether S3 asks KMS for a key of the bucket instead of one for each file.")
    ] = field(default=None, name="s3_bucket_key_enabled")
    acl: Annotated[
        Literal["bucket-owner-full-control"] | None,
        Meta(description="ACL of the files, where the bucket is another account's and asks for it."),
    ] = field(default=None, name="s3_acl")
    # CRC32C and CRC64NVME need awscrt, which boto3 does not bring.
    checksum: Annotated[
        Literal["CRC32", "SHA1", "SHA256"] | None,
        Meta(description="Checksum that S3 compares and keeps; default: as boto3 chooses."),
    ] = field(default=None, name="s3_checksum_algorithm")
    request_payer: Annotated[
        Literal["requester"] | None, Meta(description="Who pays for requests, in a bucket of Requester Pays.")
    ] = field(default=None, name="s3_request_payer")
    addressing_style: Annotated[
        Literal["auto", "path", "virtual"] | None, Meta(description="Whether the bucket is in the path or in the host.")
    ] = field(default=None, name="s3_addressing_style")
    fips: Annotated[
        bool | None, Meta(description="Whether S3, and STS for the role, are reached at their FIPS endpoints.")
    ] = field(default=None, name="s3_use_fips_endpoint")
    dual_stack: Annotated[
        bool | None, Meta(description="Whether S3 is reached at its dual-stack endpoint, by IPv6 too.")
    ] = field(default=None, name="s3_use_dualstack_endpoint")
    proxy: Annotated[
        Secret | None,
        Meta(description="Proxy to S3 and STS, as http://host:port; default: HTTPS_PROXY of the environment."),
    ] = field(default=None, name="s3_proxy_url")

    @property
    def identity(self) -> AwsSettings:
        """Who writes the files."""
        fields = (name for name in WRITER_SETTINGS if name != "endpoint_url")
        config = {"use_fips_endpoint": self.fips, "proxies": self._proxies}
        return AwsSettings(
            WRITER_SETTINGS,
            **{name: getattr(self, name) for name in fields},
            client_config={name: value for name, value in config.items() if value is not None},
        )

    @property
    def client_config(self) -> dict[str, Any]:
        """What botocore's Config is told for S3 alone."""
        s3 = {"addressing_style": self.addressing_style} if self.addressing_style else None
        config = {"use_dualstack_endpoint": self.dual_stack, "s3": s3}
        return {name: value for name, value in config.items() if value is not None}

    @property
    def requests(self) -> Requests:
        """What the requests say."""
        return Requests(self)

    @property
    def _proxies(self) -> dict[str, str] | None:
        if not self.proxy:
            return None
        return dict.fromkeys(("http", "https"), resolve("s3_proxy_url", self.proxy))


@dataclass(frozen=True)
class Requests:
    """The arguments of boto3's calls that are the same for each file."""

    settings: S3Settings

    @property
    def bucket(self) -> str:
        """The bucket's name."""
        return self.settings.bucket

    @property
    def of_any(self) -> dict[str, Any]:
        """Of every request."""
        payer = self.settings.request_payer
        return {"Bucket": self.bucket, **({"RequestPayer": payer} if payer else {})}

    @property
    def of_part(self) -> dict[str, Any]:
        """Of one part of a file."""
        checksum = self.settings.checksum
        return {**self.of_any, **({"ChecksumAlgorithm": checksum} if checksum else {})}

    @property
    def of_new(self) -> dict[str, Any]:
        """Of a file that is begun, or sent at once."""
        given = self.settings
        named = {
            "ServerSideEncryption": given.encryption,
            "SSEKMSKeyId": given.kms_key_id,
            "BucketKeyEnabled": given.bucket_key,
            "ACL": given.acl,
        }
        return {**self.of_part, **{name: value for name, value in named.items() if value is not None}}

    @property
    def checksums(self) -> tuple[str, ...]:
        """Where an answer has the checksum of a part."""
        return (f"Checksum{self.settings.checksum}",) if self.settings.checksum else ()


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
    problems += identity_contradictions(config, WRITER_SETTINGS, "who writes the files")
    return problems + _of_encryption(config) + _of_endpoint(config)


def _of_encryption(config: Mapping[str, Any]) -> list[str]:
    if config.get("s3_server_side_encryption") in KMS:
        if config["s3_server_side_encryption"] == "aws:kms:dsse" and config.get("s3_bucket_key_enabled"):
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-key.html
            return ["setting 's3_bucket_key_enabled' is for aws:kms; S3 has no bucket keys for aws:kms:dsse"]
        return []
    return [
        f"setting {name!r} needs 's3_server_side_encryption' as \"aws:kms\""
        for name in ("s3_kms_key_id", "s3_bucket_key_enabled")
        if config.get(name)
    ]


def _of_endpoint(config: Mapping[str, Any]) -> list[str]:
    return [
        f"settings 's3_endpoint_url' and {name!r} both say where S3 is; keep one"
        for name in ("s3_use_fips_endpoint", "s3_use_dualstack_endpoint")
        if config.get(name) and "s3_endpoint_url" in config
    ]
