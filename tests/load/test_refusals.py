"""Bad input and bad settings: a few lines that name what, where and the remedy; no STATE, nothing half loaded."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Run
from tests.fakes import record, schema, state
from tests.load.loaders import Loader

GOOD = (schema(), record(id=1), state(1))


def refused(run: Run, *told: str) -> None:
    """Assert that the run failed with a clear error and acknowledged nothing."""
    assert run.status == 1, run.stderr
    assert run.stdout == b""
    assert "Traceback" not in run.stderr
    errors = [line for line in run.stderr.splitlines() if "| ERROR" in line]
    assert 1 <= len(errors) <= 3, run.stderr
    for text in told:
        assert text in "\n".join(errors)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{broken", "line 4: broken JSON"),
        ('{"type": "RECORD", "stream": "users", "record": {"id": 1}}', "line 4: a RECORD of stream 'users' before"),
        ('{"type": "FANCY"}', "line 4: message type 'FANCY'"),
        ('{"type": "RECORD", "stream": "orders", "record": {"id": "12,50"}}', "column 'ID' is "),
        ('{"type": "RECORD", "stream": "orders", "record": {"id": 1, "note": "a\\u0000b"}}', "NUL"),
    ],
)
def test_bad_line_is_named_and_nothing_is_loaded(loader: Loader, line: str, told: str) -> None:
    """A bad line names itself; rows before it in the same load are not visible, no STATE comes out."""
    first = schema(id={"type": "integer"}, note={"type": ["null", "string"]})
    run = loader.load(first, record(id=1), state(1), line)
    refused(run, told if loader.command == "target-snowflake-stage" else told.replace("'ID'", "'id'"))
    if loader.table_exists("orders"):
        assert loader.rows("SELECT count(*) FROM {schema}.orders") == [(0,)]
    assert loader.staged_keys() == []


def test_missing_setting_is_named(loader: Loader) -> None:
    """A missing setting is named, with where to read about it."""
    refused(loader.load(*GOOD, s3_bucket=None), "'s3_bucket' is missing", "--about")


def test_wrong_password_is_named_without_the_password(loader: Loader) -> None:
    """A wrong password is told as such; the password is nowhere in what is written."""
    run = loader.load(*GOOD, password="hunter2-wrong")
    refused(run, "cannot connect", loader.config["user"])
    assert "hunter2-wrong" not in run.stderr


def test_schema_that_does_not_exist_is_not_made(loader: Loader) -> None:
    """A typo in the schema is an error that names it, for a load and for --last-state; no schema comes of it."""
    for arguments in ((), ("--last-state",)):
        run = loader.load(*GOOD, arguments=arguments, create_schema=None, pipeline_id="p")
        refused(run, "does not exist", loader.config["default_target_schema"], "set create_schema to true")
    assert loader.rows("SELECT 1 FROM information_schema.schemata WHERE lower(schema_name) = lower('{schema}')") == []


def test_bucket_that_does_not_exist_is_named(loader: Loader) -> None:
    """A bucket that is not there is named; no table holds a row."""
    changes: dict[str, Any] = {"s3_bucket": "no-such-bucket-at-all"}
    run = loader.load(*GOOD, **changes)
    refused(run, "no-such-bucket-at-all")
    assert not loader.table_exists("orders") or loader.rows("SELECT count(*) FROM {schema}.orders") == [(0,)]


def test_role_that_may_not_read_is_told_by_the_warehouse(loader: Loader) -> None:
    """The warehouse reads S3 with the role it is given: one without rights fails the load, and says so."""
    role = loader.s3.facts["roles"]["no-access"]
    if loader.command == "target-redshift-copy":
        run = loader.load(*GOOD, iam_role=role)
    else:
        run = loader.load(*GOOD, storage_integration=None, aws_role=role)
    refused(run, "orders")
    assert loader.rows("SELECT count(*) FROM {schema}.orders") == [(0,)]
    assert loader.staged_keys() == []


def test_wrong_keys_of_the_stage_are_named(loader: Loader) -> None:
    """Keys that S3 does not know are told; the secret is not."""
    run = loader.load(*GOOD, aws_access_key_id="AKIAWRONG", aws_secret_access_key="wrong-secret-value")
    refused(run, "aws_access_key_id")
    assert "wrong-secret-value" not in run.stderr


def test_secrets_stay_out_of_the_log(loader: Loader) -> None:
    """At the most talkative log level no secret of the configuration is written."""
    prefix = loader.command.upper().replace("-", "_")
    run = loader.load(*GOOD, iam_role=None, storage_integration=None, variables={f"{prefix}_LOGLEVEL": "DEBUG"})
    assert run.status == 0, run.stderr
    for secret in ("password", "aws_secret_access_key"):
        assert loader.config[secret] not in run.stderr
