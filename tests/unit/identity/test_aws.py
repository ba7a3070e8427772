"""An identity of AWS: who begins, which roles are assumed, when they are assumed again, and what is said where not."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path
from traceback import format_exception
from typing import Any

import pytest
from botocore.model import StructureShape
from botocore.parsers import QueryParser
from singer_bulk.errors import ConfigError
from singer_bulk.identity.aws import AwsIdentity
from singer_bulk.identity.aws_errors import aws_errors
from singer_bulk.stage.s3 import S3Stage, s3_client
from singer_bulk.stage.s3_settings import S3Settings

from tests.aws_endpoint import ACCOUNT, Aws, Key, MovedClock, Trust

USER = f"arn:aws:iam::{ACCOUNT}:user/loader"
GATE, COPY = f"arn:aws:iam::{ACCOUNT}:role/gate", f"arn:aws:iam::{ACCOUNT}:role/copy"


def settings_of(**given: Any) -> S3Settings:
    """Return the settings of a bucket."""
    return S3Settings(bucket="bucket", addressing_style="path", **given)


def test_three_lifetimes_of_a_role(aws: Aws) -> None:
    """Files are written, and COPY is given keys, for three hours: never with keys that have less than half an hour."""
    aws.roles[COPY] = Trust(USER, "tenant-7")
    stage = S3Stage(settings_of(role_arn=COPY, external_id="tenant-7"), 1 << 20, aws.clock)
    used = []
    for _ in range(36):
        stage.put("a", b"x")
        key = stage.identity.keys()
        ends = aws.keys[key.access_key_id].ends
        assert ends is not None
        assert (ends - aws.clock.now()).total_seconds() >= 1800
        assert key.session_token
        used.append(key.access_key_id)
        aws.clock.after(300)
    assert [key for call, key in aws.asked if call == "PutObject"] == used
    assert len(set(used)) == 6  # at half of each hour
    assert [call for call, _ in aws.asked].count("AssumeRole") == 6


def test_a_chain_of_roles(aws: Aws) -> None:
    """Each role is assumed by the one before it; the external id is the last one's."""
    aws.roles.update({GATE: Trust(USER), COPY: Trust(GATE, "tenant-7")})
    given = settings_of(role_arn=f"{GATE}, {COPY}", external_id="tenant-7", session_name="nightly")
    keys = AwsIdentity(given.identity, aws.clock).keys()
    assert aws.keys[keys.access_key_id].arn == f"arn:aws:sts::{ACCOUNT}:assumed-role/copy/nightly"
    identity = AwsIdentity(given.identity, aws.clock)
    for _ in range(12):
        found = aws.keys[identity.keys().access_key_id].ends
        assert found is not None
        assert found > aws.clock.now()
        aws.clock.after(900)


def test_a_role_by_a_profile(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile of the AWS configuration, with its region, begins; the role is assumed with it."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    (tmp_path / "config").write_text(
        "[profile nightly]\nregion = eu-west-1\naws_access_key_id = AKIALOADER\naws_secret_access_key = secret\n"
    )
    aws.roles[COPY] = Trust(USER)
    S3Stage(settings_of(role_arn=COPY, profile="nightly"), 1 << 20, aws.clock).put("a", b"x")
    assert [call for call, _ in aws.asked] == ["AssumeRole", "PutObject"]


def _of_profile(aws: Aws, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """A role of the AWS configuration, which boto3 assumes by itself."""
    patch.setenv("AWS_PROFILE", "etl")
    (folder / "config").write_text(f"[profile etl]\nrole_arn = {GATE}\nsource_profile = base\n")
    (folder / "credentials").write_text("[base]\naws_access_key_id = AKIALOADER\naws_secret_access_key = secret\n")
    aws.roles[GATE] = Trust(USER)


def _of_web_identity(aws: Aws, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """The token of a pod or a CI job, in a file."""
    (folder / "token").write_text("header.claims.signature")
    patch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(folder / "token"))
    patch.setenv("AWS_ROLE_ARN", GATE)
    aws.roles[GATE] = Trust("header.claims.signature")


def _of_container(aws: Aws, folder: Path, patch: pytest.MonkeyPatch) -> None:
    """The endpoint of a task's role."""
    patch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{aws.url}/keys")
    patch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of-the-task")


@pytest.mark.parametrize(
    ("begin", "name", "calls"),
    [
        (_of_profile, "gate", ["AssumeRole", "AssumeRole"]),
        (_of_web_identity, "gate", ["AssumeRoleWithWebIdentity", "AssumeRole"]),
        (_of_container, "container", ["container", "AssumeRole"]),
    ],
)
def test_whoever_boto3_finds_begins(
    aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: Any, name: str, calls: list[str]
) -> None:
    """A role is assumed with a profile's role, with a web identity and with the role of a container."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    # boto3 keeps the time of its own identities by its own clock.
    aws.clock.time = datetime.now(timezone.utc)
    begin(aws, tmp_path, monkeypatch)
    aws.roles[COPY] = Trust(f"arn:aws:iam::{ACCOUNT}:role/{name}")
    S3Stage(settings_of(role_arn=COPY), 1 << 20, aws.clock).put("a", b"x")
    assert [call for call, _ in aws.asked] == [*calls, "PutObject"]


def test_an_sso_session_that_has_ended(aws: Aws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says which command begins a new one."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "config").write_text(
        "[profile etl]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = loader\n"
        "[sso-session s]\nsso_region = eu-west-1\nsso_start_url = https://example.awsapps.com/start\n"
    )
    with pytest.raises(ConfigError) as refused:
        AwsIdentity(settings_of(profile="etl").identity, aws.clock).keys()
    assert "; run aws sso login for the profile that aws_profile or AWS_PROFILE names [CFG-AWS-" in str(refused.value)
    assert refused.value.code == "CFG-AWS-CREDENTIALS"


def test_a_role_is_used_to_its_end(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    """Where STS fails at half of the time the log says so, in words, and the keys are used until a sixth is left."""
    aws.roles[COPY] = Trust(USER)
    identity = AwsIdentity(settings_of(role_arn=COPY).identity, aws.clock)
    first = identity.keys().access_key_id
    aws.fails = True
    aws.clock.after(2400)
    assert identity.keys().access_key_id == first
    said = f"AWS: role '{COPY}': ServiceUnavailableForTest: no answer is given; see the AWS documentation for this code"
    assert [(one.levelname, one.getMessage()) for one in caplog.records if one.levelname != "INFO"] == [
        ("WARNING", f"{said} [CFG-AWS-REFUSED]")
    ]
    aws.clock.after(700)
    with pytest.raises(ConfigError, match="no answer is given"):
        identity.keys()


def test_a_clock_that_is_wrong(aws: Aws) -> None:
    """Keys that have ended before they came are a clock that is hours ahead, which the error says."""
    aws.roles[COPY] = Trust(USER)
    ahead = MovedClock()
    ahead.after(7200)
    with pytest.raises(ConfigError, match="before they came; set the clock right"):
        AwsIdentity(settings_of(role_arn=COPY).identity, ahead).keys()


TRUST = (
    "check the ARN in s3_role_arn, that the role's trust policy names this identity and asks for no other "
    "sts:ExternalId than s3_external_id, and that the identity may call sts:AssumeRole on it [CFG-AWS-REFUSED]"
)
DENIED = (
    f"AWS: role '{COPY}': AccessDenied: User: {USER} is not authorized to perform: sts:AssumeRole on resource: {COPY}"
)
WRONG: list[tuple[dict[str, Any], dict[str, str | None], str]] = [
    ({"role_arn": COPY, "external_id": "tenant-8"}, {}, f"{DENIED}; {TRUST}"),
    ({"role_arn": COPY}, {}, f"{DENIED}; {TRUST}"),
    (
        {"role_arn": COPY, "external_id": "tenant-7"},
        {"AWS_DEFAULT_REGION": None},
        "a role is assumed in a region, and there is none; set s3_region or AWS_DEFAULT_REGION [CFG-AWS]",
    ),
    (
        {"role_arn": f"{COPY},{GATE}", "external_id": "tenant-7"},
        {},
        f"{DENIED}; {TRUST}",
    ),
    (
        {},
        {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None},
        "AWS: looking for credentials: no credentials found; set aws_access_key_id and aws_secret_access_key, or "
        "aws_profile, or let the environment give them (AWS_PROFILE, AWS_ACCESS_KEY_ID, SSO, a role of the container "
        "or the machine) [CFG-AWS-CREDENTIALS]",
    ),
    (
        {"profile": "nobody"},
        {},
        "AWS: the AWS session: The config profile (nobody) could not be found; check aws_profile [CFG-AWS]",
    ),
    (
        {"role_arn": COPY, "access_key_id": "AKIALOADER", "secret_access_key": "other"},
        {},
        f"AWS: role '{COPY}': SignatureDoesNotMatch: The request signature we calculated does not match the signature "
        "given; check aws_access_key_id, aws_secret_access_key and aws_session_token [CFG-AWS-CREDENTIALS]",
    ),
    (
        {"role_arn": COPY, "access_key_id": "ASIAOVER", "secret_access_key": "secret", "session_token": "token"},
        {},
        f"AWS: role '{COPY}': ExpiredToken: The security token included in the request is expired; the credentials "
        "have ended, and nothing renews them: give new ones, or s3_role_arn or a profile [CFG-AWS-CREDENTIALS]",
    ),
]


@pytest.mark.parametrize(("given", "variables", "text"), WRONG, ids=range(len(WRONG)))
def test_who_is_refused(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], variables: dict[str, str | None], text: str
) -> None:
    """Each kind of wrong identity: the whole text, with the names of the settings; no secret is in it."""
    aws.roles[COPY] = Trust(USER, "tenant-7")
    aws.keys["ASIAOVER"] = Key("secret", USER, "token", aws.clock.now())
    for name in variables:
        monkeypatch.delenv(name)
    with pytest.raises(ConfigError) as refused:
        AwsIdentity(settings_of(**given).identity, aws.clock).keys()
    assert str(refused.value) == text


def test_an_answer_that_is_cut_is_not_shown() -> None:
    """botocore's error has the whole answer, and that of a call for a password has the password."""
    called = dict.fromkeys(("profile", "region"), "login_region")
    body = b"<GetClusterCredentialsResponse><DbPassword>canary</DbPass"
    answer = {"status_code": 200, "headers": {}, "body": body}
    with pytest.raises(ConfigError) as refused, aws_errors("GetClusterCredentials", called, {}):
        QueryParser().parse(answer, StructureShape("a", {"type": "structure"}))
    assert "GetClusterCredentials: the answer cannot be read" in str(refused.value)
    assert "canary" not in "".join(format_exception(refused.value))


def test_what_a_file_is_sent_with(aws: Aws) -> None:
    """The settings of encryption, ACL, checksum and payer are in the request of each file."""
    given = settings_of(
        encryption="aws:kms",
        kms_key_id="arn:aws:kms:eu-west-1:123456789012:key/my-key",
        bucket_key=True,
        acl="bucket-owner-full-control",
        checksum="SHA256",
        request_payer="requester",
    )
    S3Stage(given, 1 << 20).put("a", b"x")
    (headers,) = aws.headers
    assert {name: value for name, value in headers.items() if name in EXPECTED} == EXPECTED


EXPECTED = {
    "x-amz-server-side-encryption": "aws:kms",
    "x-amz-server-side-encryption-aws-kms-key-id": "arn:aws:kms:eu-west-1:123456789012:key/my-key",
    "x-amz-server-side-encryption-bucket-key-enabled": "true",
    "x-amz-acl": "bucket-owner-full-control",
    "x-amz-checksum-sha256": "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=",
    "x-amz-request-payer": "requester",
}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ({}, "https://s3.eu-west-1.amazonaws.com"),
        ({"fips": True}, "https://s3-fips.us-east-1.amazonaws.com"),
        ({"dual_stack": True}, "https://s3.dualstack.us-east-1.amazonaws.com"),
        ({"fips": True, "dual_stack": True}, "https://s3-fips.dualstack.us-east-1.amazonaws.com"),
    ],
)
def test_where_s3_is(aws: Aws, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any], url: str) -> None:
    """FIPS and dual-stack endpoints are Amazon's own names of them."""
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    region = "us-east-1" if given else None
    settings = settings_of(**given, region=region, proxy="http://user:pass@proxy:3128")
    client = s3_client(settings)
    where = client.generate_presigned_url("get_object", Params={"Bucket": "bucket", "Key": "a"})
    assert where.startswith(f"{url}/bucket/a?")
    assert client.meta.config.proxies == dict.fromkeys(("http", "https"), "http://user:pass@proxy:3128")
    assert client.meta.config.retries == {"total_max_attempts": 8, "mode": "standard"}
