"""What is asked and made before the first COPY INTO, and how often."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.declared import read
from singer_bulk.model.load import Load, Table
from singer_bulk.schema.names import table_name
from singer_bulk.stage.s3 import S3Settings
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.tables import LoadTables
from target_snowflake_stage.cli import TargetSnowflakeStage
from target_snowflake_stage.config import SnowflakeSettings
from target_snowflake_stage.copy_into import FILE_FORMAT_OPTIONS
from target_snowflake_stage.objects import format_differences, make_objects, place_of

from tests.fakes import MemoryDialect, MemoryStage, MemoryWarehouse
from tests.fidelity.encoding import DIALECTS

SETTINGS = read(SnowflakeSettings, {"account": "a", "user": "u", "database": "demo", "storage_integration": "MY_S3"})
BUCKET = read(S3Settings, {"s3_bucket": "bucket"})
MISSING = WarehouseError("does not exist or not authorized", code="SF-SQL", sql_code="2003")
REFUSED = WarehouseError("Insufficient privileges", code="SF-SQL", sql_code="3001")
GONE = WarehouseError("gone", code="SF-LOST", connection_lost=True)
FITS: Rows = [("NULL_IF", "List", "[]", "[\\N]")]
STAGE: Rows = [("STAGE_LOCATION", "URL", "String", '["s3://bucket/"]', "")]


class Account:
    """Answers statements by how they begin, one answer after the other; the last one stays."""

    def __init__(self, *answers: tuple[str, list[Rows | WarehouseError]]) -> None:
        self.answers = answers
        self.statements: list[str] = []

    def execute(self, sql: str) -> Rows:
        self.statements.append(sql)
        left = next(answers for beginning, answers in self.answers if sql.startswith(beginning))
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, WarehouseError):
            raise answer
        return answer

    def close(self) -> None:
        """Nothing is open."""

    def transaction(self) -> str:
        return ""

    def end_transaction(self, name: str) -> None:
        """There are no other sessions."""


def test_role_that_may_only_use_the_file_format() -> None:
    """A file format that is there is looked at and never created, so USAGE on it is enough."""
    account = Account(("DESC FILE FORMAT", [FITS]), ("DESC STAGE", [STAGE]), ("CREATE", [REFUSED]))
    make_objects(account, DIALECTS["snowflake"], SETTINGS, BUCKET)
    assert [sql.rpartition(" ")[0] for sql in account.statements] == ["DESC FILE FORMAT", "DESC STAGE"]


@pytest.mark.parametrize(("described", "created"), [(MISSING, REFUSED), (REFUSED, [])])
def test_file_format_that_cannot_be_had_is_left_out(described: WarehouseError, created: Any) -> None:
    """A stage is made without the file format where that can be neither seen nor made: loads do not need it."""
    account = Account(
        ("DESC FILE", [described]), ("CREATE FILE", [created]), ("DESC STAGE", [MISSING, STAGE]), ("CREATE STAGE", [[]])
    )
    make_objects(account, DIALECTS["snowflake"], SETTINGS, BUCKET)
    (stage,) = [sql for sql in account.statements if sql.startswith("CREATE STAGE")]
    assert "FILE_FORMAT" not in stage


def test_lost_connection_is_not_taken_for_a_refusal() -> None:
    """A connection that is lost while the file format is looked at is an error, after which the load tries again."""
    with pytest.raises(WarehouseError, match="gone"):
        make_objects(Account(("DESC FILE", [GONE])), DIALECTS["snowflake"], SETTINGS, BUCKET)


@pytest.mark.parametrize(
    ("option", "value", "differs"),
    [
        ("TYPE", "csv", False),
        ("FIELD_OPTIONALLY_ENCLOSED_BY", '\\"', False),
        ("FIELD_OPTIONALLY_ENCLOSED_BY", "NONE", True),
        ("RECORD_DELIMITER", "\\n", False),
        ("TRIM_SPACE", "true", True),
        ("NULL_IF", "[\\\\N]", True),
        ("FILE_EXTENSION", "txt", False),
        ("MULTI_LINE", "false", True),
    ],
)
def test_differences_of_a_file_format(option: str, value: str, differs: bool) -> None:
    """An option differs by its value, not by how DESC writes it; options that only unloading knows are none."""
    found = format_differences([(option, "String", value, "")])
    assert [text.partition(" ")[0] for text in found] == ([option] if differs else [])


def test_options_are_those_of_the_page() -> None:
    """COPY states each option of a CSV file that sql/copy-into-table lists."""
    page = """COMPRESSION RECORD_DELIMITER FIELD_DELIMITER MULTI_LINE PARSE_HEADER SKIP_HEADER SKIP_BLANK_LINES
        DATE_FORMAT TIME_FORMAT TIMESTAMP_FORMAT BINARY_FORMAT ESCAPE ESCAPE_UNENCLOSED_FIELD TRIM_SPACE
        FIELD_OPTIONALLY_ENCLOSED_BY NULL_IF ERROR_ON_COLUMN_COUNT_MISMATCH REPLACE_INVALID_CHARACTERS
        EMPTY_FIELD_AS_NULL SKIP_BYTE_ORDER_MARK ENCODING"""
    assert list(FILE_FORMAT_OPTIONS) == ["TYPE", *page.split()]


def test_objects_are_seen_to_once_a_run() -> None:
    """Stage and file format are looked at before the first load, again if that failed, and not before each load."""
    calls: list[int] = []

    def prepare(session: Any) -> None:
        calls.append(1)
        if len(calls) == 1:
            raise GONE

    session = MemoryWarehouse(MemoryStage())
    tables = LoadTables(Warehouse(lambda: session, MemoryDialect(), Table("a", "ledger"), prepare=prepare))
    load = Load("1", None, (), None, 1, "", "", "")
    with pytest.raises(WarehouseError):
        tables.make(load)
    for _ in range(3):
        tables.make(load)
    assert len(calls) == 2


@pytest.mark.parametrize("prefix", ["größe", "a'b", 'a"b', "[a]", "a b"])
def test_a_stage_over_any_prefix_is_known_again(prefix: str) -> None:
    """What DESC STAGE shows as JSON is the URL that was given, whatever is escaped in it; another one is refused."""
    dialect = replace(DIALECTS["snowflake"], prefix=f"{prefix}/")
    shown = [("STAGE_LOCATION", "URL", "String", json.dumps([f"s3://bucket/{prefix}/"]), "")]
    make_objects(Account(("DESC FILE", [FITS]), ("DESC STAGE", [shown])), dialect, SETTINGS, BUCKET)
    with pytest.raises(ConfigError, match="name another stage"):
        make_objects(Account(("DESC FILE", [FITS]), ("DESC STAGE", [STAGE])), dialect, SETTINGS, BUCKET)


def test_stage_and_ledger_are_in_the_schema_of_the_tables() -> None:
    """However the schema is written: its name follows one rule, whether a stream's table or the loader asks for it."""
    for written, stored in (("größe", "GRößE"), ('a"b', 'A"B'), ("a\nb", "A_B"), ("ı", "ı")):
        config = {"account": "a", "user": "u", "database": "straße", "s3_bucket": "b", "default_target_schema": written}
        warehouse = TargetSnowflakeStage(config=config).connector().warehouse
        dialect: Any = warehouse.dialect
        assert table_name("orders", written, {}, dialect.names) == (stored, "ORDERS")
        assert (warehouse.ledger.schema, dialect.stage.schema, dialect.stage.database) == (stored, stored, "STRAßE")


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("s", '"D"."P"."S"'),
        ('"größe".s', '"D"."größe"."S"'),
        ('"a""b"."c.d".e', '"a""b"."c.d"."E"'),
        *(dict.fromkeys(['"s', 's"', 'a"b', '""', "a..b", "", ".", "a.b.c.d", '"a"b']).items()),
    ],
)
def test_names_of_objects(written: str, stored: str | None) -> None:
    """A part in quotes is as it stands there, a doubled quote is one; what is no name is refused."""
    if stored is not None:
        assert str(place_of(written, "D", "P", str.upper)) == stored
        return
    with pytest.raises(ConfigError, match="in double quotes, a quote in it twice"):
        place_of(written, "D", "P", str.upper)


KEYS = {"aws_access_key_id": "AKIA", "aws_secret_access_key": "hunter22"}
ROLE = {"s3_role_arn": "arn:aws:iam::123456789012:role/files"}


@pytest.mark.parametrize(
    "more", [{**KEYS, "aws_session_token": "t"}, {**KEYS, **ROLE}, ROLE], ids=["token", "role", "role alone"]
)
def test_temporary_keys_come_into_no_stage(more: dict[str, str]) -> None:
    """A session token, or the keys of an assumed role, would end while the stage stays: refused before it is made."""
    settings = read(SnowflakeSettings, {"account": "a", "user": "u", "database": "demo"})
    account = Account(("DESC FILE", [FITS]), ("DESC STAGE", [MISSING]))
    with pytest.raises(ConfigError) as refused:
        make_objects(account, DIALECTS["snowflake"], settings, read(S3Settings, {"s3_bucket": "bucket", **more}))
    assert str(refused.value) == (
        "the stage does not exist and would be made with temporary keys, which end while it stays; set "
        "storage_integration or aws_role, or create the stage [SF-STAGE-ACCESS]"
    )
    assert not any("CREATE STAGE" in statement for statement in account.statements)


def test_keys_in_a_stage_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """Keys that do not end are put into a stage that is to be made, and a WARNING says what is better."""
    settings = read(SnowflakeSettings, {"account": "a", "user": "u", "database": "demo"})
    account = Account(("DESC FILE", [FITS]), ("DESC STAGE", [MISSING, STAGE]), ("CREATE STAGE", [[]]))
    make_objects(account, DIALECTS["snowflake"], settings, read(S3Settings, {"s3_bucket": "bucket", **KEYS}))
    assert any("AWS_SECRET_KEY = 'hunter22'" in statement for statement in account.statements)
    assert [record.getMessage() for record in caplog.records if record.levelname == "WARNING"] == [
        "the stage is made with keys in it, which stay there until somebody changes them: a storage integration is "
        "better, set storage_integration"
    ]
