"""A setting is declared once; JSON, the environment and INI files come through one door, which shows no value."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from singer_bulk.cli import BulkTarget
from singer_bulk.errors import ConfigError
from singer_bulk.model.declared import Secret, Settings, read, settings_schema, unknown_name, value_of, values_of
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.other_loaders import THEIRS, known_elsewhere
from tap_csv_extract.cli import TapCsvExtract
from tap_csv_extract.config import file_sets
from tap_csv_extract.errors import ConfigError as TapConfigError
from tap_csv_extract.other_taps import ELSEWHERE
from target_redshift_copy.cli import TargetRedshiftCopy
from target_redshift_copy.config import RedshiftSettings
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.copies import copies

NEEDED: Mapping[type[BulkTarget], dict[str, Any]] = {
    TargetRedshiftCopy: {"host": "h", "user": "u", "database": "d", "s3_bucket": "b"},
    TargetSnowflakeStage: {"account": "a", "user": "u", "database": "d", "s3_bucket": "b"},
}
TARGETS = list(NEEDED)
SECRET = "hunter2"
# A value of another kind, and in it what must not be shown.
OTHERS: Mapping[str, Any] = {
    "string": {SECRET: SECRET},
    "integer": SECRET,
    "number": SECRET,
    "boolean": SECRET,
    "array": SECRET,
    "object": SECRET,
}


TOP = Path(__file__).parents[2]


def settings_of(target: Any) -> dict[str, dict[str, Any]]:
    """Return the schema of each setting."""
    found: dict[str, dict[str, Any]] = target._get_about_info().settings["properties"]
    return found


def refusal(target: type[BulkTarget], **config: Any) -> str:
    """Return the message by which a configuration is refused."""
    with pytest.raises(ConfigError) as refused:
        target(config={**NEEDED[target], **config})
    return str(refused.value)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes a target of Redshift whose settings stand in the environment."""

    def target(**settings: str) -> TargetRedshiftCopy:
        for name, text in {**NEEDED[TargetRedshiftCopy], **settings}.items():
            monkeypatch.setenv(f"TARGET_REDSHIFT_COPY_{name.upper()}", text)
        return TargetRedshiftCopy(config={}, parse_env_config=True)

    return target


@pytest.mark.parametrize("target", TARGETS)
def test_null_is_not_set(target: type[BulkTarget]) -> None:
    """A setting that is null in JSON has its default, and one that must be given is missing."""
    plain = dict(target(config=dict(NEEDED[target])).config)
    optional = dict.fromkeys(settings_of(target).keys() - NEEDED[target].keys())
    assert dict(target(config={**optional, **NEEDED[target]}).config) == plain
    assert plain["validate_records"] is True
    assert "setting 'user' is missing" in refusal(target, user=None)


@pytest.mark.parametrize("target", TARGETS)
def test_no_message_shows_a_value(target: type[BulkTarget]) -> None:
    """A value of another kind is refused by the name of its setting and by what the setting takes, never shown."""
    for name, schema in settings_of(target).items():
        kind = next(kind for kind in schema["type"] if kind != "null")
        told = refusal(target, **{name: OTHERS[kind]})
        assert f"setting {name!r} takes " in told
        assert SECRET not in told


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"load_method": SECRET}, "setting 'load_method' takes 'append-only', 'upsert' or 'overwrite', got another"),
        ({"varchar_default_bytes": 0}, "setting 'varchar_default_bytes' takes an integer from 1 to 65535, got another"),
        ({"batch_size_rows": 0}, "setting 'batch_size_rows' takes an integer of 1 or more, got another one"),
        ({"batch_size_rows": True}, "setting 'batch_size_rows' takes an integer of 1 or more, got true or false"),
        ({"port": 1.5}, "setting 'port' takes an integer from 1 to 65535, got a number"),
        ({"cdc": {"preset": SECRET}}, "setting 'cdc.preset' takes 'book', 'dms', "),
        ({"cdc": {"presett": SECRET}}, "setting 'cdc' has no 'presett'; is 'preset' meant?"),
        ({"cdc": {"x": 1}}, "setting 'cdc' has no 'x'; it takes preset, operation_column, insert_values, "),
        ({"stream_settings": {"orders": {"load_metod": 1}}}, "setting 'stream_settings.orders' has no 'load_metod'"),
        ({"stream_settings": {"orders": 1}}, "setting 'stream_settings.orders' takes an object, got an integer"),
        ({"cdc": {"apply": ["now"]}}, "setting 'cdc.apply.0' takes 'history' or 'current', got another one"),
    ],
)  # fmt: skip
def test_messages(config: dict[str, Any], told: str) -> None:
    """A message names the setting, also inside of others, what it takes, and what kind came."""
    message = refusal(TargetRedshiftCopy, **config)
    assert message.startswith(told)
    assert message.endswith("; see `target-redshift-copy --about` for the settings [CFG-VALUE]")
    assert SECRET not in message


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("validate_records", "False", False),
        ("validate_records", "off", False),
        ("hard_delete", "yes", True),
        ("validate_records", "", True),
        ("port", " 5440 ", 5440),
        ("password_duration_seconds", "", 900),
        ("batch_wait_seconds", "0.5", 0.5),
        ("overwrite_max_shrink", "1", 1.0),
        ("password", "", ""),
        ("password", " 12 ", " 12 "),
        ("load_method", "", "append-only"),
        ("schema_mapping", '{"a": "b"}', {"a": "b"}),
        ("stream_settings", '{"orders": {"load_method": "upsert"}}', {"orders": {"load_method": "upsert"}}),
        ("flattening_max_depth", "3", 3),
    ],
)
def test_texts_of_the_environment(environment: Any, name: str, text: str, value: Any) -> None:
    """A text is what the setting's type says; an empty one is not set, but where text is taken."""
    assert environment(**{name: text}).config[name] == value


@pytest.mark.parametrize(
    ("name", "takes"),
    [
        ("validate_records", "true or false"),
        ("port", "an integer"),
        ("batch_size_rows", "an integer of 1 or more"),
        ("batch_wait_seconds", "a number of 0 or more"),
        ("stream_settings", "an object"),
        ("cdc", "an object"),
        ("sslmode", "'disable', "),
        ("flattening_enabled", "true or false"),
        ("stream_maps", "an object"),
    ],
)
@pytest.mark.parametrize("text", [SECRET, "tru", "null", '["' + SECRET, "[" * 100_000])
def test_texts_that_are_refused(environment: Any, name: str, takes: str, text: str) -> None:
    """A text that the type does not have is refused by name, and not shown; no word is taken for false."""
    with pytest.raises(ConfigError) as refused:
        environment(**{name: text})
    assert str(refused.value).startswith(f"setting {name!r} takes {takes}")
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("target", TARGETS)
def test_numbers_that_nobody_can_use(target: type[BulkTarget]) -> None:
    """A number beyond 64 bits, or one that is none, is refused by name, from JSON as from a text."""
    schema = settings_of(target)
    names = [name for name, one in schema.items() if {"integer", "number"} & set(one["type"])]
    assert len(names) > 10
    for name, number in product(names, (1e22, 10**25, 10**400, -(10**400), math.inf, math.nan)):
        if "number" in schema[name]["type"] and number in (1e22, 10**25) and "maximum" not in schema[name]:
            assert read(LoadSettings, target(config={**NEEDED[target], name: number}).config)
            continue
        told = refusal(target, **{name: number})
        assert re.match(rf"setting '{name}' takes an? \w+.*, got (another one|one that is too large|a number);", told)
    for name, text in product(names, ("9" * 400, "1e400", "nan", "1e22")):
        if text == "1e22" and "number" in schema[name]["type"] and "maximum" not in schema[name]:
            assert value_of(schema[name], text) == 1e22
            continue
        with pytest.raises((ValueError, ConfigError), match=f"setting '{name}' takes "):
            target(config={**NEEDED[target], **values_of({"properties": schema}, {name: text})})


def test_numbers_that_the_tap_cannot_use() -> None:
    """Likewise inside of an entry; a value that is compared with the file's is any number."""
    for number in (1e22, 10**25):
        with pytest.raises(TapConfigError, match=r"setting 'files.0.skip_lines' takes an integer.*got one that is too"):
            TapCsvExtract(config={"files": [{"path": "a.csv", "skip_lines": number}]})
    path = str(TOP / "tests/unit/tap_files/orders.csv")
    TapCsvExtract(config={"files": [{"path": path, "replication_key": "1", "start_value": 10**25}]})


def test_bytes_of_the_environment_that_are_no_text(environment: Any) -> None:
    """A variable that is no UTF-8 is refused by name; a driver would fail on it, with the text."""
    with pytest.raises(ConfigError, match="setting 'password' has a text that is no UTF-8") as refused:
        environment(password=f"{SECRET}\udcff")
    assert SECRET not in str(refused.value)


def test_ini_comes_through_the_same_door(tmp_path: Path) -> None:
    """A port in the classic pipeline.conf that is none is refused by its setting's name, and not shown."""
    path = tmp_path / "pipeline.conf"
    path.write_text(f"[aws_creds]\nport = {SECRET}\n")
    done = CliRunner().invoke(TargetRedshiftCopy.cli, ["--config", str(path)])
    assert str(done.exception).startswith("setting 'port' takes an integer from 1 to 65535, got other text; see")
    path.write_text("[aws_creds]\nport = 5440\nhost = h\nusername = u\ndatabase = d\n")
    ours = tmp_path / "ours.json"
    ours.write_text(json.dumps({"s3_bucket": "b"}))
    read_in = TargetRedshiftCopy.cb_config(None, None, (str(path), str(ours))).config  # type: ignore[arg-type]
    assert read(RedshiftSettings, TargetRedshiftCopy(config=read_in).config).port == 5440


@pytest.mark.parametrize("target", TARGETS)
def test_defaults_are_those_of_the_declaration(target: type[BulkTarget]) -> None:
    """What --about shows as a default is what the code works with."""
    made = read(LoadSettings, target(config=dict(NEEDED[target])).config)
    assert {name: getattr(made, name) for name in made.__struct_fields__} == {
        name: getattr(LoadSettings(), name) for name in made.__struct_fields__
    }


def test_secrets_are_marked() -> None:
    """Each setting that signs in or opens a key is a secret, for --about and for Meltano."""
    keys = {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "s3_proxy_url",
        "password",
        "mask_key",
        "on_failure",
    }
    login = {"login_access_key_id", "login_secret_access_key", "login_session_token"}
    more = {"private_key", "private_key_passphrase", "token", "oauth_client_secret", "passcode"}
    for target, secrets in ((TargetRedshiftCopy, keys | login), (TargetSnowflakeStage, keys | more)):
        assert {name for name, schema in settings_of(target).items() if schema.get("secret")} == secrets
        assert {name for name, schema in settings_of(target).items() if schema.get("writeOnly")} == secrets


def test_a_repr_shows_no_value() -> None:
    """Typed settings may come into a log or a traceback: their repr has no values."""

    class Declared(Settings, frozen=True):
        password: Secret

    assert settings_schema(Declared)["required"] == ["password"]
    assert SECRET not in repr(Declared(SECRET))


@pytest.mark.parametrize(("file", "text"), copies().items(), ids=[file.name for file in copies()])
def test_the_tap_has_the_same_modules(file: Path, text: str) -> None:
    """The tap does without the targets' library, so what settings are read and secrets found by stands in both."""
    assert file.read_text() == text


@pytest.mark.parametrize("connector", [*TARGETS, TapCsvExtract])
@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_about_says_all_of_each_setting(connector: Any, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In each of its three forms `--about` has the name, the description, the default and the choices of a setting."""
    connector.print_about(form)
    told = capsys.readouterr().out
    if form == "json":
        assert json.loads(told)["settings"]["properties"] == json.loads(json.dumps(settings_of(connector)))
        return
    text = " ".join(told.replace("\\|", "|").split())
    for name, one in settings_of(connector).items():
        default = one.get("default")
        shown = "" if default in (None, "") else default if isinstance(default, str) else json.dumps(default)
        choices = [repr(choice) for choice in one.get("enum", ()) if choice is not None]
        for part in (name, " ".join(one.get("description", "").split()), shown, *choices):
            assert part in text


def test_no_message_of_the_tap_shows_a_value() -> None:
    """A value of another kind is refused by name, at the top and inside an entry of `files`, and never shown."""
    settings = settings_of(TapCsvExtract)
    entry = settings["files"]["items"]["properties"]
    for name, schema in [*settings.items(), *((f"files.0.{name}", schema) for name, schema in entry.items())]:
        other = OTHERS["boolean"] if "string" not in schema["type"] else [[SECRET]]
        own = {name.removeprefix("files.0."): other}
        with pytest.raises(TapConfigError) as refused:
            TapCsvExtract(config={"files": [{"path": "x.csv", **own}]} if "." in name else {"files": [], **own})
        told = str(refused.value)
        assert f"setting {name!r} takes " in told or f"setting '{name}.0' takes text" in told
        assert SECRET not in told


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ({"formt": SECRET, "type": "date"}, "setting 'types.day' has no 'formt'; is 'format' meant?"),
        ({"format": SECRET}, "setting 'types.day.type' is missing"),
        ({"type": "date", "format": 7}, "setting 'types.day.format' takes text, got an integer"),
        (7, "setting 'types.day' takes text or an object, got an integer"),
    ],
)
def test_types_are_checked_like_other_settings(entry: Any, problem: str) -> None:
    """What stands behind a column in `types` is a type, or an object of settings that are known."""
    with pytest.raises(TapConfigError) as refused:
        TapCsvExtract(config={"files": [], "types": {"day": entry}})
    assert str(refused.value) == f"{problem}; see `tap-csv-extract --about` for the settings [CSV-CFG-VALUE]"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("header", "a, b", ("a", "b")),
        ("header", "false", False),
        ("keys", '["id"]', ("id",)),
        ("keys", " id ", ("id",)),
        ("start_value", "2020-06-01", "2020-06-01"),
        ("start_value", "7", 7),
        ("overlap", "0.5", 0.5),
        ("all_text", "", False),
        ("state_every_rows", "10", 10),
    ],
)
def test_texts_of_the_environment_for_the_tap(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, text: str, value: Any
) -> None:
    """A setting of several types takes the first one that the text fits, and text last."""
    (tmp_path / "a.csv").write_text("id\n1\n")
    monkeypatch.setenv("TAP_CSV_EXTRACT_FILES", json.dumps([{"path": str(tmp_path / "a.csv")}]))
    monkeypatch.setenv(f"TAP_CSV_EXTRACT_{name.upper()}", text)
    (file_set,) = file_sets(TapCsvExtract(config={}, parse_env_config=True).config)
    assert getattr(file_set, name) == value


@pytest.mark.parametrize("name", ["all_text", "skip_lines", "files", "types", "overlap"])
def test_texts_that_the_tap_refuses(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A text that the type does not have is refused by name, and not shown."""
    monkeypatch.setenv(f"TAP_CSV_EXTRACT_{name.upper()}", SECRET)
    with pytest.raises(TapConfigError) as refused:
        TapCsvExtract(config={"files": []}, parse_env_config=True)
    assert str(refused.value).startswith(f"setting {name!r} takes ")
    assert SECRET not in str(refused.value)


def test_an_entry_goes_before_the_top_level_and_null_before_nothing(tmp_path: Path) -> None:
    """What an entry leaves out, or has null, is as the top level says; what that leaves out, as declared."""
    paths = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    for path in paths:
        Path(path).write_text("id\n1\n")
    entries = [{"path": paths[0], "quote": None}, {"path": paths[1], "delimiter": ","}]
    config = {"files": entries, "delimiter": ";", "quote": "'", "encoding": None}
    one, other = file_sets(TapCsvExtract(config=config).config)
    assert (one.dialect.delimiter, one.dialect.quote, one.dialect.encoding) == (";", "'", "utf-8")
    assert (other.dialect.delimiter, other.dialect.quote) == (",", "'")


@pytest.mark.parametrize("target", TARGETS)
def test_a_setting_that_is_unknown_is_refused(target: type[BulkTarget]) -> None:
    """A typo, at the top too, is an error with the nearest name; all of them are told at once, their values never."""
    told = refusal(target, load_metod=SECRET, **{"s3-bucket-x": SECRET}, USER_=SECRET, frobnicate={"a": SECRET})
    assert "there is no setting 'load_metod'; is 'load_method' meant?" in told
    assert "there is no setting 's3-bucket-x'; is 's3_bucket' meant?" in told
    assert "there is no setting 'USER_'; is 'user' meant?" in told
    assert "there is no setting 'frobnicate'; remove it" in told
    assert SECRET not in told


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("dbname", "PipelineWise's loader has it; here it is 'database'"),
        ("add_metadata_columns", "PipelineWise's loader has it; here it is 'add_record_metadata'"),
        ("copy_options", "PipelineWise's loader has it, nothing here does the same"),
        ("schema", "Meltano's loader has it; here it is 'default_target_schema'"),
        ("clean_up_batch_files", "Meltano's loader has it; here it is 'keep_staged_files' (the other way round"),
        ("remove_s3_files", "TicketSwap's target-redshift has it; here it is 'keep_staged_files'"),
        ("target_s3", "datamill-co's loader has it; here it is 's3_bucket', 's3_key_prefix', "),
    ],
)
def test_what_another_loader_calls_otherwise_is_told(target: type[BulkTarget], name: str, told: str) -> None:
    """A setting of another loader is refused with the name that it has here, or with why there is none."""
    assert f"there is no setting {name!r}; {told}" in refusal(target, **{name: SECRET})


def test_the_table_of_other_loaders_names_settings_of_ours() -> None:
    """Each name of ours in the table is a setting of a target, and each of theirs is told by both, or is a setting."""
    ours = {target: settings_of(target).keys() for target in TARGETS}
    everywhere = set().union(*ours.values())
    for theirs in THEIRS.values():
        assert set(theirs.here) <= everywhere
    for target in TARGETS:
        assert known_elsewhere(ours[target]).keys() | ours[target] >= THEIRS.keys()
    assert "for the other warehouse: remove it" in refusal(TargetRedshiftCopy, snowflake_warehouse="w")
    assert "'aws_role' (or 'storage_integration')" in refusal(TargetSnowflakeStage, iam_role="r")


@pytest.mark.parametrize("connector", [*TARGETS, TapCsvExtract])
def test_a_slip_in_any_name_leads_to_that_name(connector: Any) -> None:
    """A letter too few, two that changed places, capitals or a dash: the setting that was meant is named."""
    names = settings_of(connector)
    for name in names:
        half = len(name) // 2
        swapped = name[: half - 1] + name[half] + name[half - 1] + name[half + 1 :]
        for slip in {name[:half] + name[half + 1 :], swapped, name.upper(), name.replace("_", "-")} - names.keys():
            assert unknown_name(slip, names, {}) == f"is {name!r} meant?"


def test_variables_that_name_no_setting(environment: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A typo in a variable is an error; the SDK's variable and Meltano's extras are none."""
    for name in ("LOGLEVEL", "_CATALOG", "_LOAD_SCHEMA"):
        monkeypatch.setenv(f"TARGET_REDSHIFT_COPY_{name}", "info")
    assert environment().config["host"] == "h"
    monkeypatch.setenv("TARGET_REDSHIFT_COPY_PASWORD", SECRET)
    monkeypatch.setenv("TARGET_REDSHIFT_COPY_DBNAME", SECRET)
    with pytest.raises(ConfigError) as refused:
        environment()
    assert "'TARGET_REDSHIFT_COPY_PASWORD' names no setting; is 'password' meant?" in str(refused.value)
    assert "'TARGET_REDSHIFT_COPY_DBNAME' names no setting; PipelineWise's loader has it" in str(refused.value)
    assert SECRET not in str(refused.value)


def test_variables_that_nobody_reads(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Who sets a variable and forgets `--config ENV` is told; what the configuration has as well is no matter."""
    monkeypatch.setenv("TARGET_REDSHIFT_COPY_USER", "u")
    monkeypatch.setenv("TARGET_REDSHIFT_COPY_PORT", "")
    monkeypatch.setattr(TargetRedshiftCopy.logger, "propagate", True)
    TargetRedshiftCopy(config=dict(NEEDED[TargetRedshiftCopy]))
    assert "--config ENV" not in caplog.text
    monkeypatch.setenv("TARGET_REDSHIFT_COPY_PASSWORD", SECRET)
    TargetRedshiftCopy(config=dict(NEEDED[TargetRedshiftCopy]))
    assert "the environment is not read, though it has TARGET_REDSHIFT_COPY_PASSWORD; add --config ENV" in caplog.text
    assert SECRET not in caplog.text


KEYS = {"aws_access_key_id": "k", "aws_secret_access_key": SECRET}
ROLE = "arn:aws:iam::123456789012:role/loader"


@pytest.mark.parametrize(
    ("target", "config", "told"),
    [
        *(
            (target, config, told)
            for target in TARGETS
            for config, told in (
                ({"s3_bucket": "s3://b"}, "'s3_bucket' takes the name of a bucket alone"),
                ({"s3_bucket": "b/singer"}, "what comes behind the bucket is 's3_key_prefix'"),
                ({"s3_key_prefix": "s3://b/singer"}, "'s3_key_prefix' takes what comes behind the bucket alone"),
                ({"aws_access_key_id": "k"}, "'aws_access_key_id' needs 'aws_secret_access_key'"),
                ({"aws_secret_access_key": SECRET}, "'aws_secret_access_key' needs 'aws_access_key_id'"),
                ({"aws_session_token": SECRET}, "'aws_session_token' needs 'aws_access_key_id' and 'aws_secret_acc"),
                ({**KEYS, "aws_profile": "p"}, "'aws_profile' and 'aws_access_key_id' both say"),
                (
                    {"s3_external_id": "x"},
                    "'s3_external_id' is of a role that is assumed, and there is no 's3_role_arn'",
                ),
                ({"s3_role_arn": "loader"}, "'s3_role_arn' takes an ARN as in arn:aws:iam::"),
                ({"s3_role_arn": f"{ROLE},{ROLE}", "s3_role_duration_seconds": 3601}, "is 3600 at most for a role"),
                ({"s3_kms_key_id": "k"}, "'s3_kms_key_id' needs 's3_server_side_encryption' as \"aws:kms\""),
                (
                    {"s3_server_side_encryption": "AES256", "s3_bucket_key_enabled": True},
                    "'s3_bucket_key_enabled' needs",
                ),
                (
                    {"s3_server_side_encryption": "aws:kms:dsse", "s3_bucket_key_enabled": True},
                    "S3 has no bucket keys for aws:kms:dsse",
                ),
                ({"s3_endpoint_url": "http://x", "s3_use_fips_endpoint": True}, "both say where S3 is; keep one"),
            )
        ),
        *(
            (TargetRedshiftCopy, {"host": None, "user": None, "database": None, **config}, told)
            for config, told in (
                ({"user": "u", "database": "d"}, "'host' is missing; or set 'cluster_identifier' or 'workgroup_name'"),
                ({"host": "h", "database": "d"}, "'user' is missing"),
                ({"host": "h", "user": "u"}, "'database' is missing"),
                ({"cluster_identifier": "c", "workgroup_name": "w"}, "both say where Redshift is"),
                ({"secret_arn": "s", "password": SECRET}, "'password' and 'secret_arn' both give the password"),
                ({"secret_arn": "s", "user": "u"}, "'user' and 'secret_arn' both say who the user is"),
                ({"workgroup_name": "w", "user": "u"}, "'user' says nothing in a workgroup without a password"),
                ({"cluster_identifier": "c", "db_groups": ["g"]}, "are GetClusterCredentials' alone"),
                ({"workgroup_name": "w", "auto_create_user": True}, "are GetClusterCredentials' alone"),
                ({"cluster_identifier": "c", "sslmode": "prefer"}, "a password by IAM is given through TLS alone"),
                (
                    {"host": "h", "user": "u", "database": "d", "login_profile": "p"},
                    "'login_profile' is for the calls of AWS that sign in, and none is made",
                ),
                (
                    {"cluster_identifier": "c", "user": "u", "password": SECRET, "password_duration_seconds": 3600},
                    "'password_duration_seconds' is of a password by IAM",
                ),
                ({"cluster_identifier": "c", "login_secret_access_key": SECRET}, "needs 'login_access_key_id'"),
                ({"cluster_identifier": "c", "login_external_id": "x"}, "there is no 'login_role_arn'"),
            )
        ),
        (TargetRedshiftCopy, {"host": "h.example:5439/dev"}, "'host' takes the name of the endpoint alone"),
        (TargetRedshiftCopy, {"host": "jdbc:redshift://h"}, "'host' takes the name of the endpoint alone"),
        (TargetRedshiftCopy, {"iam_role": "redshift-copy"}, "'iam_role' takes an ARN as in arn:aws:iam::"),
        (TargetRedshiftCopy, {"sslmode": "require", "sslrootcert": "x.pem"}, "'sslrootcert' needs 'sslmode' verify-ca"),
        (TargetSnowflakeStage, {"private_key": "k", "private_key_path": "p"}, "both give the key; keep one"),
        (TargetSnowflakeStage, {"private_key": "k", "password": SECRET}, "'password' and 'private_key' both sign in"),
        (TargetSnowflakeStage, {"token": SECRET}, "'token' needs 'authenticator', as 'oauth' or"),
        (TargetSnowflakeStage, {"authenticator": "oath"}, "'authenticator' takes 'snowflake', "),
        (TargetSnowflakeStage, {"authenticator": "oauth"}, "'authenticator' as it is set needs 'token'"),
        (TargetSnowflakeStage, {"authenticator": "SNOWFLAKE_JWT", "password": SECRET}, "'password' is not what this"),
        (TargetSnowflakeStage, {"private_key_passphrase": SECRET}, "'private_key_passphrase' needs 'private_key'"),
        (TargetSnowflakeStage, {"storage_integration": "i", "aws_role": "r"}, "both say what a stage reads with"),
    ],
)
def test_settings_that_compete(target: type[BulkTarget], config: dict[str, Any], told: str) -> None:
    """Two settings that say the same, or of which one needs another, are refused by both names; no value is shown."""
    message = refusal(target, **config)
    assert told in message
    assert SECRET not in message


@pytest.mark.parametrize(
    ("target", "config"),
    [
        (TargetRedshiftCopy, {"iam_role": "default", **KEYS}),
        (TargetRedshiftCopy, {"host": None, "user": None, "database": None, "cluster_identifier": "c"}),
        (TargetRedshiftCopy, {"host": None, "database": None, "cluster_identifier": "c", "db_groups": ["g"]}),
        (TargetRedshiftCopy, {"host": None, "user": None, "workgroup_name": "w", "login_role_arn": ROLE}),
        (TargetRedshiftCopy, {"host": None, "user": None, "database": None, "secret_arn": "s", "sslmode": "prefer"}),
        (TargetRedshiftCopy, {"host": None, "database": None, "cluster_identifier": "c", "password": "p"}),
        (TargetSnowflakeStage, {"s3_role_arn": f"{ROLE}, {ROLE}", "s3_external_id": "x", **KEYS}),
        (TargetRedshiftCopy, {"iam_role": "arn:aws:iam::123456789012:role/a,arn:aws-cn:iam::210987654321:role/p/b"}),
        (TargetRedshiftCopy, {"host": "::1", "aws_profile": "p"}),
        (TargetRedshiftCopy, {"sslrootcert": "x.pem", **KEYS, "aws_session_token": "t"}),
        (TargetSnowflakeStage, {"private_key_path": "p", "private_key_passphrase": "x", "password": ""}),
        (TargetSnowflakeStage, {"authenticator": "https://x.okta.com", "password": "p"}),
        (TargetSnowflakeStage, {"authenticator": "externalbrowser"}),
        (TargetSnowflakeStage, {"authenticator": "OAuth", "token": "t"}),
        (TargetSnowflakeStage, {"authenticator": "programmatic_access_token", "token": "t"}),
    ],
)
def test_settings_that_go_together(target: type[BulkTarget], config: dict[str, Any]) -> None:
    """What the warehouses take is taken."""
    assert target(config={**NEEDED[target], **config}).config["s3_bucket"] == "b"


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"file": []}, "there is no setting 'file'; is 'files' meant?"),
        ({"tables": []}, "there is no setting 'tables'; tap-s3-csv has it; here it is 'files'"),
        ({"files": [{"path": "x.csv", "entity": "x"}]}, "'files.0' has no 'entity'; tap-csv has it; here it is"),
        ({"files": [{"path": "x.csv", "delimeter": ","}]}, "'files.0' has no 'delimeter'; is 'delimiter' meant?"),
    ],
)  # fmt: skip
def test_a_setting_that_the_tap_does_not_know(config: dict[str, Any], told: str) -> None:
    """A typo, or a setting of another tap, is an error that says what it is here."""
    with pytest.raises(TapConfigError) as refused:
        TapCsvExtract(config={"files": [], **config})
    assert told in str(refused.value)


def test_the_table_of_other_taps_names_settings_of_ours() -> None:
    """Each name of ours in the table is a setting of the tap, at the top or of an entry; none of theirs is."""
    settings = settings_of(TapCsvExtract)
    entry = settings["files"]["items"]["properties"]
    for name, advice in ELSEWHERE.items():
        assert name not in settings.keys() | entry.keys()
        assert set(re.findall(r"'(\w+)'", advice)) <= settings.keys() | entry.keys()
