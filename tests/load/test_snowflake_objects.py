"""Stage and file format of the account: whatever they say, values arrive as they left; and who may do without them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from snowflake.connector.errors import ProgrammingError

from tests.conftest import S3, Run
from tests.fakes import record, schema, state
from tests.load.loaders import Loader

# Texts that some file format takes for something else.
TEXTS = ["NULL", "NA", "", "\\N", "\\", "a|one", '"quoted"', " blank ", "a\nb", "ends in \\", "\ufeffmark", "#", None]

# The options of formats that people have, and what the WARNING must name.
FORMATS = [
    ("TYPE = CSV NULL_IF = ('NULL')", ["NULL_IF", "FIELD_DELIMITER"]),
    ("TYPE = CSV COMPRESSION = GZIP FIELD_DELIMITER = '|' FIELD_OPTIONALLY_ENCLOSED_BY = '\"'",
     ["NULL_IF", "ESCAPE_UNENCLOSED_FIELD"]),
    ("TYPE = CSV FIELD_DELIMITER = '|' FIELD_OPTIONALLY_ENCLOSED_BY = '\"' ESCAPE_UNENCLOSED_FIELD = "
     "NONE NULL_IF = ('NULL', 'NA') EMPTY_FIELD_AS_NULL = FALSE", ["NULL_IF", "EMPTY_FIELD_AS_NULL"]),
    ("TYPE = 'CSV' FIELD_DELIMITER = '\\t'", ["FIELD_DELIMITER", "FIELD_OPTIONALLY_ENCLOSED_BY"]),
    ("TYPE = CSV FIELD_DELIMITER = '|' SKIP_HEADER = 1 TRIM_SPACE = TRUE ESCAPE = '\\\\' DATE_FORMAT = 'DD.MM.YYYY' "
     "SKIP_BLANK_LINES = TRUE REPLACE_INVALID_CHARACTERS = TRUE ENCODING = 'WINDOWS1252'",
     ["SKIP_HEADER", "TRIM_SPACE", "ESCAPE is", "DATE_FORMAT", "SKIP_BLANK_LINES", "ENCODING"]),
]  # fmt: skip


@pytest.fixture
def snowflake(
    snowflake_config: dict[str, Any], snowflake_connection: Any, run_target: Callable[..., Run], s3: S3
) -> Loader:
    """The target, its stand-in, and a schema that is there."""

    def query(sql: str) -> list[tuple[Any, ...]]:
        with snowflake_connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    config = {**snowflake_config, "stage": "SINGER_STAGE"}
    query(f'CREATE SCHEMA "{config["database"]}"."{config["default_target_schema"]}"')
    return Loader("target-snowflake-stage", config, s3, run_target, query)


def load_texts(snowflake: Loader, **changes: Any) -> Run:
    """Load TEXTS with a date; assert that all of them arrive."""
    text = {"type": ["null", "string"]}
    declared = schema(id={"type": "integer"}, note=text, day={**text, "format": "date"}, last=text)
    values = [record(id=place, note=note, day="2020-02-01", last=note) for place, note in enumerate(TEXTS)]
    run = snowflake.load(declared, *values, state(1), **changes)
    assert run.status == 0, run.stderr
    rows = snowflake.rows("SELECT NOTE, TO_VARCHAR(DAY), LAST FROM {schema}.ORDERS ORDER BY ID")
    assert rows == [(note, "2020-02-01", note) for note in TEXTS]
    return run


@pytest.mark.parametrize(("options", "named"), FORMATS)
def test_file_format_that_exists_does_not_alter_a_value(snowflake: Loader, options: str, named: list[str]) -> None:
    """Values arrive as they left, whatever the named file format says; a WARNING names each option that differs."""
    snowflake.rows("CREATE FILE FORMAT {schema}.OLD_PIPE " + options)
    run = load_texts(snowflake, file_format="OLD_PIPE")
    (warning,) = [line for line in run.stderr.splitlines() if "WARNING" in line]
    for option in ["OLD_PIPE", *named]:
        assert option in warning


@pytest.mark.parametrize(("options", "named"), FORMATS)
def test_file_format_of_the_stage_does_not_alter_a_value(snowflake: Loader, options: str, named: list[str]) -> None:
    """Values arrive as they left, whatever the file format of a stage says."""
    config = snowflake.config
    url = f"s3://{config['s3_bucket']}/{config['s3_key_prefix']}/"
    snowflake.rows(
        f"CREATE STAGE {{schema}}.ODD URL = '{url}' STORAGE_INTEGRATION = {config['storage_integration']} "
        f"FILE_FORMAT = ({options})"
    )
    load_texts(snowflake, stage="ODD")


def test_objects_that_we_make_read_our_files(snowflake: Loader) -> None:
    """The file format that is made fits without a WARNING, and who queries the stage by it gets the values."""
    for _ in range(2):
        run = snowflake.load(schema(note={"type": "string"}), record(note="NULL"), state(1), keep_staged_files=True)
        assert run.status == 0, run.stderr
        assert "WARNING" not in run.stderr
    assert snowflake.rows("SELECT $1 FROM @{schema}.SINGER_STAGE/orders/") == [("NULL",)] * 2


def test_table_that_is_clustered_by_a_function(snowflake: Loader) -> None:
    """COPY INTO refuses some of them (002300): the error says what to do, and an upsert is not in its way."""
    snowflake.rows("CREATE TABLE {schema}.ORDERS (ID NUMBER(38, 0), NOTE VARCHAR) CLUSTER BY (UPPER(NOTE))")
    sent = ({**schema(id={"type": "integer"}), "key_properties": ["id"]}, record(id=1), state(1))
    run = snowflake.load(*sent)
    assert run.status == 1
    assert "load it by upsert, or cluster it by plain columns" in run.stderr
    assert snowflake.load(*sent, load_method="upsert").status == 0
    assert snowflake.rows("SELECT ID FROM {schema}.ORDERS") == [(1,)]


def test_file_format_that_may_not_be_made_is_not_needed(snowflake: Loader) -> None:
    """A file format that is not there and cannot be made is no reason to stop: COPY does without it."""
    load_texts(snowflake, file_format="NO_SUCH_SCHEMA.PIPE")


@pytest.mark.parametrize(
    ("last", "value"),
    [
        ({"type": "string"}, "x"),
        ({"type": "integer"}, 1),
        ({"type": "number"}, 0.5),
        ({"type": "boolean"}, True),
        ({"type": "string", "format": "date"}, "2020-02-01"),
        ({"type": "string", "format": "date-time"}, "2020-02-01T00:00:00Z"),
        ({"type": "object"}, {"a": 1}),
    ],
)
def test_field_too_many_ends_the_copy(snowflake: Loader, last: dict[str, Any], value: Any) -> None:
    """The COPY of a run refuses a staged file in which a record has got a field more, and names that field."""
    run = snowflake.load(schema(id={"type": "integer"}, last=last), record(id=1, last=value), keep_staged_files=True)
    assert run.status == 0, run.stderr
    (copy,) = [line[line.index("COPY INTO") :] for line in run.stderr.splitlines() if "COPY INTO" in line]
    (key,) = [key for key in snowflake.staged_keys() if key.endswith(".gz")]
    content = gzip.decompress(snowflake.s3.body(key)).removesuffix(b"\n")

    def stage(rows: bytes) -> None:
        snowflake.s3.client().put_object(Bucket=snowflake.s3.bucket, Key=key, Body=gzip.compress(rows))

    stage(content + b"|\n" + content + b"\n")
    assert len(snowflake.rows(copy)) == 1
    stage(content + b"\n" + content + b"|surplus\n")
    with pytest.raises(ProgrammingError, match="a field too many: surplus"):
        snowflake.rows(copy)
    assert snowflake.rows("SELECT COUNT(*) FROM {schema}.ORDERS") == [(3,)]
