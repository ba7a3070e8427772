"""Signing in to Redshift by what AWS gives: where it is, who it is, when it is asked again, and what is said where not.

The examples of docs/sign-in/redshift.md are read there and run.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from local_warehouse.redshift.serve import credentials
from singer_bulk.errors import ConfigError
from singer_bulk.model.declared import read
from singer_bulk.settings.secrets import masks
from singer_bulk.stage.s3 import S3Stage
from singer_bulk.stage.s3_settings import S3Settings
from target_redshift_copy.cli import TargetRedshiftCopy, _access
from target_redshift_copy.config import RedshiftSettings, contradictions
from target_redshift_copy.copy_access import masked
from target_redshift_copy.sign_in import Login, Place, SignIn

from tests.aws_endpoint import ACCOUNT, ALL, Aws, Trust
from tests.house import TOP

AWS_PLACE = Place("h.example", 5440, "warehouse")
USER = f"arn:aws:iam::{ACCOUNT}:user/loader"
SECRET = {"username": "app", "password": "hunter22", "host": "s.example", "port": 5441, "dbname": "sales"}


def sign_in(aws: Aws, **config: Any) -> SignIn:
    """Return the way that these settings choose."""
    whole = {"sslmode": "verify-full", "s3_bucket": "b", **config}
    assert contradictions(whole) == []
    return SignIn(read(RedshiftSettings, whole), runtime=aws.clock)


def calls(aws: Aws) -> list[str]:
    """Return what was asked, without the names of services."""
    return [call.rpartition(".")[2] for call, _ in aws.asked]


@pytest.mark.parametrize(
    ("config", "place", "user", "account", "asked"),
    [
        (
            {"cluster_identifier": "local", "user": "Loader"},
            AWS_PLACE, "IAM:loader", "Loader", ["DescribeClusters", "GetClusterCredentials"],
        ),
        (
            {"cluster_identifier": "local", "user": "new", "db_groups": ["etl"], "auto_create_user": True},
            AWS_PLACE, "IAMA:new:etl", "new", ["DescribeClusters", "GetClusterCredentials"],
        ),
        (
            {"cluster_identifier": "local"},
            AWS_PLACE, "IAM:loader", "IAM:loader", ["DescribeClusters", "GetClusterCredentialsWithIAM"],
        ),
        (
            {"workgroup_name": "local"},
            AWS_PLACE, "IAM:loader", "IAM:loader", ["GetWorkgroup", "GetNamespace", "GetCredentials"],
        ),
        (
            {"workgroup_name": "local", "database": "d"},
            Place("h.example", 5440, "d"), "IAM:loader", "IAM:loader", ["GetWorkgroup", "GetCredentials"],
        ),
        (
            {"cluster_identifier": "local", "host": "tunnel", "port": 1, "database": "d"},
            Place("tunnel", 1, "d"), "IAM:loader", "IAM:loader", ["GetClusterCredentialsWithIAM"],
        ),
        ({"secret_arn": "loader"}, Place("s.example", 5441, "sales"), "app", "app", ["GetSecretValue"]),
        ({"secret_arn": "loader", "host": "h", "port": 1}, Place("h", 1, "sales"), "app", "app", ["GetSecretValue"]),
        (
            {"secret_arn": "loader", "cluster_identifier": "local"},
            AWS_PLACE, "app", "app", ["GetSecretValue", "DescribeClusters"],
        ),
        (
            {"secret_arn": "managed"},
            AWS_PLACE, "admin", "admin", ["GetSecretValue", "DescribeClusters"],
        ),
        (
            {"cluster_identifier": "local", "user": "u", "password": "hunter22"},
            AWS_PLACE, "u", "u", ["DescribeClusters"],
        ),
        ({"host": "h", "user": "u", "database": "d", "password": "hunter22"}, Place("h", 5439, "d"), "u", "u", []),
    ],
)  # fmt: skip
def test_ways_to_sign_in(
    aws: Aws, config: dict[str, Any], place: Place, user: str, account: str, asked: list[str]
) -> None:
    """Where, as whom, and by which calls; a setting comes before what AWS says."""
    aws.secrets["loader"] = json.dumps(SECRET)
    aws.secrets["managed"] = json.dumps(
        {"username": "admin", "password": "hunter22", "port": "5440", "dbClusterIdentifier": "local"}
    )
    login = sign_in(aws, **config).login()
    assert (login.place, login.user, login.account) == (place, user, account)
    assert login.password
    assert login.password not in repr(login)
    assert calls(aws) == asked


def opens(aws: Aws, login: Login) -> bool:
    """Return whether the password opens the account now."""
    digest = hashlib.md5(f"{login.password}{login.user}".encode()).hexdigest().encode()
    return (digest, login.account) in aws.cluster.passwords.opening(login.user)


@pytest.mark.parametrize("config", [{"cluster_identifier": "local"}, {"workgroup_name": "local"}])
def test_three_lifetimes_of_a_password(aws: Aws, config: dict[str, Any]) -> None:
    """A connection a minute for 45: each one has a password that opens, five minutes left at least."""
    way = sign_in(aws, **config)
    passwords = []
    for _ in range(45):
        login = way.login()
        assert opens(aws, login)
        passwords.append(login.password)
        aws.clock.after(60)
    assert len(set(passwords)) == 5  # every ten minutes
    assert calls(aws).count("DescribeClusters") + calls(aws).count("GetWorkgroup") == 1


def test_a_secret_that_is_rotated(aws: Aws) -> None:
    """Each connection reads the secret, so a rotation in mid-run is not noticed."""
    aws.secrets["loader"] = json.dumps(SECRET)
    way = sign_in(aws, secret_arn="loader")
    assert way.login().password == "hunter22"
    aws.secrets["loader"] = json.dumps({**SECRET, "password": "hunter23"})
    assert way.login().password == "hunter23"


def test_a_password_that_is_refused_is_asked_for_again(aws: Aws) -> None:
    """And where to, since a cluster may have been restored elsewhere."""
    way = sign_in(aws, cluster_identifier="local")
    first = way.login().password
    way.refused()
    assert way.login().password != first
    assert calls(aws) == ["DescribeClusters", "GetClusterCredentialsWithIAM"] * 2


def test_a_role_signs_in(aws: Aws) -> None:
    """The role of the login_ settings is who the database knows; it is assumed again in mid-run."""
    role = f"arn:aws:iam::{ACCOUNT}:role/nightly"
    aws.roles[role] = Trust(USER, "tenant-7")
    way = sign_in(aws, cluster_identifier="local", login_role_arn=role, login_external_id="tenant-7")
    assert way.login().account == "IAMR:nightly"
    for _ in range(12):
        aws.clock.after(900)
        assert opens(aws, way.login())
    assert calls(aws).count("AssumeRole") == 5  # at 0, 2700, .. 10800


def test_copy_is_given_keys_that_live(aws: Aws, caplog: pytest.LogCaptureFixture) -> None:
    """Without iam_role each COPY has the role's keys of that moment, with their token, over three hours."""
    role = f"arn:aws:iam::{ACCOUNT}:role/files"
    aws.roles[role] = Trust(USER)
    bucket = S3Settings(bucket="b", role_arn=role)
    access = _access(read(RedshiftSettings, {}), bucket, S3Stage(bucket, 1 << 20, aws.clock))
    used = []
    for _ in range(36):
        found = re.fullmatch(r"ACCESS_KEY_ID '(.*)' SECRET_ACCESS_KEY '(.*)' SESSION_TOKEN '(.*)'", access.clause)
        assert found is not None
        key = aws.keys[found[1]]
        assert (key.secret, key.token) == (found[2], found[3])
        assert key.ends is not None
        assert (key.ends - aws.clock.now()).total_seconds() >= 1800
        used.append(found[1])
        aws.clock.after(300)
    assert len(set(used)) == 6
    assert masks.masked(access.clause).count("***") == 2
    assert masked(access.clause).count("***") == 3
    assert [one.getMessage() for one in caplog.records if one.levelname == "WARNING"] == [
        "COPY is given keys of who writes the files, in the text of its statement: a role is better, set iam_role"
    ]


def test_copy_without_keys(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing says what COPY reads with, the error names both ways."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    bucket = S3Settings(bucket="b")
    access = _access(read(RedshiftSettings, {}), bucket, S3Stage(bucket, 1 << 20, aws.clock))
    with pytest.raises(ConfigError) as refused:
        assert access.clause
    assert str(refused.value) == (
        "COPY has nothing to read S3 with: AWS: looking for credentials: no credentials found; set aws_access_key_id "
        "and aws_secret_access_key, or aws_profile, or let the environment give them (AWS_PROFILE, AWS_ACCESS_KEY_ID, "
        "SSO, a role of the container or the machine); or set iam_role [RS-COPY-ACCESS]"
    )


REFUSED = f"User: {USER} is not authorized to perform: "
BY_POLICY = "because no identity-based policy allows the {} action; grant {}"
WHO = " to the identity that signs in (login_role_arn, login_profile or the environment's) [CFG-AWS-REFUSED]"
OF = "arn:aws:redshift:eu-west-1:123456789012"
FORM = (
    'it must be a JSON object with "username" and "password", and "host", "port" and "dbname" if there are any '
    "[RS-SECRET]"
)
WRONG: list[tuple[dict[str, Any], set[str], str]] = [
    (
        {"cluster_identifier": "other"},
        set(),
        "AWS: redshift describe_clusters: ClusterNotFound: Cluster other not found.; check cluster_identifier and "
        "login_region [CFG-AWS-REFUSED]",
    ),
    (
        {"workgroup_name": "other"},
        set(),
        "AWS: redshift-serverless get_workgroup: ResourceNotFoundException: Workgroup other not found.; check "
        "workgroup_name and login_region [CFG-AWS-REFUSED]",
    ),
    (
        {"cluster_identifier": "local"},
        {"redshift:DescribeClusters"},
        f"AWS: redshift describe_clusters: AccessDenied: {REFUSED}redshift:DescribeClusters on resource: "
        f"{OF}:cluster:local {BY_POLICY}{WHO}".replace(" [", ", or set host, port and database [").format(
            "redshift:DescribeClusters", "redshift:DescribeClusters on the cluster"
        ),
    ),
    (
        {"cluster_identifier": "local", "user": "u", "auto_create_user": True},
        {"redshift:CreateClusterUser"},
        f"AWS: redshift get_cluster_credentials: AccessDenied: {REFUSED}redshift:CreateClusterUser on resource: "
        f"{OF}:dbuser:local/u {BY_POLICY}{WHO}".format(
            "redshift:CreateClusterUser",
            "redshift:GetClusterCredentials and redshift:CreateClusterUser on the database user, as "
            "dbuser:CLUSTER/USER, redshift:GetClusterCredentials on the database, as dbname:CLUSTER/DATABASE, "
            "redshift:JoinGroup on each group, as dbgroup:CLUSTER/GROUP",
        ),
    ),
    (
        {"workgroup_name": "local", "database": "d"},
        {"redshift-serverless:GetCredentials"},
        f"AWS: redshift-serverless get_credentials: AccessDeniedException: {REFUSED}redshift-serverless:GetCredentials "
        f"on resource: arn:aws:redshift-serverless:eu-west-1:123456789012:workgroup/0 {BY_POLICY}{WHO}".format(
            "redshift-serverless:GetCredentials", "redshift-serverless:GetCredentials on the workgroup"
        ),
    ),
    (
        {"secret_arn": "none"},
        set(),
        "AWS: secretsmanager get_secret_value: ResourceNotFoundException: Secrets Manager can't find the specified "
        "secret.; check secret_arn and login_region [CFG-AWS-REFUSED]",
    ),
    ({"secret_arn": "binary"}, set(), f"the secret of secret_arn is binary; {FORM}"),
    ({"secret_arn": "text"}, set(), f"the secret of secret_arn is no JSON; {FORM}"),
    ({"secret_arn": "list"}, set(), f"the secret of secret_arn is no JSON object; {FORM}"),
    ({"secret_arn": "half"}, set(), f"the secret of secret_arn has no 'password'; {FORM}"),
    ({"secret_arn": "number"}, set(), f"the secret of secret_arn has a 'username' that is no text; {FORM}"),
    ({"secret_arn": "port"}, set(), f"the secret of secret_arn has a 'port' that is none; {FORM}"),
    (
        {"secret_arn": "nowhere"},
        set(),
        "the secret of secret_arn has no 'host'; set 'host', or 'cluster_identifier' or 'workgroup_name' [RS-SECRET]",
    ),
]


@pytest.mark.parametrize(("config", "without", "text"), WRONG, ids=range(len(WRONG)))
def test_who_is_refused(aws: Aws, config: dict[str, Any], without: set[str], text: str) -> None:
    """Each kind of wrong cluster, right and secret: the whole text; nothing of a secret is in it."""
    aws.actions = ALL - without
    aws.secrets.update(
        binary=None,
        text="app:hunter22",
        list="[1]",
        half=json.dumps({"username": "app"}),
        number=json.dumps({"username": 7, "password": "hunter22"}),
        port=json.dumps({**SECRET, "port": "x"}),
        nowhere=json.dumps({"username": "app", "password": "hunter22"}),
    )
    with pytest.raises(ConfigError) as refused:
        sign_in(aws, **config).login()
    assert str(refused.value) == text
    assert "hunter22" not in text


def test_a_region_that_is_missing(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    """The setting and the variable are named; the ARN of a secret has its region."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    with pytest.raises(ConfigError) as refused:
        sign_in(aws, cluster_identifier="local").login()
    assert str(refused.value) == "AWS: redshift: no region; set login_region or AWS_DEFAULT_REGION [CFG-AWS]"
    secret = f"arn:aws:secretsmanager:eu-west-1:{ACCOUNT}:secret:loader-a1b2c3"
    aws.secrets[secret] = json.dumps(SECRET)
    assert sign_in(aws, secret_arn=secret).login().user == "app"


PAGE = TOP / "docs" / "sign-in" / "redshift.md"
EXAMPLES = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_examples_of_the_page(aws: Aws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, example: str) -> None:
    """Each example of the page signs in, where the names in it are those of an account."""
    config = json.loads(example)
    (tmp_path / "config").write_text(
        "[profile etl]\nregion = eu-west-1\naws_access_key_id = AKIALOADER\naws_secret_access_key = secret\n"
    )
    for name in ("cluster_identifier", "workgroup_name"):
        if name in config:
            monkeypatch.setattr(credentials, "NAME", config[name])
    aws.secrets[config.get("secret_arn", "")] = json.dumps(SECRET)
    by = USER
    for role in config.get("login_role_arn", "").split(","):
        aws.roles[role], by = Trust(by, None), role
    aws.roles[by] = Trust(aws.roles[by].by, config.get("login_external_id"))
    target = TargetRedshiftCopy(config={"s3_bucket": "b", **config})
    login = SignIn(read(RedshiftSettings, target.config), runtime=aws.clock).login()
    assert login.password
