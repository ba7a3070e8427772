"""docs/sign-in/secrets.md: each of its examples is a configuration, and each reference in it leads to what it says."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws
from singer_bulk.identity import references
from singer_bulk.identity.held import Secrets, Source
from singer_bulk.identity.masks import masks
from singer_bulk.identity.near import read_file
from singer_bulk.identity.vault import Vault
from singer_bulk.model.declared import takes_reference
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.house import TOP
from tests.unit.identity.test_references import parameters
from tests.unit.test_settings import NEEDED, settings_of
from tests.vault.content import CONTENT, ROOT, SECRET
from tests.vault.documented import Documented, serving

PAGE = (TOP / "docs" / "sign-in" / "secrets.md").read_text()
EXAMPLES = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
ACCOUNT = "123456789012"


@pytest.fixture
def stores(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """What the examples lead to: variables, files, AWS in this process, and a test server for Vault."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "VAULT_"))]:
        monkeypatch.delenv(name)
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "eu-west-1",
        "VAULT_TOKEN": ROOT,
        "WAREHOUSE_PASSWORD": SECRET,
        "KEY_PASSPHRASE": SECRET,
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("warehouse_password", "loader.p8"):
        (tmp_path / name).write_text(SECRET + "\n")
    monkeypatch.setattr(masks, "texts", [])
    double = Documented()
    with serving(double) as address, mock_aws():
        monkeypatch.setenv("VAULT_ADDR", address)
        session = boto3.Session(region_name="eu-west-1")
        text = json.dumps(CONTENT["secret/prod/redshift"])
        session.client("secretsmanager").create_secret(Name="prod/redshift", SecretString=text)
        parameters(monkeypatch, SECRET, "/prod/redshift/password")
        files = Source("a file", lambda path: read_file(path.replace("/run/secrets", str(tmp_path))), has_parts=False)
        sources = {**references.SOURCES, "file": files, "vault": Source("Vault", Vault(references._hide).read)}
        yield Secrets(sources, references._hide, start=lambda work: None)


def test_examples_are_configurations() -> None:
    """Every scheme has an example, and each stands in settings that a target has and that take a reference."""
    text = json.dumps(EXAMPLES)
    assert all(f'"{scheme}:' in text for scheme in (*references.SOURCES, "literal"))
    for example in EXAMPLES:
        target = TargetSnowflakeStage if "private_key" in example else TargetRedshiftCopy
        assert all(takes_reference(settings_of(target)[name]) for name in example)
        target(config={**NEEDED[target], **example})


def test_examples_lead_to_what_they_say(stores: Secrets) -> None:
    """Each reference on the page is resolved."""
    found = [stores.values(example) for example in EXAMPLES]
    values = {value for one in found for value in one.values()}
    leased = {"v-loader-1", "leased password 1"}
    assert values == {SECRET, "loader", "LOADER", "AKID", "env:is how this password begins"} | leased


def test_variables_of_vault_are_on_the_page() -> None:
    """Each variable that is read is described, and no other."""
    code = "".join(
        (TOP / "singer-bulk" / "singer_bulk" / "identity" / name).read_text()
        for name in ("vault.py", "vault_methods.py")
    )
    assert set(re.findall(r"VAULT_[A-Z_0-9]+", code)) == set(re.findall(r"VAULT_[A-Z_0-9]+", PAGE))
