"""COPY INTO <table>: files, options, errors, load metadata (sql/copy-into-table, data-load-considerations-load)."""

from __future__ import annotations

import bz2
import gzip
import json
import time
import zlib
from decimal import Decimal

import pytest
import zstandard

ZERO_FILES = "Copy executed with 0 files processed."


@pytest.fixture
def table(db):
    db.run("CREATE TABLE T (A INT, B VARCHAR(5))")
    return "T"


def names(rows):
    return [row["file"].rpartition("/")[2] for row in rows]


def test_result_columns(table, stage):
    """One row per file with these columns (sql/copy-into-table, output)."""
    url = stage.put("a.csv", "1,x\n2,y\n")
    assert stage.copy(table) == [
        {
            "file": url,
            "status": "LOADED",
            "rows_parsed": 2,
            "rows_loaded": 2,
            "error_limit": 1,
            "errors_seen": 0,
            "first_error": None,
            "first_error_line": None,
            "first_error_character": None,
            "first_error_column_name": None,
        }
    ]


def test_nothing_to_load(table, stage):
    """A COPY without a file answers with one status column."""
    assert stage.copy(table) == [{"status": ZERO_FILES}]


@pytest.mark.parametrize(
    "clause",
    [
        "FILE_FORMAT = (FORMAT_NAME = 'F')",
        "FILE_FORMAT = (FORMAT_NAME = F)",
        'FILE_FORMAT = (FORMAT_NAME = "F")',
        "FILE_FORMAT = F",
        "FILE_FORMAT = (TYPE = CSV FIELD_DELIMITER = '|')",
        "FILE_FORMAT = (TYPE = 'CSV', FIELD_DELIMITER = '0x7C')",
        "FILE_FORMAT = (FIELD_DELIMITER = '\\\\x7C')",
    ],
)
def test_ways_to_name_a_format(db, table, stage, clause):
    """A format is named, quoted or not, or given inline."""
    db.run("CREATE FILE FORMAT F TYPE = CSV FIELD_DELIMITER = '|'")
    stage.put("a.csv", "1|x\n")
    stage.copy(table, clause)
    assert db.run("SELECT * FROM T") == [(1, "x")]


def test_options_of_the_copy_override_the_stage(db, table, stage):
    """One format option of the COPY overrides all of the stage, named or not (user-guide/data-load-prepare)."""
    db.run("CREATE FILE FORMAT F TYPE = CSV FIELD_DELIMITER = '|' SKIP_HEADER = 1")
    db.run("ALTER STAGE ST SET FILE_FORMAT = (FORMAT_NAME = F)")
    stage.put("a.csv", "h|h\n1|x\n")
    stage.copy(table)
    assert db.run("SELECT * FROM T") == [(1, "x")]
    stage.put("b.csv", "2,y\n")
    stage.copy(table, "FILES = ('b.csv') FILE_FORMAT = (TRIM_SPACE = TRUE)")
    assert db.run("SELECT * FROM T ORDER BY 1") == [(1, "x"), (2, "y")]


def test_format_name_and_type_exclude_each_other(db, table, stage):
    """FORMAT_NAME together with TYPE is refused (sql/copy-into-table)."""
    db.run("CREATE FILE FORMAT F TYPE = CSV")
    db.fails("COPY INTO T FROM @ST FILE_FORMAT = (FORMAT_NAME = F TYPE = CSV)")


@pytest.mark.parametrize(
    "clause",
    [
        "ON_ERROR = FOO", "ON_ERROR = SKIP_FILE_0", "NO_SUCH_OPTION = TRUE", "MATCH_BY_COLUMN_NAME = CASE_SENSITIVE",
        "FILE_FORMAT = (TYPE = JSON)", "FILE_FORMAT = (TYPE = CSV NO_SUCH = 1)", "LOAD_MODE = FULL_INGEST",
        "FILE_FORMAT = (COMPRESSION = BROTLI)", "FILE_FORMAT = (PARSE_HEADER = TRUE)", "PURGE = MAYBE",
        "FILE_FORMAT = (VALIDATE_UTF8 = FALSE)", "STORAGE_INTEGRATION = LOCAL_S3", "SIZE_LIMIT = 0",
        "VALIDATION_MODE = RETURN_0_ROWS", "TRUNCATECOLUMNS = TRUE ENFORCE_LENGTH = TRUE", "FORCE = TRUE FORCE = TRUE",
    ],
)  # fmt: skip
def test_what_is_not_acted_on_is_refused(db, table, stage, clause):
    """Every option is acted on or refused."""
    stage.put("a.csv", "1,x\n")
    db.fails(f"COPY INTO T FROM @ST {clause}")
    assert db.value("SELECT COUNT(*) FROM T") == 0


@pytest.mark.parametrize("where", ["@ST", "@ST/sub", "@ST/sub/", "'@ST/sub/'", '@"ST"/sub/a', "@ST/su"])
def test_paths_are_prefixes(db, table, stage, where):
    """The path below a stage is a prefix of keys, in any way of writing it."""
    stage.put("sub/a.csv", "1,x\n")
    stage.put("other.txt", "")
    db.run(f"COPY INTO T FROM {where}")
    assert db.value("SELECT COUNT(*) FROM T") == 1


def test_files_get_no_separator(db, table, stage):
    """A name of FILES is appended to URL and path as it stands."""
    stage.put("sub/a.csv", "1,x\n")
    db.fails("COPY INTO T FROM @ST/sub FILES = ('a.csv')", 91016)
    db.run("COPY INTO T FROM @ST/sub/ FILES = ('a.csv')")
    db.run("COPY INTO T FROM @ST/sub FILES = ('/a.csv')")  # the same key is known as loaded
    assert db.value("SELECT COUNT(*) FROM T") == 1


def test_at_most_1000_names(db, table, stage):
    """FILES takes at most 1,000 names."""
    listed = ", ".join(f"'{i}.csv'" for i in range(1001))
    db.fails(f"COPY INTO T FROM @ST FILES = ({listed})", 1008)


def test_files_beat_pattern(db, table, stage):
    """With FILES and PATTERN only FILES counts."""
    stage.put("a.csv", "1,x\n")
    assert names(stage.copy(table, "FILES = ('a.csv') PATTERN = '.*nothing.*'")) == ["a.csv"]


def test_pattern_is_matched_against_the_whole_location(table, stage):
    """PATTERN is a regular expression over the whole path, so it begins with .*"""
    stage.put("sales/a.csv", "1,x\n")
    stage.put("sales/b.txt", "1,x\n")
    assert stage.copy(table, "PATTERN = '.*nomatch[.]csv'") == [{"status": ZERO_FILES}]
    assert names(stage.copy(table, "PATTERN = '.*sales.*[.]csv'")) == ["a.csv"]


def test_missing_file_aborts_or_is_a_failed_row(db, table, stage):
    """A file that FILES names and that is not there aborts; under SKIP_FILE it is a row with LOAD_FAILED."""
    stage.put("a.csv", "1,x\n")
    assert "was not found" in db.fails("COPY INTO T FROM @ST FILES = ('a.csv', 'b.csv')", 91016)
    assert db.value("SELECT COUNT(*) FROM T") == 0
    rows = stage.copy(table, "FILES = ('a.csv', 'b.csv') ON_ERROR = SKIP_FILE")
    assert [row["status"] for row in rows] == ["LOADED", "LOAD_FAILED"]


def test_abort_statement_loads_nothing_of_any_file(db, table, stage):
    """ABORT_STATEMENT, the default, loads nothing when any file has an error."""
    stage.put("a.csv", "1,x\n")
    stage.put("b.csv", "2,y\nbad,z\n")
    text = db.fails("COPY INTO T FROM @ST", 100038)
    assert "b.csv', line 2, character 1" in text
    assert 'Row 2, column "T"["A":1]' in text
    assert db.value("SELECT COUNT(*) FROM T") == 0
    stage.put("b.csv", "2,y\n")
    assert [row["status"] for row in stage.copy(table)] == ["LOADED", "LOADED"]


def test_continue_loads_the_good_rows(db, table, stage):
    """CONTINUE loads what can be loaded and tells the first error of each file."""
    stage.put("a.csv", '1,x\nbad,y\n3,toolong\n4,w\n"5,\n')
    (row,) = stage.copy(table, "ON_ERROR = CONTINUE")
    assert (row["status"], row["rows_parsed"], row["rows_loaded"], row["errors_seen"]) == ("PARTIALLY_LOADED", 5, 2, 3)
    assert row["first_error"] == "Numeric value 'bad' is not recognized"
    assert (row["first_error_line"], row["first_error_column_name"]) == (2, '"T"["A":1]')
    assert db.run("SELECT A FROM T ORDER BY A") == [(1,), (4,)]


def test_all_rows_rejected_is_load_failed(table, stage):
    """A file whose rows were all rejected is LOAD_FAILED even under CONTINUE; a file without rows is LOADED."""
    stage.put("a.csv", "x,x\n")
    stage.put("b.csv", "")
    rows = stage.copy(table, "ON_ERROR = CONTINUE")
    assert [row["status"] for row in rows] == ["LOAD_FAILED", "LOADED"]


@pytest.mark.parametrize(
    ("policy", "statuses"),
    [
        ("SKIP_FILE", ["LOADED", "LOAD_FAILED", "LOAD_FAILED"]),
        ("SKIP_FILE_2", ["LOADED", "PARTIALLY_LOADED", "LOAD_FAILED"]),
        ("SKIP_FILE_3", ["LOADED", "PARTIALLY_LOADED", "PARTIALLY_LOADED"]),
        ("'SKIP_FILE_25%'", ["LOADED", "PARTIALLY_LOADED", "LOAD_FAILED"]),
        ("'SKIP_FILE_50%'", ["LOADED", "PARTIALLY_LOADED", "PARTIALLY_LOADED"]),
    ],
)
def test_skip_file(table, stage, policy, statuses):
    """SKIP_FILE_<n> skips at n errors, SKIP_FILE_<n>% where the share exceeds n percent."""
    stage.put("a.csv", "1,x\n2,x\n3,x\n4,x\n")
    stage.put("b.csv", "1,x\n2,x\n3,x\nbad,x\n")
    stage.put("c.csv", "1,x\n2,x\nbad,x\nbad,x\n")
    assert [row["status"] for row in stage.copy(table, f"ON_ERROR = {policy}")] == statuses


def test_failed_files_may_be_loaded_later(db, table, stage):
    """A LOAD_FAILED file is not known as loaded."""
    stage.put("a.csv", "bad,x\n")
    stage.copy(table, "ON_ERROR = SKIP_FILE")
    db.run("ALTER TABLE T RENAME COLUMN A TO A0")
    db.run("ALTER TABLE T ADD COLUMN A VARCHAR")
    db.run("COPY INTO T (A, B) FROM @ST")
    assert db.run("SELECT A FROM T") == [("bad",)]


def test_loaded_files_are_skipped(db, table, stage):
    """A loaded file is skipped; it shows as LOAD_SKIPPED only where FILES names it; FORCE loads it again."""
    stage.put("a.csv", "1,x\n")
    stage.copy(table)
    assert stage.copy(table) == [{"status": ZERO_FILES}]
    assert [row["status"] for row in stage.copy(table, "FILES = ('a.csv')")] == ["LOAD_SKIPPED"]
    assert [row["status"] for row in stage.copy(table, "FORCE = FALSE FILES = ('a.csv')")] == ["LOAD_SKIPPED"]
    stage.copy(table, "FORCE = TRUE")
    assert db.value("SELECT COUNT(*) FROM T") == 2


def test_parallel_copies_do_not_load_the_same_file(db, other, table, stage):
    """A file that an open transaction loads is skipped by others until that has ended (parallel COPY statements)."""
    stage.put("a.csv", "1,x\n")
    db.run("BEGIN")
    assert stage.copy("T")[0]["status"] == "LOADED"
    assert other.run("COPY INTO T FROM @ST") == [("Copy executed with 0 files processed.",)]
    db.run("ROLLBACK")
    assert other.run("COPY INTO T FROM @ST")[0][1] == "LOADED"
    assert db.value("SELECT COUNT(*) FROM T") == 1


def test_a_changed_file_is_loaded_again(db, table, stage):
    """A file with a new checksum is loaded again."""
    stage.put("a.csv", "1,x\n")
    stage.copy(table)
    stage.put("a.csv", "2,x\n")
    stage.copy(table)
    assert db.run("SELECT A FROM T ORDER BY A") == [(1,), (2,)]


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ("DELETE FROM T", False),
        ("ALTER TABLE T RENAME TO T0; ALTER TABLE T0 RENAME TO T", False),
        ("TRUNCATE TABLE T", True),
        ("INSERT OVERWRITE INTO T SELECT 1, 'x'", True),
        ("CREATE OR REPLACE TABLE T (A INT, B VARCHAR(5))", True),
        ("DROP TABLE T; CREATE TABLE T (A INT, B VARCHAR(5))", True),
        ("CREATE TABLE U CLONE T; DROP TABLE T; ALTER TABLE U RENAME TO T", True),
    ],
)
def test_what_the_load_metadata_survives(db, table, stage, change, again):
    """Load metadata survives DELETE and RENAME; TRUNCATE, CREATE OR REPLACE, DROP and CLONE do not keep it."""
    stage.put("a.csv", "1,x\n")
    stage.copy(table)
    for statement in change.split("; "):
        db.run(statement)
    (row,) = stage.copy(table)
    assert row["status"] == ("LOADED" if again else ZERO_FILES)


def test_rollback_undoes_rows_and_load_metadata(db, table, stage):
    """A rolled-back COPY leaves neither rows nor a load record (info-schema/load_history)."""
    stage.put("a.csv", "1,x\n")
    db.run("BEGIN")
    stage.copy(table)
    db.run("ROLLBACK")
    assert db.run("SELECT * FROM INFORMATION_SCHEMA.LOAD_HISTORY WHERE SCHEMA_NAME = CURRENT_SCHEMA()") == []
    assert stage.copy(table)[0]["status"] == "LOADED"


def test_histories(db, table, stage):
    """LOAD_HISTORY and COPY_HISTORY tell what was loaded and what failed."""
    stage.put("a.csv", "1,x\nbad,y\n")
    stage.copy(table, "ON_ERROR = CONTINUE")
    (row,) = db.records("SELECT * FROM INFORMATION_SCHEMA.LOAD_HISTORY WHERE SCHEMA_NAME = CURRENT_SCHEMA()")
    assert (row["TABLE_NAME"], row["STATUS"], row["ROW_COUNT"], row["ROW_PARSED"]) == ("T", "PARTIALLY_LOADED", 1, 2)
    call = "INFORMATION_SCHEMA.COPY_HISTORY(TABLE_NAME => 'T', START_TIME => DATEADD(hour, -1, CURRENT_TIMESTAMP()))"
    (row,) = db.records(f"SELECT * FROM TABLE({call})")
    assert (row["FILE_NAME"], row["STATUS"], row["ERROR_COUNT"]) == ("a.csv", "Partially loaded", 1)
    assert row["FIRST_ERROR_MESSAGE"] == "Numeric value 'bad' is not recognized"


def test_purge_removes_loaded_files_only(table, stage):
    """PURGE removes the files of a successful load, not the failed ones."""
    stage.put("a.csv", "1,x\n")
    stage.put("b.csv", "bad,x\n")
    stage.copy(table, "ON_ERROR = SKIP_FILE PURGE = FALSE FORCE = TRUE")
    assert stage.names() == ["a.csv", "b.csv"]
    stage.copy(table, "ON_ERROR = SKIP_FILE PURGE = TRUE FORCE = TRUE")
    assert stage.names() == ["b.csv"]


def test_size_limit_stops_after_the_file_that_passes_it(table, stage):
    """SIZE_LIMIT stops starting files once it is exceeded; at least one is loaded."""
    for name in "abc":
        stage.put(f"{name}.csv", "1,x\n" * 10)
    assert names(stage.copy(table, "SIZE_LIMIT = 1")) == ["a.csv"]
    assert names(stage.copy(table, "SIZE_LIMIT = 41 FORCE = TRUE")) == ["a.csv", "b.csv"]


def test_return_failed_only(table, stage):
    """RETURN_FAILED_ONLY returns the files that failed."""
    stage.put("a.csv", "1,x\n")
    stage.put("b.csv", "bad,x\n")
    assert names(stage.copy(table, "ON_ERROR = CONTINUE RETURN_FAILED_ONLY = TRUE")) == ["b.csv"]


def test_length_is_enforced_or_cut(db, table, stage):
    """ENFORCE_LENGTH, the default, refuses a longer text; TRUNCATECOLUMNS cuts it."""
    stage.put("a.csv", "1,toolong\n")
    db.fails("COPY INTO T FROM @ST", 100074)
    stage.copy(table, "TRUNCATECOLUMNS = TRUE")
    stage.copy(table, "ENFORCE_LENGTH = FALSE FORCE = TRUE")
    assert db.run("SELECT B FROM T") == [("toolo",), ("toolo",)]


def test_number_of_columns(db, table, stage):
    """A differing number of columns is an error, or ignored on demand: surplus dropped, missing NULL."""
    stage.put("a.csv", "1,x,more\n")
    stage.put("b.csv", "2\n")
    message = db.fails("COPY INTO T FROM @ST", 100080)
    assert "Number of columns in file (3) does not match that of the corresponding table (2)" in message
    stage.copy(table, "FILE_FORMAT = (ERROR_ON_COLUMN_COUNT_MISMATCH = FALSE)")
    assert db.run("SELECT * FROM T ORDER BY A") == [(1, "x"), (2, None)]


def test_records_of_one_file_have_one_length(db, table, stage):
    """A file of records of varying length is an error whatever ERROR_ON_COLUMN_COUNT_MISMATCH says."""
    stage.put("a.csv", "1,x\n2\n")
    db.fails("COPY INTO T FROM @ST FILE_FORMAT = (ERROR_ON_COLUMN_COUNT_MISMATCH = FALSE)", 100080)
    assert db.value("SELECT COUNT(*) FROM T") == 0


def test_column_list(db, stage):
    """A column list reorders; columns left out take their default or NULL; no name twice."""
    db.run("CREATE TABLE T (A INT, B VARCHAR, C INT DEFAULT 7)")
    stage.put("a.csv", "x,1\n")
    db.run("COPY INTO T (B, A) FROM @ST")
    assert db.run("SELECT * FROM T") == [(1, "x", 7)]
    db.fails("COPY INTO T (A, A) FROM @ST")
    db.fails("COPY INTO T (A, NOPE) FROM @ST", 904)


def test_not_null_in_a_file(db, stage):
    """NULL for a NOT NULL column is an error with this text (sql/copy-into-table, examples)."""
    db.run("CREATE TABLE T (A INT, B VARCHAR NOT NULL)")
    stage.put("a.csv", "1,x\n2,\n")
    assert "Use quotes if an empty field" in db.fails("COPY INTO T FROM @ST", 100088)


def test_json_text_straight_into_variant_is_refused(db, stage):
    """What plain COPY makes of text for a VARIANT is not documented: refused, PARSE_JSON is the way."""
    db.run("CREATE TABLE T (V VARIANT)")
    stage.put("a.csv", "1\n")
    assert "PARSE_JSON" in db.fails("COPY INTO T FROM @ST")
    db.run("COPY INTO T FROM (SELECT PARSE_JSON($1) FROM @ST)")
    assert db.value("SELECT V FROM T") == "1"


def test_validation_mode(db, table, stage):
    """VALIDATION_MODE returns errors or rows and loads nothing (sql/copy-into-table, examples)."""
    stage.put("a.csv", "1,x\nbad,y\n3,toolong\n")
    rows = db.records("COPY INTO T FROM @ST VALIDATION_MODE = 'RETURN_ERRORS'")
    assert [(row["LINE"], row["COLUMN_NAME"]) for row in rows] == [(2, '"T"["A":1]'), (3, '"T"["B":2]')]
    assert db.run("COPY INTO T FROM @ST VALIDATION_MODE = RETURN_1_ROWS") == [(1, "x")]
    db.fails("COPY INTO T FROM @ST VALIDATION_MODE = RETURN_2_ROWS", 100038)
    db.fails("COPY INTO T FROM (SELECT $1, $2 FROM @ST) VALIDATION_MODE = RETURN_ERRORS")
    assert db.value("SELECT COUNT(*) FROM T") == 0


def test_transformation(db, stage):
    """A SELECT list reorders, omits and converts fields; metadata columns may be selected (data-load-transform)."""
    db.run("CREATE TABLE T (N NUMBER(10,2), D DATE, S VARCHAR, V VARIANT, R INT, F VARCHAR)")
    stage.put("a.csv", "skip|2024-02-29|1.005|a\nskip||2|b\n")
    db.run(
        "COPY INTO T FROM (SELECT t.$3, TO_DATE($2, 'YYYY-MM-DD'), NVL($4, 'x') || '!', PARSE_JSON('[' || $3 || ']'), "
        "METADATA$FILE_ROW_NUMBER, METADATA$FILENAME FROM @ST t) FILE_FORMAT = (FIELD_DELIMITER = '|')"
    )
    rows = db.run("SELECT N, D::VARCHAR, S, V[0]::NUMBER(10,3), R, SPLIT_PART(F, '/', -1) FROM T ORDER BY R")
    assert rows == [
        (Decimal("1.01"), "2024-02-29", "a!", Decimal("1.005"), 1, "a.csv"),
        (Decimal("2.00"), None, "b!", Decimal("2.000"), 2, "a.csv"),
    ]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT UPPER($1), $2 FROM @ST", "SELECT LOWER($1), $2 FROM @ST", "SELECT COALESCE($1, '1'), $2 FROM @ST",
        "SELECT TRY_PARSE_JSON($1), $2 FROM @ST", "SELECT CURRENT_TIMESTAMP(), $2 FROM @ST",
        "SELECT $1, $2 FROM @ST WHERE $1 > 0", "SELECT $1, $2 FROM @ST ORDER BY 1", "SELECT $1, $2 FROM @ST LIMIT 1",
        "SELECT $1, COUNT(*) FROM @ST GROUP BY $1", "SELECT a.$1, b.$1 FROM @ST a, @ST b",
        "SELECT DISTINCT $1, $2 FROM @ST", "SELECT (SELECT 1), $2 FROM @ST",
        "SELECT IFF(EXISTS (SELECT 1 FROM T), 1, 2), $2 FROM @ST",
        "SELECT IFF($1 IN (SELECT ID FROM T), 1, 2), $2 FROM @ST",
        "SELECT ROW_NUMBER() OVER (ORDER BY $1), $2 FROM @ST",
        "SELECT $1 FROM @ST", "SELECT $1, NAME FROM @ST", "SELECT 1, 'x'", "SELECT * FROM @ST",
    ],
)  # fmt: skip
def test_what_a_transformation_may_not_contain(db, table, stage, query):
    """No WHERE, ORDER BY, LIMIT, GROUP BY, JOIN; only the listed functions (data-load-transform)."""
    stage.put("a.csv", "1,x\n")
    db.fails(f"COPY INTO T FROM ({query})")


def test_number_of_columns_does_not_matter_to_a_transformation(db, table, stage):
    """ERROR_ON_COLUMN_COUNT_MISMATCH is ignored with a transformation (data-load-transform)."""
    stage.put("a.csv", "1,x,y,z\n2\n")
    db.run("COPY INTO T FROM (SELECT $1, $4 FROM @ST)")
    assert db.run("SELECT * FROM T ORDER BY A") == [(1, "z"), (2, None)]


def test_formats_of_a_file_do_not_reach_explicit_conversions(db, stage):
    """TO_DATE in a transformation ignores the file format's DATE_FORMAT (data-load-transform)."""
    db.run("CREATE TABLE T (D DATE)")
    stage.put("a.csv", "29.02.2024\n")
    db.run("COPY INTO T FROM @ST FILE_FORMAT = (DATE_FORMAT = 'DD.MM.YYYY')")
    db.fails("COPY INTO T FROM (SELECT TO_DATE($1) FROM @ST) FILE_FORMAT = (DATE_FORMAT = 'DD.MM.YYYY') FORCE = TRUE")
    assert db.value("SELECT D::VARCHAR FROM T") == "2024-02-29"


def _raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-15)
    return made.compress(data) + made.flush()


_CODECS = {
    "GZIP": gzip.compress, "BZ2": bz2.compress, "ZSTD": zstandard.ZstdCompressor().compress, "DEFLATE": zlib.compress,
    "RAW_DEFLATE": _raw_deflate, "NONE": bytes,
}  # fmt: skip


@pytest.mark.parametrize("codec", _CODECS)
def test_compressions(db, table, stage, codec):
    """Each COMPRESSION is read; a damaged file is an error."""
    body = _CODECS[codec](b"1,x\n2,y\n")
    stage.put("a.csv", body)
    stage.copy(table, f"FILE_FORMAT = (COMPRESSION = {codec})")
    assert db.value("SELECT COUNT(*) FROM T") == 2
    if codec != "NONE":
        stage.put("a.csv", body[:-3])
        db.fails(f"COPY INTO T FROM @ST FILE_FORMAT = (COMPRESSION = {codec})", 100085)


@pytest.mark.parametrize("codec", ["GZIP", "BZ2", "ZSTD", "NONE"])
def test_compression_is_found_out(db, table, stage, codec):
    """COMPRESSION = AUTO, the default, tells by the content."""
    stage.put("a.csv", _CODECS[codec](b"1,x\n"))
    stage.copy(table)
    assert db.run("SELECT * FROM T") == [(1, "x")]


@pytest.mark.roles
def test_url_needs_rights_of_its_own(config, db, table, stage):
    """COPY from a URL uses the integration or keys it names; a named stage takes neither."""
    stage.put("a.csv", "1,x\n")
    keys = f"AWS_KEY_ID = '{config['aws_access_key_id']}' AWS_SECRET_KEY = '{config['aws_secret_access_key']}'"
    db.run(f"COPY INTO T FROM '{stage.url}' CREDENTIALS = ({keys})")
    db.run(f"COPY INTO T FROM '{stage.url}' STORAGE_INTEGRATION = {config['storage_integration']} FORCE = TRUE")
    assert db.value("SELECT COUNT(*) FROM T") == 2
    db.fails(f"COPY INTO T FROM '{stage.url}'")
    db.fails(
        f"COPY INTO T FROM '{stage.url}' CREDENTIALS = (AWS_KEY_ID = 'AKIAXXXXXXXXXXXXXXXX' AWS_SECRET_KEY = 'no')",
        91003,
    )


@pytest.mark.roles
def test_who_reads_a_stage_needs_the_bucket(config, db, table, stage, s3):
    """The files are named, and yet the bucket has to be listed and asked where it is."""
    iam, name = s3.client("admin", "iam"), f"reader{config['default_target_schema']}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = f"AWS_KEY_ID = '{key['AccessKeyId']}' AWS_SECRET_KEY = '{key['SecretAccessKey']}'"
    stage.put("a.csv", "1,x\n")
    copy = f"COPY INTO T FROM '{stage.url}' CREDENTIALS = ({keys}) FILES = ('a.csv')"
    rights = {"s3:GetObject": f"{s3.bucket}/*", "s3:ListBucket": s3.bucket, "s3:GetBucketLocation": s3.bucket}
    for count in (1, 2, 3):
        allowed = [
            {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:s3:::{on}"}
            for action, on in list(rights.items())[:count]
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=policy)
        if count < len(rights):
            db.fails(copy, 91003)
    db.run(copy)
    assert db.value("SELECT COUNT(*) FROM T") == 1


def test_copy_into_a_location_is_refused(db, stage):
    """Unloading is not part of the stand-in."""
    db.fails("COPY INTO @ST FROM (SELECT 1)")


def test_zero_rows_and_header_only(db, table, stage):
    """SKIP_HEADER skips lines whatever stands in them."""
    stage.put("a.csv", 'id,"na\nme"\n')
    assert stage.copy(table, "FILE_FORMAT = (SKIP_HEADER = 2)")[0]["rows_parsed"] == 0


@pytest.mark.long
def test_default_length_is_16_million_characters(db, stage):
    """VARCHAR without a length takes 16,777,216 characters, one more is an error (data-types-text)."""
    db.run("CREATE TABLE T (A VARCHAR)")
    stage.put("a.csv", gzip.compress(b"a" * 16_777_216, 1))
    stage.copy("T")
    assert db.value("SELECT LENGTH(A) FROM T") == 16_777_216
    stage.put("a.csv", gzip.compress(b"a" * 16_777_217, 1))
    db.fails("COPY INTO T FROM @ST", 100074)


def test_uncertain_files_are_skipped():
    """A file older than 64 days is skipped once the table's first load is older too, unless the COPY says otherwise."""
    from types import SimpleNamespace

    from local_warehouse.s3.objects import Found
    from local_warehouse.snowflake.copy.copy_into import UNCERTAIN_SECONDS, CopyJob, Options

    now = time.time()
    old = now - UNCERTAIN_SECONDS - 86_400

    def skipped(known: dict[str, tuple[str, float]], modified: float, **options: object) -> bool:
        job = CopyJob.__new__(CopyJob)
        job.copy = Options(options)
        job.location = SimpleNamespace(url=lambda key: key)
        return job._skip(Found("a", 1, "etag", modified), known)

    assert not skipped({}, old)
    assert skipped({"other": ("x", old)}, old)
    assert not skipped({"other": ("x", old)}, now)
    assert not skipped({"other": ("x", now)}, old)
    assert not skipped({"other": ("x", old)}, old, LOAD_UNCERTAIN_FILES="TRUE")
    assert not skipped({"other": ("x", old)}, old, FORCE="TRUE")
    assert skipped({"a": ("etag", now)}, now, LOAD_UNCERTAIN_FILES="TRUE")
    assert not skipped({"a": ("etag", old)}, now)  # what was known of it has expired
