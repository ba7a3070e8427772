"""What the two commands share: configuration files, the name of the pipeline."""

from __future__ import annotations

from pathlib import Path

import pytest
from singer_bulk.errors import ConfigError
from singer_bulk.face.plugin import meltano_state_id
from singer_bulk.settings.files import read_config
from target_redshift_copy.config import of_ini as redshift_ini
from target_snowflake_stage.config import of_ini as snowflake_ini

PIPELINE_CONF = """
[aws_creds]
database = dev
username = loader
password = per%cent
host = example.redshift.amazonaws.com
port = 5439
iam_role = RedshiftLoadRole

[aws_boto_credentials]
access_key = AKIAEXAMPLE
secret_key = secret
bucket_name = pipeline-bucket
account_id = 123456789012

[snowflake_creds]
username = snow
password = flake
account_name = acme-prod
"""


def test_classic_pipeline_conf(tmp_path: Path) -> None:
    """The INI file of old is a configuration of either target; the role's ARN is made of account and role."""
    path = tmp_path / "pipeline.conf"
    path.write_text(PIPELINE_CONF)
    assert read_config(str(path), redshift_ini) == {
        "database": "dev",
        "user": "loader",
        "password": "per%cent",
        "host": "example.redshift.amazonaws.com",
        "port": "5439",
        "iam_role": "arn:aws:iam::123456789012:role/RedshiftLoadRole",
        "aws_access_key_id": "AKIAEXAMPLE",
        "aws_secret_access_key": "secret",
        "s3_bucket": "pipeline-bucket",
    }
    assert read_config(str(path), snowflake_ini) == {
        "user": "snow",
        "password": "flake",
        "account": "acme-prod",
        "aws_access_key_id": "AKIAEXAMPLE",
        "aws_secret_access_key": "secret",
        "s3_bucket": "pipeline-bucket",
    }


def test_unknown_keys_of_the_classic_file(tmp_path: Path) -> None:
    """A typo in a section that we read is refused with the nearest key; other sections belong to other programs."""
    path = tmp_path / "pipeline.conf"
    path.write_text(PIPELINE_CONF.replace("port =", "prot =") + "[mysql_config]\nhostname = x\n")
    with pytest.raises(ConfigError, match=r"section \[aws_creds\] has no 'prot'; is 'port' meant\?"):
        read_config(str(path), redshift_ini)
    assert read_config(str(path), snowflake_ini)["user"] == "snow"


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "no JSON"),
        (b"[1, 2", "no INI"),
        (b'"text"', "one JSON object"),
        (None, "cannot be read"),
        ('{"user": "Jos\xe9"}'.encode("latin-1"), "no UTF-8 from byte 14 on"),
        ('{"user": "Jos\xe9"}'.encode("utf-16"), "no UTF-8 from byte 1 on"),
        ("[aws_creds]\nusername = Jos\xe9".encode("latin-1"), "no UTF-8"),
        (b'{"user": "\\ud800"}', "half a pair of surrogates"),
        (b'{"batch_wait_seconds": NaN}', "NaN is no number"),
        (b'{"cdc": ' + b"[" * 100_000, "nested too deep|no JSON"),
    ],
)
def test_configuration_that_cannot_be_read(tmp_path: Path, content: bytes | None, told: str) -> None:
    """The file is named, and what is wrong with it; never its content."""
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=told) as refused:
        read_config(str(path), redshift_ini)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({}, None),
        ({"MELTANO_STATE_ID": "nightly"}, "nightly"),
        ({"MELTANO_EXTRACTOR_NAME": "tap-a", "MELTANO_LOADER_NAME": "target-b"}, "tap-a-to-target-b"),
        (
            {"MELTANO_EXTRACTOR_NAME": "tap-a", "MELTANO_LOADER_NAME": "target-b", "MELTANO_ENVIRONMENT": "prod"},
            "prod:tap-a-to-target-b",
        ),
    ],
)
def test_pipeline_takes_the_name_that_meltano_gives_it(environment: dict[str, str], name: str | None) -> None:
    """The ledger knows a pipeline by the name of its STATE in Meltano."""
    assert meltano_state_id(environment) == name
