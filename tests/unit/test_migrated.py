"""Settings of other loaders become ours: what has a counterpart, what has none, what means something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from singer_bulk.settings.migrated import OF_REDSHIFT, OF_SNOWFLAKE, loader_of, migrated

from tests.first_day.place import TARGETS

# The settings of the loaders' own documents, each with a value.
PIPELINEWISE_REDSHIFT = {
    "host": "h", "port": 5439, "user": "u", "password": "secret-1", "dbname": "d", "aws_access_key_id": "k",
    "aws_secret_access_key": "secret-2", "aws_session_token": "secret-3",
    "aws_redshift_copy_role_arn": "arn:aws:iam::123456789012:role/r", "s3_bucket": "b", "s3_key_prefix": "p",
    "copy_options": "EMPTYASNULL", "batch_size_rows": 100000, "flush_all_streams": False, "parallelism": 0,
    "max_parallelism": 16, "default_target_schema": "s",
    "default_target_schema_select_permissions": '{"users": ["a"], "groups": ["g"]}',
    "schema_mapping": {"x": {"target_schema": "y"}}, "disable_table_cache": False, "add_metadata_columns": False,
    "hard_delete": True, "data_flattening_max_level": 2, "primary_key_required": True, "skip_updates": False,
    "compression": "gzip", "slices": 2,
}  # fmt: skip
TICKETSWAP = {
    "host": "h", "port": "5439", "enable_iam_authentication": False, "cluster_identifier": "c", "user": "u",
    "password": "secret-1", "dbname": "d", "aws_redshift_copy_role_arn": "arn:aws:iam::123456789012:role/r",
    "s3_bucket": "b", "s3_region": "eu-west-1", "s3_key_prefix": "p", "remove_s3_files": True, "temp_dir": "temp",
    "default_target_schema": "s", "activate_version": False, "hard_delete": False, "add_record_metadata": False,
    "ssl_enable": True, "ssl_mode": "verify-full", "grants": ["a"],
}  # fmt: skip
PIPELINEWISE_SNOWFLAKE = {
    "account": "o-a", "dbname": "d", "user": "u", "password": "secret-1", "warehouse": "w", "role": "r",
    "aws_access_key_id": "k", "aws_secret_access_key": "secret-2", "aws_session_token": "secret-3", "s3_bucket": "b",
    "s3_endpoint_url": "https://s3.example", "s3_region_name": "eu-west-1",
    "s3_acl": "bucket-owner-full-control", "stage": "S.STAGE", "file_format": "S.FORMAT", "batch_size_rows": 100000,
    "batch_wait_limit_seconds": 60, "flush_all_streams": False, "parallelism": 0, "parallelism_max": 16,
    "default_target_schema": "s", "default_target_schema_select_permission": "reader", "disable_table_cache": False,
    "add_metadata_columns": True, "hard_delete": False, "data_flattening_max_level": 0, "primary_key_required": True,
    "validate_records": False, "temp_dir": "/tmp", "no_compression": False, "query_tag": "load {{schema}}.{{table}}",
    "archive_load_files": True, "archive_load_files_s3_prefix": "archive", "archive_load_files_s3_bucket": "b",
}  # fmt: skip
MELTANOLABS = {
    "user": "u", "private_key_path": "key.p8", "private_key_passphrase": "secret-1", "account": "o-a", "database": "d",
    "schema": "s", "warehouse": "w", "role": "r", "add_record_metadata": True, "clean_up_batch_files": True,
    "hard_delete": False, "load_method": "append-only", "timestamp_type": "TIMESTAMP_NTZ",
    "batch_size_rows": 10000, "validate_records": True,
}  # fmt: skip
CASES = {
    "pipelinewise, redshift": ("redshift", PIPELINEWISE_REDSHIFT),
    "ticketswap": ("redshift", TICKETSWAP),
    "pipelinewise, snowflake": ("snowflake", PIPELINEWISE_SNOWFLAKE),
    "meltanolabs": ("snowflake", MELTANOLABS),
}


def made_of(case: str, **changes: Any) -> Any:
    warehouse, theirs = CASES[case]
    ours = TARGETS[warehouse].config_jsonschema["properties"]
    given = {**theirs, **changes}
    return migrated(given, ours, loader_of(given, OF_REDSHIFT if warehouse == "redshift" else OF_SNOWFLAKE))


@pytest.mark.parametrize("case", CASES)
def test_each_setting_is_taken_or_named(case: str) -> None:
    """What is made is a configuration of ours, but for a bucket that they have none of; nothing is lost in silence."""
    warehouse, theirs = CASES[case]
    found = made_of(case)
    assert found.loader == case.partition(",")[0]
    problems = TARGETS[warehouse].problems(dict(found.config))
    assert problems == (["setting 's3_bucket' is missing"] if case == "meltanolabs" else [])
    alike = {name for name in theirs if name in found.config}
    named = {line.split("'")[1] for line in found.lost}
    other = {
        "dbname", "aws_redshift_copy_role_arn", "data_flattening_max_level", "primary_key_required", "ssl_enable",
        "default_target_schema_select_permissions", "default_target_schema_select_permission", "ssl_mode",
        "add_metadata_columns", "remove_s3_files", "activate_version", "enable_iam_authentication", "s3_region_name",
        "batch_wait_limit_seconds", "archive_load_files", "schema", "clean_up_batch_files", "timestamp_type",
    }  # fmt: skip
    assert set(theirs) - alike - named - other == set()


def test_what_pipelinewise_says_for_redshift() -> None:
    """Grants, flattening, the role and what hard_delete brings with it."""
    config = made_of("pipelinewise, redshift").config
    assert (config["database"], config["iam_role"]) == ("d", "arn:aws:iam::123456789012:role/r")
    assert config["grants"] == ["a", "GROUP g"]
    assert (config["flattening_enabled"], config["flattening_max_depth"]) == (True, 2)
    assert (config["hard_delete"], config["add_record_metadata"]) == (True, True)
    assert (config["load_method"], config["create_schema"]) == ("upsert", True)


def test_what_ticketswap_leaves_behind() -> None:
    """Its files stay unless it is told otherwise; a cluster counts with IAM alone, and then without a password."""
    assert made_of("ticketswap").config["keep_staged_files"] is False
    assert made_of("ticketswap", remove_s3_files=None).config["keep_staged_files"] is True
    assert "cluster_identifier" not in made_of("ticketswap").config
    by_iam = made_of("ticketswap", enable_iam_authentication=True)
    assert by_iam.config["cluster_identifier"] == "c"
    assert "password" not in by_iam.config
    assert made_of("ticketswap").config["port"] == 5439


def test_what_differs_is_said() -> None:
    """Their '' is NULL, their texts are cut, hard_delete is of versions alone: each is named for whom it is true of."""
    told = {case: " ".join(made_of(case).differs) for case in CASES}
    assert ["became NULL" in told[case] for case in CASES] == [True, True, True, False]
    assert ["TRUNCATECOLUMNS" in told[case] for case in CASES] == [True, True, False, False]
    assert ["ACTIVATE_VERSION" in told[case] for case in CASES] == [False, True, False, True]


@pytest.mark.parametrize("case", CASES)
def test_secrets_are_handed_on_and_nowhere_else(case: str, tmp_path: Path) -> None:
    """Standard output has them as they were, standard error none of them."""
    warehouse, theirs = CASES[case]
    path = tmp_path / "other.json"
    path.write_text(json.dumps(theirs))
    done = CliRunner().invoke(TARGETS[warehouse].cli, ["--migrate-config", str(path)])
    assert done.exit_code == 0, done.output
    config = json.loads(done.stdout)
    secrets = {value for value in theirs.values() if str(value).startswith("secret-")}
    assert secrets <= {value for value in config.values() if isinstance(value, str)}
    assert [value for value in secrets if value in done.stderr] == []
    assert "taken for settings of" in done.stderr


def test_the_loader_may_be_named(tmp_path: Path) -> None:
    """Where no setting tells it; one that is not known is refused with those that are."""
    path = tmp_path / "other.json"
    path.write_text(json.dumps({"host": "h", "user": "u", "password": "p", "dbname": "d", "s3_bucket": "b"}))
    command = TARGETS["redshift"].cli
    named = CliRunner().invoke(command, ["--migrate-config", f"ticketswap={path}"])
    assert json.loads(named.stdout)["keep_staged_files"] is True
    refused = CliRunner().invoke(command, ["--migrate-config", f"meltanolabs={path}"])
    assert "pipelinewise and ticketswap" in str(refused.exception)
