"""The S3, STS and IAM of the stand-ins refuse what AWS refuses, and fail on demand."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import boto3
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from local_warehouse import faults
from local_warehouse.directory import admin_socket
from local_warehouse.s3.objects import (
    AccessDenied,
    CredentialsRejected,
    Keys,
    NotFound,
    Objects,
    ObjectsError,
    Unavailable,
    WrongRegion,
)

from tests.conftest import Warehouses

NO_RETRIES = {"mode": "standard", "total_max_attempts": 1}


@pytest.fixture
def prefix() -> str:
    return f"test/{uuid.uuid4().hex}"


@pytest.fixture
def opened(s3) -> Callable[..., Objects]:
    """Open S3 as a user, perhaps through roles named as in the facts; a change of its keys by `changed`."""

    def open_as(user: str, *roles: str, **changed: str) -> Objects:
        keys = Keys(**{**s3.facts["keys"][user], **changed})
        return Objects.open(
            s3.facts["endpoint_url"], s3.facts["region"], keys, [s3.facts["roles"].get(role, role) for role in roles]
        )

    return open_as


@pytest.mark.parametrize(
    "name",
    ["plain", "a b+c=d&e", "ünïcode/日本", "%41 percent", "quote'(1)!*~", "dir/", "a//b", "2020-01-01T00:00:00Z"],
)
def test_a_key_of_any_characters_goes_in_and_out(s3, opened, prefix, name):
    """Signatures, listing and reading agree on keys with characters that are encoded in URLs."""
    key = f"{prefix}/{name}"
    s3.client().put_object(Bucket=s3.bucket, Key=key, Body=b"body")
    objects = opened("service", "redshift-copy")
    assert [(found.key, found.size_bytes) for found in objects.list(s3.bucket, prefix)] == [(key, 4)]
    with objects.read(s3.bucket, key) as body:
        assert body.read() == b"body"
    assert objects.head(s3.bucket, key).etag == hashlib.md5(b"body").hexdigest()


def test_a_listing_is_complete_and_sorted_by_bytes(s3, opened, prefix):
    """All pages of a listing, in the order of their UTF-8 bytes (upper case first)."""
    names = ["10", "1", "B", "a", "Z", "é", "日"]
    writer = opened("loader")
    for name in reversed(names):
        writer.write(s3.bucket, f"{prefix}/{name}", b"")
    objects = opened("service", "redshift-copy")
    listed = [found.key for found in objects.list(s3.bucket, f"{prefix}/", page_size=3)]
    assert listed == [f"{prefix}/{name}" for name in sorted(names, key=str.encode)]


def test_a_multipart_upload_is_one_object(s3, prefix):
    """The loader may upload in parts, and the parts are read as one body."""
    body = b"0123456789" * 2_000_000
    s3.client().upload_fileobj(io.BytesIO(body), s3.bucket, f"{prefix}/big")
    assert s3.body(f"{prefix}/big") == body


@pytest.mark.parametrize(
    ("user", "roles", "changed", "expected", "code"),
    [
        ("loader", [], {"access_key_id": "AKIAZZZZZZZZZZZZZZZZ"}, CredentialsRejected, "InvalidAccessKeyId"),
        ("loader", [], {"secret_access_key": "wrong"}, CredentialsRejected, "SignatureDoesNotMatch"),
        ("loader", [], {"session_token": "forged"}, CredentialsRejected, "InvalidToken"),
        ("service", [], {}, AccessDenied, "AccessDenied"),
        ("service", ["no-access"], {}, AccessDenied, "AccessDenied"),
        ("service", ["redshift-gate"], {}, AccessDenied, "AccessDenied"),
        ("service", ["loader-session"], {}, AccessDenied, "AccessDenied"),
        ("service", ["arn:aws:iam::123456789012:role/absent"], {}, AccessDenied, "AccessDenied"),
        ("service", ["arn:aws:iam::210987654321:role/redshift-copy"], {}, AccessDenied, "AccessDenied"),
        ("service", ["redshift-copy", "redshift-gate"], {}, AccessDenied, "AccessDenied"),
        ("loader", ["redshift-copy"], {}, AccessDenied, "AccessDenied"),
        ("service", ["redshift-copy"], {"secret_access_key": "wrong"}, CredentialsRejected, "SignatureDoesNotMatch"),
    ],
)
def test_who_may_not_read_is_refused(s3, opened, user, roles, changed, expected, code):
    """Unknown keys, wrong secrets, forged tokens, users and roles without rights: each refused by AWS's code."""
    with pytest.raises(ObjectsError) as caught:
        list(opened(user, *roles, **changed).list(s3.bucket, ""))
    assert (type(caught.value), caught.value.code) == (expected, code)
    assert s3.facts["keys"][user]["secret_access_key"] not in str(caught.value)


def test_a_chain_of_roles_ends_with_the_rights_of_the_last(s3, opened, prefix):
    """redshift-gate may not read but may assume redshift-chained, which nobody else may assume."""
    opened("loader").write(s3.bucket, f"{prefix}/a", b"")
    with pytest.raises(AccessDenied):
        opened("service", "redshift-chained")
    chained = opened("service", "redshift-gate", "redshift-chained")
    assert [found.key for found in chained.list(s3.bucket, prefix)] == [f"{prefix}/a"]


def test_the_copy_role_reads_but_does_not_write(s3, opened, prefix):
    """Rights are per action: the role that COPY names can neither write nor delete."""
    opened("loader").write(s3.bucket, f"{prefix}/a", b"kept")
    role = opened("service", "redshift-copy")
    for attempt in (lambda: role.write(s3.bucket, f"{prefix}/a", b"x"), lambda: role.delete(s3.bucket, f"{prefix}/a")):
        with pytest.raises(AccessDenied):
            attempt()
    assert s3.body(f"{prefix}/a") == b"kept"


def test_absent_keys_and_buckets_are_not_found(s3, opened):
    """A key that is absent and a bucket that is absent are told from a lack of rights."""
    with pytest.raises(NotFound) as caught:
        opened("service", "redshift-copy").read(s3.bucket, "absent")
    assert caught.value.code == "NoSuchKey"
    with pytest.raises(NotFound) as caught:
        list(opened("admin").list("absent-bucket", ""))
    assert caught.value.code == "NoSuchBucket"


def test_a_bucket_in_another_region_is_refused(s3, opened, prefix):
    """COPY without REGION finds only buckets of its own region; the error names the right one."""
    bucket = f"elsewhere-{uuid.uuid4().hex[:8]}"
    s3.client("admin").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    with pytest.raises(WrongRegion, match="eu-west-1"):
        list(opened("admin").list(bucket, ""))
    keys = Keys(**s3.facts["keys"]["admin"])
    assert list(Objects.open(s3.facts["endpoint_url"], "eu-west-1", keys).list(bucket, "")) == []


def test_policies_and_keys_changed_while_running_count_at_once(s3, opened):
    """A role made now works now; its policy removed, it is refused; a key made inactive is unknown."""
    iam = s3.client("admin", "iam")
    name = f"role-{uuid.uuid4().hex[:8]}"
    account = s3.facts["account_id"]
    trust = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
        f'"Principal": {{"AWS": "arn:aws:iam::{account}:user/service"}}}}]}}'
    )
    rights = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=rights)
    objects = opened("service", arn)
    list(objects.list(s3.bucket, "absent"))
    iam.delete_role_policy(RoleName=name, PolicyName="rights")
    with pytest.raises(AccessDenied):
        list(objects.list(s3.bucket, "absent"))

    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=rights)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = Keys(key["AccessKeyId"], key["SecretAccessKey"])
    objects = Objects.open(s3.facts["endpoint_url"], s3.facts["region"], keys)
    list(objects.list(s3.bucket, "absent"))
    iam.update_access_key(UserName=name, AccessKeyId=keys.access_key_id, Status="Inactive")
    with pytest.raises(CredentialsRejected):
        list(objects.list(s3.bucket, "absent"))


def role_trusted_if(s3, condition: dict[str, Any], principal: dict[str, Any]) -> str:
    """The ARN of a new role that may list and read, for a principal under a condition."""
    iam, name = s3.client("admin", "iam"), f"role-{uuid.uuid4().hex[:8]}"
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, "Condition": condition}
    rights = {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=document(rights))
    return str(arn)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_a_role_may_demand_an_external_id(s3):
    """sts:ExternalId in a trust policy: without it, or with another one, the role is not assumed."""
    user = {"AWS": f"arn:aws:iam::{s3.facts['account_id']}:user/service"}
    arn = role_trusted_if(s3, {"StringEquals": {"sts:ExternalId": "agreed"}}, user)
    keys = Keys(**s3.facts["keys"]["service"])
    where = (s3.facts["endpoint_url"], s3.facts["region"], keys, [arn])
    list(Objects.open(*where, external_id="agreed").list(s3.bucket, "absent"))
    for external_id in ("", "other"):
        with pytest.raises(AccessDenied):
            Objects.open(*where, external_id=external_id)


def test_a_role_for_the_service_alone(s3):
    """A trust policy for redshift.amazonaws.com: the service assumes it on behalf of the right account, nobody else."""
    service = {"Service": "redshift.amazonaws.com"}
    arn = role_trusted_if(s3, {"StringEquals": {"aws:SourceAccount": s3.facts["account_id"]}}, service)
    other = role_trusted_if(s3, {"StringEquals": {"aws:SourceAccount": "210987654321"}}, service)
    any_account = role_trusted_if(s3, {}, service)  # nothing but the principal is in the way
    keys = {user: Keys(**s3.facts["keys"][user]) for user in ("service", "admin")}
    where = (s3.facts["endpoint_url"], s3.facts["region"])
    list(Objects.open(*where, keys["service"], [arn], source="redshift").list(s3.bucket, "absent"))
    list(Objects.open(*where, keys["service"], [any_account], source="redshift").list(s3.bucket, "absent"))
    refused = [("service", arn, ""), ("admin", arn, "redshift"), ("service", other, "redshift")]
    refused.append(("service", any_account, ""))
    for user, role, source in refused:
        with pytest.raises(AccessDenied):
            Objects.open(*where, keys[user], [role], source=source)


def test_conditions_of_a_policy_count(s3, opened):
    """A condition on the prefix allows what fulfils it; one with an operator that is unknown allows nothing."""
    iam, name = s3.client("admin", "iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = Keys(key["AccessKeyId"], key["SecretAccessKey"])
    objects = Objects.open(s3.facts["endpoint_url"], s3.facts["region"], keys)
    allow = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{s3.bucket}"}

    def may_list(prefix: str, *statements: dict[str, Any]) -> bool:
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document(*statements))
        try:
            return list(objects.list(s3.bucket, prefix)) == []
        except AccessDenied:
            return False

    mine = {**allow, "Condition": {"StringLike": {"s3:prefix": "mine-only/*"}}}
    assert may_list("mine-only/absent", mine)
    assert not may_list("absent", mine)
    assert not may_list("mine-only/absent", allow, {**mine, "Effect": "Deny"})
    assert may_list("absent", allow, {**mine, "Effect": "Deny"})
    assert not may_list("absent", {**allow, "Condition": {"NumericLessThan": {"s3:max-keys": "5000"}}})


def test_several_objects_are_deleted_by_the_right_on_each(s3, prefix):
    """DeleteObjects asks for s3:DeleteObject on each object; one that is refused stands in the answer, and stays."""
    iam, name = s3.client("admin", "iam"), f"user-{uuid.uuid4().hex[:8]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    where = {"endpoint_url": s3.facts["endpoint_url"], "region_name": s3.facts["region"]}
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    client = boto3.client("s3", **where, **keys)
    right = {"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": f"arn:aws:s3:::{s3.bucket}/{prefix}/mine/*"}
    for place in ("mine/a", "mine/b", "other/a"):
        s3.client().put_object(Bucket=s3.bucket, Key=f"{prefix}/{place}", Body=b"x")

    def deleted(*places: str) -> list[str]:
        named = {"Objects": [{"Key": f"{prefix}/{place}"} for place in places]}
        return [one["Code"] for one in client.delete_objects(Bucket=s3.bucket, Delete=named).get("Errors", ())]

    assert deleted("mine/a", "mine/b") == ["AccessDenied"] * 2
    iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document(right))
    assert deleted("mine/a", "mine/b") == []
    assert deleted("other/a") == ["AccessDenied"]
    assert s3.keys(prefix) == [f"{prefix}/other/a"]
    on_bucket = {**right, "Resource": f"arn:aws:s3:::{s3.bucket}"}
    iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=document(on_bucket))
    assert deleted("other/a") == ["AccessDenied"]
    client.close()


def test_objects_under_a_kms_key(s3, opened, prefix):
    """Writing under a key needs kms:GenerateDataKey, reading kms:Decrypt, by headers or by the bucket's default."""
    kms, iam = s3.client("admin", "kms"), s3.client("admin", "iam")
    arn = kms.create_key()["KeyMetadata"]["Arn"]
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": arn}
    put = {"Bucket": s3.bucket, "Key": f"{prefix}/a", "Body": b"secret", **encrypted}
    with pytest.raises(ClientError, match="kms:GenerateDataKey on resource: " + arn):
        s3.client().put_object(**put)
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        s3.client().create_multipart_upload(Bucket=s3.bucket, Key=f"{prefix}/b", **encrypted)
    s3.client("admin").put_object(**put)
    reader = opened("service", "redshift-copy")
    assert [found.key for found in reader.list(s3.bucket, prefix)] == [f"{prefix}/a"]
    with pytest.raises(AccessDenied, match="kms:Decrypt"):
        reader.read(s3.bucket, f"{prefix}/a")
    right = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": arn}
    iam.put_role_policy(RoleName="redshift-copy", PolicyName="key", PolicyDocument=document(right))
    with reader.read(s3.bucket, f"{prefix}/a") as body:
        assert body.read() == b"secret"
    iam.delete_role_policy(RoleName="redshift-copy", PolicyName="key")
    with pytest.raises(ClientError, match=r"KMS\.NotFoundException"):
        s3.client("admin").put_object(**{**put, "SSEKMSKeyId": "absent"})
    with pytest.raises(ClientError, match="NotImplemented"):
        kms.create_key(Policy="{}")
    bucket = f"kms-{uuid.uuid4().hex[:8]}"
    s3.client("admin").create_bucket(Bucket=bucket)
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": arn}}
    s3.client("admin").put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        s3.client().put_object(Bucket=bucket, Key="a", Body=b"")


def test_a_signature_that_is_too_old_is_refused(s3, prefix, monkeypatch):
    """A request is signed at most 15 minutes from now: RequestTimeTooSkewed of S3."""
    empty = hashlib.sha256(b"").hexdigest()
    for minutes, status in ((14, 200), (-14, 200), (16, 403), (-16, 403)):
        then = datetime.now(timezone.utc).replace(tzinfo=None) + timedelta(minutes=minutes)
        monkeypatch.setattr("botocore.auth.get_current_datetime", lambda then=then: then)
        answer: Any = signed_put(s3, f"{prefix}/a", b"", **{"x-amz-content-sha256": empty})
        assert (answer.status, "RequestTimeTooSkewed" in answer.text) == (status, status == 403)


def signed_put(s3, key: str, body: bytes, **headers: str) -> http.client.HTTPResponse:
    """PUT with a right signature over the headers that are given, whatever the body is."""
    url = f"{s3.facts['endpoint_url']}/{s3.bucket}/{key}"
    request = AWSRequest("PUT", url, data=b"", headers=headers)
    loader = s3.facts["keys"]["loader"]
    signer = S3SigV4Auth(Credentials(loader["access_key_id"], loader["secret_access_key"]), "s3", s3.facts["region"])
    signer.payload = lambda _: headers["x-amz-content-sha256"]  # type: ignore[method-assign]
    signer.add_auth(request)
    connection = http.client.HTTPConnection(s3.facts["host"], s3.facts["port"])
    connection.request("PUT", f"/{s3.bucket}/{key}", body, dict(request.headers))
    answer = connection.getresponse()
    answer.text = answer.read().decode()  # type: ignore[attr-defined]
    connection.close()
    return answer


def test_a_body_that_was_altered_on_its_way_is_refused(s3, prefix):
    """The hash that was signed and Content-MD5 must fit the body; a right body passes."""
    right = hashlib.sha256(b"body").hexdigest()
    assert signed_put(s3, f"{prefix}/a", b"body", **{"x-amz-content-sha256": right}).status == 200
    altered: Any = signed_put(s3, f"{prefix}/a", b"b0dy", **{"x-amz-content-sha256": right})
    assert (altered.status, "XAmzContentSHA256Mismatch" in altered.text) == (400, True)
    digest = {"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg==", "x-amz-content-sha256": right}
    altered = signed_put(s3, f"{prefix}/a", b"body", **digest)
    assert (altered.status, "BadDigest" in altered.text) == (400, True)
    assert s3.body(f"{prefix}/a") == b"body"


FORGED = "AWS4-HMAC-SHA256 Credential=x/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"


@pytest.mark.parametrize("headers", [{}, {"Authorization": FORGED}], ids=["unsigned", "forged"])
@pytest.mark.parametrize("path", ["/local-stage", "/moto-api/reset", "/moto-api/data.json"])
def test_unsigned_requests_are_refused(s3, path, headers):
    """No anonymous access, and moto's own control paths, which ask for no signature, are closed."""
    connection = http.client.HTTPConnection(s3.facts["host"], s3.facts["port"])
    connection.request("POST", path, headers={"Content-Length": "0", **headers})
    assert connection.getresponse().status in (403, 404)
    connection.close()
    assert s3.client("admin").head_bucket(Bucket=s3.bucket)


def test_what_would_be_kept_and_ignored_is_refused(s3):
    """Bucket policies, session policies and other kinds of session are refused, not pretended."""
    sts, s3_client = s3.client("loader", "sts"), s3.client("admin")
    calls = [
        lambda: s3_client.put_bucket_policy(Bucket=s3.bucket, Policy="{}"),
        lambda: s3_client.put_object_acl(Bucket=s3.bucket, Key="a", ACL="public-read"),
        lambda: sts.get_session_token(),
        lambda: sts.assume_role(
            RoleArn=s3.facts["roles"]["loader-session"], RoleSessionName="session", Policy='{"Statement": []}'
        ),
    ]
    for call in calls:
        with pytest.raises(ClientError, match="NotImplemented"):
            call()
    assert sts.get_caller_identity()["Arn"].endswith(":user/loader")


def test_a_conditional_write_does_not_overwrite(s3, prefix):
    """If-None-Match: * is honoured: the second writer gets 412 and the first body stays."""
    client = s3.client()
    client.put_object(Bucket=s3.bucket, Key=f"{prefix}/a", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket=s3.bucket, Key=f"{prefix}/a", Body=b"second", IfNoneMatch="*")
    assert s3.body(f"{prefix}/a") == b"first"


def single_try(s3, read_timeout: float = 60) -> Any:
    keys = s3.facts["keys"]["loader"]
    return boto3.client(
        "s3",
        endpoint_url=s3.facts["endpoint_url"],
        region_name=s3.facts["region"],
        aws_access_key_id=keys["access_key_id"],
        aws_secret_access_key=keys["secret_access_key"],
        config=Config(retries=NO_RETRIES, read_timeout=read_timeout),
    )


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("action", "raised", "shown"),
    [
        ("slowdown", ClientError, "SlowDown"),
        ("error", ClientError, "InternalError"),
        ("cut", ConnectionClosedError, "closed"),
        ("hang", ReadTimeoutError, "timeout"),
    ],
)
def test_s3_fails_at_the_nth_call_before_or_after_it_took_effect(s3, fault, prefix, when, action, raised, shown):
    """The second PUT below the prefix fails as ordered; its object is there only if the fault came after."""
    client = single_try(s3)
    failing = single_try(s3, read_timeout=0.5) if action == "hang" else client
    fault("s3", action=action, at=2, when=when, match=f"^s3 PUT /{s3.bucket}/{prefix}/")
    client.put_object(Bucket=s3.bucket, Key=f"{prefix}/1", Body=b"")
    with pytest.raises(raised, match=f"(?i){shown}"):
        failing.put_object(Bucket=s3.bucket, Key=f"{prefix}/2", Body=b"")
    client.put_object(Bucket=s3.bucket, Key=f"{prefix}/3", Body=b"")
    there = [f"{prefix}/1", *([f"{prefix}/2"] if when == "after" else []), f"{prefix}/3"]
    assert s3.keys(prefix) == there


def test_retries_outlast_a_short_slowdown_and_not_a_long_one(s3, opened, fault, prefix):
    """The warehouse's reader tries three times, as an SDK does; then it says that S3 is unavailable."""
    objects = opened("service", "redshift-copy")
    fault("s3", action="slowdown", times=2, match=prefix)
    assert list(objects.list(s3.bucket, prefix)) == []
    fault("s3", action="slowdown", times=3, match=prefix)
    with pytest.raises(Unavailable, match="SlowDown"):
        list(objects.list(s3.bucket, prefix))


def test_a_sessions_credentials_expire_on_demand(s3, warehouses, opened, prefix):
    """A session of the role is told ExpiredToken from now on; a new session works."""
    session = opened("loader", "loader-session")
    session.write(s3.bucket, f"{prefix}/a", b"")
    socket = admin_socket(warehouses.start("s3").path, "s3")
    faults.send(socket, {"do": "expire", "role": "loader-session"})
    with pytest.raises(CredentialsRejected) as caught:
        session.write(s3.bucket, f"{prefix}/b", b"")
    assert caught.value.code == "ExpiredToken"
    opened("loader", "loader-session").write(s3.bucket, f"{prefix}/c", b"")
    assert s3.keys(prefix) == [f"{prefix}/a", f"{prefix}/c"]


def test_an_unknown_fault_is_refused_over_the_socket(s3, warehouses):
    """What a server cannot do it says, so that no test believes in a fault that never comes."""
    socket = admin_socket(warehouses.start("s3").path, "s3")
    for request in ({"do": "fault", "action": "explode"}, {"do": "dance"}, {"do": "expire"}):
        with pytest.raises(faults.FaultError):
            faults.send(socket, request)


def test_secrets_manager_answers_whom_its_policy_allows(s3):
    """Secrets Manager is there too, with the same policies."""
    s3.client("admin", "secretsmanager").create_secret(Name=f"s-{uuid.uuid4().hex}", SecretString="x")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.client("loader", "secretsmanager").list_secrets()


@pytest.fixture(scope="module")
def second_s3() -> Iterator[Warehouses]:
    """A set whose S3 is rclone."""
    running = Warehouses("rclone", "provisioned")
    yield running
    running.stop()


def test_a_second_s3_verifies_signatures_itself(second_s3, prefix):
    """rclone stores and lists, refuses wrong keys, knows no session; faults reach it too."""
    facts = second_s3.start("s3").s3
    keys = Keys(**facts["keys"]["loader"])
    objects = Objects.open(facts["endpoint_url"], facts["region"], keys)
    objects.write("local-stage", f"{prefix}/a b+é", b"body")
    assert [found.key for found in objects.list("local-stage", prefix)] == [f"{prefix}/a b+é"]
    with objects.read("local-stage", f"{prefix}/a b+é") as body:
        assert body.read() == b"body"
    for wrong in (Keys(keys.access_key_id, "wrong"), Keys("AKIAZZZZZZZZZZZZZZZZ", "x")):
        with pytest.raises(CredentialsRejected):
            list(Objects.open(facts["endpoint_url"], facts["region"], wrong).list("local-stage", ""))
    session = Objects.open(facts["endpoint_url"], facts["region"], keys, [facts["roles"]["loader-session"]])
    with pytest.raises(CredentialsRejected):
        list(session.list("local-stage", ""))
    socket = admin_socket(second_s3.start("s3").path, "s3")
    faults.send(socket, {"do": "fault", "action": "error", "times": 3})
    with pytest.raises(Unavailable, match="InternalError"):
        list(objects.list("local-stage", ""))
