"""References in the settings of the three connectors: resolved late, by each scheme, with errors that show no value."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
import tap_csv_extract.references
from botocore.stub import Stubber
from moto import mock_aws
from singer_bulk.errors import ConfigError
from singer_bulk.identity import aws_secrets, references
from singer_bulk.identity.aws import AwsIdentity
from singer_bulk.identity.held import LITERAL
from singer_bulk.identity.masks import masks
from singer_bulk.identity.near import MAX_FILE_BYTES
from singer_bulk.identity.rights import SECRETS
from singer_bulk.model.declared import read, referable
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.s3 import S3Settings, s3_client
from tap_csv_extract.cli import TapCsvExtract
from tap_csv_extract.config import S3Settings as TapS3Settings
from tap_csv_extract.errors import ConfigError as TapConfigError
from tap_csv_extract.s3 import S3Files
from target_redshift_copy.cli import TargetRedshiftCopy
from target_redshift_copy.config import RedshiftSettings
from target_redshift_copy.copy_access import CopyAccess
from target_snowflake_stage.cli import TargetSnowflakeStage
from target_snowflake_stage.config import SnowflakeSettings

from tests.unit.test_settings import NEEDED, settings_of

SECRET = "hunter2/not in any message"


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing read yet, nothing masked."""
    for module in (references, tap_csv_extract.references):
        monkeypatch.setattr(module, "secrets", type(module.secrets)(module.SOURCES, module._hide))
    monkeypatch.setattr(masks, "texts", [])


def refusal(text: str) -> str:
    """Return the message by which a password is refused."""
    with pytest.raises(ConfigError) as refused:
        references.resolve("password", text)
    assert refused.value.code == "CFG-SECRET"
    place = text.partition(":")[2].partition("#")[0]
    assert not place or place not in refused.value.text
    assert SECRET not in refused.value.text
    return refused.value.text.removesuffix(f", or, if the text is the secret itself, write {LITERAL} before it")


def test_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read when it is needed; one that is not set, or empty, is an error."""
    monkeypatch.setenv("LOADER_PASSWORD", SECRET)
    monkeypatch.setenv("EMPTY_PASSWORD", "")
    assert references.resolve("password", "env:LOADER_PASSWORD") == SECRET
    begin = "setting 'password' is a reference (env:) to a variable of the environment, which is "
    assert refusal("env:NO_SUCH_PASSWORD") == f"{begin}not set; set the variable for this process"
    assert refusal("env:EMPTY_PASSWORD") == f"{begin}empty; put the secret there"


def test_a_file(tmp_path: Path) -> None:
    """Line ends behind the secret are none of it, those inside are; what is no file with text is an error."""
    (tmp_path / "one").write_bytes(SECRET.encode() + b"\r\n\n")
    (tmp_path / "key").write_text("-----BEGIN-----\nabc\n-----END-----\n")
    (tmp_path / "bytes").write_bytes(b"\xff")
    assert references.resolve("password", f"file:{tmp_path}/one") == SECRET
    assert references.resolve("password", f"file://{tmp_path}/one") == SECRET
    assert references.resolve("password", f"file:{tmp_path}/key") == "-----BEGIN-----\nabc\n-----END-----"
    begin = "setting 'password' is a reference (file:) to a file, which "
    reason = "correct the path, or let this user read it"
    assert refusal(f"file:{tmp_path}/none") == f"{begin}cannot be read: No such file or directory; {reason}"
    assert refusal(f"file:{tmp_path}") == f"{begin}cannot be read: Is a directory; {reason}"
    assert refusal("file:x\0y") == f"{begin}cannot be read: no path; {reason}"
    assert refusal(f"file:{tmp_path}/bytes") == f"{begin}is no UTF-8; write the secret as UTF-8"
    assert refusal("file:/dev/zero") == (
        f"{begin}is larger than {MAX_FILE_BYTES} bytes; name the file of the secret alone"
    )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Secrets Manager and Systems Manager in this process."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with mock_aws():
        yield boto3.Session(region_name="eu-west-1")


def test_secrets_manager(aws: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """By name or ARN, whole or one key of its JSON, in the region of the ARN or of the environment."""
    client = aws.client("secretsmanager")
    made = client.create_secret(Name="prod/loader", SecretString=json.dumps({"username": "u", "password": SECRET}))
    client.create_secret(Name="plain", SecretString=SECRET)
    client.create_secret(Name="my/binary", SecretBinary=b"x")
    client.create_secret(Name="gone", SecretString=SECRET)
    client.delete_secret(SecretId="gone")
    assert references.resolve("password", "aws-secretsmanager:prod/loader#password") == SECRET
    assert references.resolve("password", "aws-secretsmanager:plain") == SECRET
    begin = "setting 'password' is a reference (aws-secretsmanager:) to a secret of AWS Secrets Manager, "
    assert refusal("aws-secretsmanager:none") == (
        f"{begin}which AWS does not give: ResourceNotFoundException; correct its name, or the region (AWS_REGION, or "
        "give its ARN)"
    )
    assert refusal("aws-secretsmanager:my/binary") == f"{begin}which is binary; keep it as text"
    assert refusal("aws-secretsmanager:gone").startswith(f"{begin}which AWS does not give: InvalidRequestException; ")
    monkeypatch.delenv("AWS_REGION")
    assert references.resolve("password", f"aws-secretsmanager:{made['ARN']}#password") == SECRET
    assert refusal("aws-secretsmanager:other") == f"{begin}and no region is known; set AWS_REGION, or give its ARN"


def parameters(monkeypatch: pytest.MonkeyPatch, value: str, *names: str) -> None:
    """Let Systems Manager answer these questions, in their order, and then that there is none.

    By botocore's own double, which checks question and answer by the service's description: moto would bring EC2 along.
    """
    client = boto3.client("ssm", region_name="eu-west-1", aws_access_key_id="x", aws_secret_access_key="x")
    stubber = Stubber(client)
    for name in names:
        asked = {"Name": name, "WithDecryption": True}
        stubber.add_response("get_parameter", {"Parameter": {"Name": name, "Value": value}}, asked)
    stubber.add_client_error("get_parameter", "ParameterNotFound")
    stubber.activate()
    made = aws_secrets.aws_client

    def chosen(service: str, region: str | None) -> Any:
        return client if service == "ssm" else made(service, region)

    monkeypatch.setattr(aws_secrets, "aws_client", chosen)


def test_systems_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parameter is decrypted."""
    parameters(monkeypatch, SECRET, "/loader/password")
    assert references.resolve("password", "aws-ssm:/loader/password") == SECRET
    assert refusal("aws-ssm:/none") == (
        "setting 'password' is a reference (aws-ssm:) to a parameter of AWS Systems Manager, which AWS does not give: "
        "ParameterNotFound; correct its name, or the region (AWS_REGION, or give its ARN)"
    )


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "AccessDeniedException",
            "grant secretsmanager:GetSecretValue on it and kms:Decrypt on its key where that is not AWS's own to the "
            "AWS identity of the environment",
        ),
        ("ExpiredTokenException", "check the AWS credentials of the environment"),
    ],
)
def test_what_aws_refuses(monkeypatch: pytest.MonkeyPatch, code: str, told: str) -> None:
    """A right that is missing is named as it is granted; what AWS says of the secret by name is not repeated."""
    from botocore.exceptions import ClientError

    class Refuses:
        def get_secret_value(self, **_: Any) -> None:
            raise ClientError({"Error": {"Code": code, "Message": f"no, {SECRET}"}}, "GetSecretValue")

    monkeypatch.setattr(aws_secrets, "aws_client", lambda *_: Refuses())
    assert refusal("aws-secretsmanager:mine").endswith(f"which AWS does not give: {code}; {told}")


def test_rights_are_those_of_the_table() -> None:
    """What an error asks for is what docs/rights.md lists."""
    told = f"{aws_secrets.OF_SECRETS} {aws_secrets.OF_PARAMETERS} {aws_secrets.KEY_RIGHT}"
    assert all(right.name in told for right in SECRETS.all)


def test_which_settings_take_a_reference() -> None:
    """All that are declared secret, and the users, which one lease may have with their passwords."""
    keys = {"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}
    assert set(referable(TapS3Settings).values()) == keys
    assert set(referable(S3Settings).values()) == {*keys, "s3_proxy_url"}
    login = {"login_access_key_id", "login_secret_access_key", "login_session_token"}
    assert set(referable(RedshiftSettings)) == {"user", "password", *login}
    snowflake = {
        "user",
        "password",
        "private_key",
        "private_key_passphrase",
        "token",
        "oauth_client_secret",
        "passcode",
    }
    assert set(referable(SnowflakeSettings)) == snowflake
    assert set(referable(LoadSettings)) == {"mask_key", "on_failure"}
    for connector in (TargetRedshiftCopy, TargetSnowflakeStage, TapCsvExtract):
        secret = {name for name, schema in settings_of(connector).items() if schema.get("secret")}
        declared = (RedshiftSettings, SnowflakeSettings, S3Settings, TapS3Settings, LoadSettings)
        assert secret <= {name for one in declared for name in referable(one).values()}


def test_settings_are_resolved_where_they_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys of S3, of COPY and of the tap come from where they are, at each use, together."""
    for name in ("KEY", "SECRET", "TOKEN"):
        monkeypatch.setenv(f"MY_{name}", f"my {name.lower()}")
    texts = {"aws_access_key_id": "env:MY_KEY", "aws_secret_access_key": "env:MY_SECRET"}
    texts["aws_session_token"] = "env:MY_TOKEN"
    settings = read(S3Settings, {"s3_bucket": "b", "s3_region": "eu-west-1", **texts})
    assert settings.secret_access_key == "env:MY_SECRET"
    tap = S3Files(read(TapS3Settings, {**texts, "s3_region": "eu-west-1"}))
    for client in (s3_client(settings), tap._connected()):
        found = client._request_signer._credentials.get_frozen_credentials()
        assert (found.access_key, found.secret_key, found.token) == ("my key", "my secret", "my token")
    access = CopyAccess(None, AwsIdentity(settings.identity).keys)
    assert access.clause == "ACCESS_KEY_ID 'my key' SECRET_ACCESS_KEY 'my secret' SESSION_TOKEN 'my token'"
    assert masks.masked("my secret and my token") == "*** and ***"


@pytest.mark.parametrize("target", NEEDED)
def test_nothing_is_resolved_before_it_is_needed(target: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """`--about` and settings that are refused ask no source; a run does before it reads."""
    config = {**NEEDED[target], "password": "env:NO_SUCH_VARIABLE", "iam_role": "default"}
    if target is TargetSnowflakeStage:
        del config["iam_role"]
    target.print_about("json")
    with pytest.raises(ConfigError, match="setting 'load_method' takes"):
        target(config={**config, "load_method": "x"})
    made = target(config=config)
    assert "NO_SUCH" not in capsys.readouterr().out
    with pytest.raises(
        ConfigError, match=r"setting 'password' is a reference \(env:\).*which is not set; .*CFG-SECRET"
    ):
        made.connector()


def test_the_tap_says_which_setting_it_is(tmp_path: Path) -> None:
    """Files of this machine need no key; those of S3 do."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    config = {"aws_access_key_id": "env:NO_SUCH_VARIABLE", "aws_secret_access_key": f"{LITERAL}env:x"}
    tap = TapCsvExtract(config={"files": [{"path": str(tmp_path / "a.csv")}], **config})
    assert list(tap.streams) == ["a"]
    with pytest.raises(TapConfigError) as refused:
        list(TapCsvExtract(config={"files": [{"path": "s3://b/a.csv"}], **config}).streams)
    assert re.fullmatch(
        r"setting 'aws_access_key_id' is a reference \(env:\) to a variable of the environment, which is not set; set "
        r"the variable for this process, or, if the text is the secret itself, write literal: before it "
        r"\[CSV-CFG-SECRET\]",
        str(refused.value),
    )
