"""COPY and its system tables: rows 38 to 61 of the list of behaviours in docs/stand-ins-redshift.md.

How fields are read is in the vectors; here stand sources, credentials, errors and what COPY leaves behind.
"""

from __future__ import annotations

import bz2
import gzip
import json
from typing import Any

import psycopg2
import pytest
import zstandard

from tests.conformance.redshift.conftest import Config, Db, Stage
from tests.conftest import S3

FAILED = "Load into table 't' failed.  Check "
ERRORS = (
    "SELECT trim(file_name), line_number, trim(column_name), error_code, trim(error_message) FROM sys_load_error_detail"
)


@pytest.fixture
def table(db: Db) -> Db:
    db.run("CREATE TABLE t (a INT, b VARCHAR(10))")
    return db


def load(db: Db, stage: Stage, url: str, options: str = "") -> list[tuple[Any, ...]]:
    db.run(f"COPY t FROM '{url}' {stage.role} {options}")
    return db.run("SELECT * FROM t ORDER BY 1, 2")


def test_source_is_a_key_prefix(table: Db, stage: Stage) -> None:
    """Row 38, copy-parameters-data-source-s3: every object whose key begins so is loaded."""
    for name in ("part_1", "part_10", "part_2", "other"):
        stage.put(f"1|{name}\n", name)
    assert load(table, stage, stage.url("part_1")) == [(1, "part_1"), (1, "part_10")]


def test_no_object_is_an_error(table: Db, stage: Stage) -> None:
    """Row 38: a prefix without objects is an error, not an empty load."""
    error = table.error(f"COPY t FROM '{stage.url('nothing')}' {stage.role}")
    assert isinstance(error, psycopg2.InternalError)
    assert "The specified S3 prefix" in str(error)
    assert "does not exist" in str(error)


def test_manifest_lists_whole_keys(table: Db, stage: Stage) -> None:
    """Row 39, loading-data-files-using-manifest: whole keys only; a file listed twice is loaded twice."""
    one, ten = stage.put("1|x\n", "m_1"), stage.put("10|x\n", "m_10")
    assert load(table, stage, stage.manifest(one), "MANIFEST") == [(1, "x")]
    assert load(table, stage, stage.manifest(ten, ten), "MANIFEST") == [(1, "x"), (10, "x"), (10, "x")]


def test_manifest_mandatory(table: Db, stage: Stage) -> None:
    """Row 39: a missing file stops COPY only if it is mandatory, which it is not by default."""
    there, gone = stage.put("1|x\n"), stage.url("gone")
    by_default = stage.put(json.dumps({"entries": [{"url": there}, {"url": gone}], "author": "x"}))
    assert load(table, stage, by_default, "MANIFEST") == [(1, "x")]
    error = table.error(f"COPY t FROM '{stage.manifest(there, gone)}' {stage.role} MANIFEST")
    assert "NoSuchKey" in str(error)
    assert table.value("SELECT count(*) FROM t") == 1


@pytest.mark.parametrize(
    "body",
    [
        '{"entries":[]}',
        "not json",
        "[]",
        '{"entries":[{"key":"x"}]}',
        '{"entries":[{"url":"s3://%s/gone"}]}',
        '{"entries":{}}',
    ],
)
def test_manifest_without_files_is_an_error(table: Db, stage: Stage, body: str) -> None:
    """Row 39: COPY ends with an error when the manifest is none, or when no file at all is found."""
    url = stage.put(body.replace("%s", f"{stage.bucket}/{stage.prefix}"))
    assert isinstance(table.error(f"COPY t FROM '{url}' {stage.role} MANIFEST"), psycopg2.InternalError)


def test_manifest_is_data_without_the_word(table: Db, stage: Stage) -> None:
    """Row 39: without MANIFEST the manifest itself is read as data."""
    url = stage.manifest(stage.put("1|x\n"))
    assert FAILED in str(table.error(f"COPY t FROM '{url}' {stage.role}"))


def test_other_region_is_refused(table: Db, stage: Stage) -> None:
    """Row 40, copy-parameters-data-source-s3: the bucket must be in the region that is named."""
    url = stage.put("1|x\n")
    error = table.error(f"COPY t FROM '{url}' {stage.role} REGION 'eu-west-1'")
    assert isinstance(error, psycopg2.InternalError)
    region = stage.config["s3_region"]
    assert load(table, stage, url, f"REGION AS '{region}'") == [(1, "x")]


@pytest.mark.parametrize(
    "credentials",
    [
        "",
        "ACCESS_KEY_ID 'x'",
        "IAM_ROLE 'arn:aws:iam::123456789012:role/x' ACCESS_KEY_ID 'x' SECRET_ACCESS_KEY 'y'",
        "CREDENTIALS 'password=x'",
        "IAM_ROLE 'not-an-arn'",
        "SESSION_TOKEN 'x'",
    ],
)
def test_authorization_is_required(table: Db, stage: Stage, credentials: str) -> None:
    """Row 41, copy-parameters-authorization: a role or keys, whole, and not both."""
    table.error(f"COPY t FROM '{stage.put('1|x')}' {credentials}")
    assert table.value("SELECT count(*) FROM t") == 0


def _keys(config: Config) -> tuple[str, str]:
    return config["aws_access_key_id"], config["aws_secret_access_key"]


@pytest.mark.roles
def test_keys_of_the_statement(table: Db, stage: Stage) -> None:
    """Row 41, copy-parameters-authorization: keys, as clauses or as one CREDENTIALS string, read S3."""
    url, (key, secret) = stage.put("1|x\n"), _keys(stage.config)
    table.run(f"COPY t FROM '{url}' ACCESS_KEY_ID '{key}' SECRET_ACCESS_KEY '{secret}'")
    table.run(f"COPY t FROM '{url}' CREDENTIALS 'aws_access_key_id={key};aws_secret_access_key={secret}'")
    table.run(f"COPY t FROM '{url}' WITH CREDENTIALS AS 'aws_iam_role={stage.config['iam_role']}'")
    assert table.value("SELECT count(*) FROM t") == 3


def test_wrong_secret(table: Db, stage: Stage) -> None:
    """Row 41: S3 is read with exactly the keys of the statement, and its refusal is passed on; no secret is shown."""
    url, (key, _) = stage.put("1|x\n"), _keys(stage.config)
    error = str(table.error(f"COPY t FROM '{url}' ACCESS_KEY_ID '{key}' SECRET_ACCESS_KEY 'no-such-secret'"))
    assert "S3ServiceException" in error
    assert "SignatureDoesNotMatch" in error
    assert "no-such-secret" not in error


@pytest.mark.roles
def test_role_without_rights(stand_in: Any, table: Db, stage: Stage) -> None:
    """Row 41: a role that may not read the bucket fails with S3's AccessDenied."""
    role = stage.config["iam_role"].replace("redshift-copy", "no-access")
    error = table.error(f"COPY t FROM '{stage.put('1|x')}' IAM_ROLE '{role}'")
    assert isinstance(error, psycopg2.InternalError)
    assert "Status 403,Error AccessDenied" in str(error)


@pytest.mark.roles
def test_a_manifest_needs_the_right_to_list(stand_in: Any, s3: S3, table: Db, stage: Stage) -> None:
    """Row 78: COPY needs s3:ListBucket beside s3:GetObject, also where a manifest names the files."""
    iam, name = s3.client("admin", "iam"), f"reader{stage.prefix.rpartition('/')[2]}"
    iam.create_user(UserName=name)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = f"ACCESS_KEY_ID '{key['AccessKeyId']}' SECRET_ACCESS_KEY '{key['SecretAccessKey']}'"
    manifest = stage.manifest(stage.put("1|x\n"))
    rights = {"s3:GetObject": f"{s3.bucket}/*", "s3:ListBucket": s3.bucket}
    for count in (1, 2):
        allowed = [
            {"Effect": "Allow", "Action": action, "Resource": f"arn:aws:s3:::{on}"}
            for action, on in list(rights.items())[:count]
        ]
        policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=policy)
        if count == 1:
            assert "Error AccessDenied" in str(table.error(f"COPY t FROM '{manifest}' {keys} MANIFEST"))
    table.run(f"COPY t FROM '{manifest}' {keys} MANIFEST")
    assert table.value("SELECT count(*) FROM t") == 1


@pytest.mark.roles
def test_role_that_does_not_exist(stand_in: Any, table: Db, stage: Stage) -> None:
    """Row 41: a role that cannot be assumed is named in the error."""
    role = stage.config["iam_role"] + "-none"
    error = table.error(f"COPY t FROM '{stage.put('1|x')}' IAM_ROLE '{role}'")
    assert "is not authorized to assume IAM Role" in str(error)
    assert role in str(error)


@pytest.mark.roles
def test_role_chain_and_default_role(stand_in: Any, table: Db, stage: Stage) -> None:
    """Row 41: roles are assumed one after the other; `default` is the role of the cluster."""
    url, role = stage.put("1|x\n"), stage.config["iam_role"]
    gate = role.replace("redshift-copy", "redshift-gate")
    table.run(f"COPY t FROM '{url}' IAM_ROLE '{gate},{role}'")
    table.run(f"COPY t FROM '{url}' IAM_ROLE default")
    assert table.value("SELECT count(*) FROM t") == 2
    assert "AccessDenied" in str(table.error(f"COPY t FROM '{url}' IAM_ROLE '{gate}'"))


def test_bucket_that_does_not_exist(table: Db, stage: Stage) -> None:
    """Row 38: a bucket that is not there is S3's error."""
    assert "S3ServiceException" in str(table.error(f"COPY t FROM 's3://no-such-bucket-here/x' {stage.role}"))


@pytest.mark.parametrize(
    ("option", "compress"),
    [
        ("", bytes),
        ("GZIP", gzip.compress),
        ("GZIP", lambda data: gzip.compress(data[:4]) + gzip.compress(data[4:])),
        ("ZSTD", lambda data: zstandard.ZstdCompressor().compress(data)),
        ("ZSTD", lambda data: b"".join(zstandard.ZstdCompressor().compress(part) for part in (data[:4], data[4:]))),
        ("BZIP2", bz2.compress),
    ],
    ids=["plain", "gzip", "two gzip members", "zstd", "two zstd frames", "bzip2"],
)
def test_compression_is_named(table: Db, stage: Stage, option: str, compress: Any) -> None:
    """Row 60, copy-parameters-file-compression: the named compression applies, the file's name says nothing."""
    assert load(table, stage, stage.put(compress(b"1|x\n2|y\n"), "data.lzo"), option) == [(1, "x"), (2, "y")]


@pytest.mark.parametrize("option", ["", "GZIP", "ZSTD", "BZIP2"])
def test_wrong_compression_fails(table: Db, stage: Stage, option: str) -> None:
    """Row 60: nothing is guessed, neither from the name nor from the content."""
    body = gzip.compress(b"1|x\n") if option != "GZIP" else b"1|x\n"
    table.error(f"COPY t FROM '{stage.put(body, 'data.gz')}' {stage.role} {option}")
    assert table.value("SELECT count(*) FROM t") == 0


def test_cut_gzip_fails(table: Db, stage: Stage) -> None:
    """Row 60: a compressed file that ends early is an error, not a shorter load."""
    body = gzip.compress(b"".join(b"%d|x\n" % n for n in range(1000)))
    table.error(f"COPY t FROM '{stage.put(body[:-20])}' {stage.role} GZIP")
    assert table.value("SELECT count(*) FROM t") == 0


def test_rollback_undoes_copy(table: Db, other: Db, stage: Stage) -> None:
    """r_COPY: COPY belongs to the open transaction; others see its rows after COMMIT only."""
    url = stage.put("1|x\n")
    table.run("BEGIN")
    load(table, stage, url)
    assert other.run("SELECT * FROM t") == []
    table.run("ROLLBACK")
    assert table.run("SELECT * FROM t") == []
    table.run("BEGIN")
    load(table, stage, url)
    table.run("COMMIT")
    assert other.run("SELECT * FROM t") == [(1, "x")]


def test_failed_copy_fails_the_block(table: Db, stage: Stage) -> None:
    """Row 55: the error is an InternalError with Redshift's text; the block has failed; nothing is loaded."""
    table.run("BEGIN")
    table.run("INSERT INTO t VALUES (1, 'before')")
    error = table.error(f"COPY t FROM '{stage.put('1|x|2')}' {stage.role}")
    assert isinstance(error, psycopg2.InternalError)
    assert error.diag.message_primary.startswith(FAILED)
    assert table.error("SELECT 1").pgcode == "25P02"
    table.run("ROLLBACK")
    assert table.run("SELECT * FROM t") == []


def test_errors_survive_the_rollback(table: Db, stage: Stage) -> None:
    """Row 57, r_STL_LOAD_ERRORS: object, line in that object, column; the rows stay after ROLLBACK."""
    good, bad = stage.put("1|x\n2|y\n"), stage.put("3|z\n4|w\nfive|v\n")
    table.run("BEGIN")
    table.error(f"COPY t FROM '{stage.manifest(good, bad)}' {stage.role} MANIFEST")
    table.run("ROLLBACK")
    found = table.run(f"{ERRORS} WHERE file_name = '{bad}'")
    assert found == [(bad, 3, "a", 1207, "Invalid digit, Value 'f', Pos 0, Type: Integer")]


def test_line_numbers_count_lines_not_records(table: Db, stage: Stage) -> None:
    """Row 57: with newlines inside quotes the line is the record's first line in its file."""
    url = stage.put('1,"x\ny"\n2,"\n\n"\nbad,"z"\n')
    table.error(f"COPY t FROM '{url}' {stage.role} CSV")
    assert table.run(f"{ERRORS} WHERE file_name = '{url}'")[0][1] == 6


@pytest.mark.clusters
def test_stl_load_errors_is_blank_padded(table: Db, stage: Stage) -> None:
    """Row 57, r_STL_LOAD_ERRORS: COPY names it; its CHAR columns are padded, so that queries need trim."""
    url = stage.put("x|é\n")
    error = str(table.error(f"COPY t FROM '{url}' {stage.role}"))
    assert f"{FAILED}'stl_load_errors' system table for details." in error
    columns = "octet_length(filename), octet_length(colname), octet_length(type), octet_length(err_reason)"
    where = f"FROM stl_load_errors WHERE trim(filename) = '{url}'"
    assert table.run(f"SELECT {columns} {where}") == [(256, 127, 10, 100)]
    assert table.run(f"SELECT trim(raw_line), trim(raw_field_value), trim(type), tbl > 0, session {where}") == [
        ("x|.", "x", "int4", True, table.pid)
    ]


def test_sys_load_error_detail(table: Db, stage: Stage) -> None:
    """Row 58, SYS_LOAD_ERROR_DETAIL: the same errors, for serverless too."""
    url = stage.put("1|x\n2|much too long for it\n")
    table.error(f"COPY t FROM '{url}' {stage.role}")
    found = table.run(
        "SELECT trim(file_name), line_number, trim(column_name), trim(column_type), trim(column_length), error_code,"
        f" trim(error_message), session_id FROM sys_load_error_detail WHERE file_name = '{url}'"
    )
    assert found == [(url, 2, "b", "varchar", "10", 1204, "String length exceeds DDL length", table.pid)]


def test_pg_last_copy_count(table: Db, other: Db, stage: Stage) -> None:
    """Row 59, PG_LAST_COPY_COUNT: per session; 0 after a failed load; unchanged after a syntax error."""
    assert table.value("SELECT pg_last_copy_count()") == 0
    load(table, stage, stage.put("1|x\n2|y\n"))
    assert table.value("SELECT pg_last_copy_count()") == 2
    assert other.value("SELECT pg_last_copy_count()") == 0
    table.error("COPY t FROM 's3://x/y' NO SUCH OPTION")
    table.error(f"COPY no_such_table FROM '{stage.url('x')}' {stage.role}")
    assert table.value("SELECT pg_last_copy_count()") == 2
    table.error(f"COPY t FROM '{stage.put('x|y')}' {stage.role}")
    assert table.value("SELECT pg_last_copy_count()") == 0


def test_success_notice_and_tag(table: Db, stage: Stage) -> None:
    """Row 61: the tag is COPY without a count, rowcount is -1, a notice tells the number."""
    table.connection.notices.clear()
    with table.connection.cursor() as cursor:
        cursor.execute(f"COPY t FROM '{stage.put('1|x')}' {stage.role}")
        assert (cursor.statusmessage, cursor.rowcount) == ("COPY", -1)
    notice = "INFO:  Load into table 't' completed, 1 record(s) loaded successfully.\n"
    assert table.connection.notices == [notice]


@pytest.mark.parametrize(("option", "loads"), [("MAXERROR 3", True), ("MAXERROR 2", False), ("IGNOREALLERRORS", True)])
def test_maxerror(table: Db, stage: Stage, option: str, loads: bool) -> None:
    """Row 53, copy-parameters-data-load: fewer errors load the rest; that many fail the load."""
    url = stage.put("1|x\nbad|y\n3|z|extra\n4|w\n")
    if loads:
        assert load(table, stage, url, option) == [(1, "x"), (4, "w")]
        assert any("2 record(s) could not be loaded" in notice for notice in table.connection.notices)
        lines = [row[1:4] for row in table.run(f"{ERRORS} WHERE file_name = '{url}' ORDER BY line_number")]
        assert lines == [(2, "a", 1207), (3, "", 1202)]
    else:
        assert FAILED in str(table.error(f"COPY t FROM '{url}' {stage.role} {option}"))
        assert table.run("SELECT * FROM t") == []


def test_maxerror_limit(table: Db, stage: Stage) -> None:
    """Row 53: MAXERROR is at most 100000, and not together with IGNOREALLERRORS."""
    url = stage.put("1|x")
    table.error(f"COPY t FROM '{url}' {stage.role} MAXERROR 100001")
    table.error(f"COPY t FROM '{url}' {stage.role} MAXERROR 5 IGNOREALLERRORS")


def test_column_list(db: Db, stage: Stage) -> None:
    """Row 54, c_loading_default_values: fields in the list's order; others take their default or NULL."""
    db.run("CREATE TABLE t (a INT, b VARCHAR(10) DEFAULT 'none', c INT, d INT IDENTITY(1,1))")
    db.run(f"COPY t (c, a) FROM '{stage.put('1|2')}' {stage.role}")
    assert db.run("SELECT a, b, c, d > 0 FROM t") == [(2, "none", 1, True)]
    db.error(f"COPY t (c) FROM '{stage.put('1|2')}' {stage.role}")
    db.error(f"COPY t (c, nowhere) FROM '{stage.put('1|2')}' {stage.role}")


def test_explicit_ids(db: Db, stage: Stage) -> None:
    """Row 26, copy-parameters-data-conversion: IDENTITY takes values from the file with EXPLICIT_IDS only."""
    db.run("CREATE TABLE t (i BIGINT IDENTITY(1,1), d BIGINT GENERATED BY DEFAULT AS IDENTITY(1,1), a INT)")
    url = stage.put("70|80|1\n")
    db.error(f"COPY t (i, d, a) FROM '{url}' {stage.role}")
    db.error(f"COPY t (d, a) FROM '{url}' {stage.role} EXPLICIT_IDS")
    db.run(f"COPY t (i, d, a) FROM '{url}' {stage.role} EXPLICIT_IDS")
    db.run(f"COPY t (d, a) FROM '{stage.put('81|2')}' {stage.role}")
    assert db.run("SELECT d, a FROM t WHERE i = 70 OR d = 81 ORDER BY a") == [(80, 1), (81, 2)]


def test_null_into_not_null(db: Db, stage: Stage) -> None:
    """Row 46, copy-parameters-data-conversion, r_ALTER_TABLE: an error, unless the column has a default."""
    db.run("CREATE TABLE t (a INT, b VARCHAR(5) NOT NULL DEFAULT 'dflt', c VARCHAR(5) NOT NULL)")
    db.run(f"COPY t FROM '{stage.put('1||x')}' {stage.role} EMPTYASNULL")
    assert db.run("SELECT * FROM t") == [(1, "dflt", "x")]
    url = stage.put("1|x|\n")
    db.error(f"COPY t FROM '{url}' {stage.role} EMPTYASNULL")
    assert db.run(f"{ERRORS} WHERE file_name = '{url}'")[0][2:4] == ("c", 1213)


@pytest.mark.parametrize("size_mb", [3, 5])
def test_row_of_4_megabytes(db: Db, stage: Stage, size_mb: int) -> None:
    """Row 50, r_COPY: an input row has at most 4 MB; TRUNCATECOLUMNS does not change that."""
    db.run("CREATE TABLE t (a INT, b VARCHAR(10))")
    sql = f"COPY t FROM '{stage.put('1|' + 'x' * (size_mb << 20))}' {stage.role} TRUNCATECOLUMNS"
    if size_mb < 4:
        db.run(sql)
        assert db.run("SELECT * FROM t") == [(1, "x" * 10)]
    else:
        assert FAILED in str(db.error(sql))


@pytest.mark.parametrize(
    "options",
    [
        "FORMAT AS PARQUET",
        "FORMAT ORC",
        "JSON 'auto'",
        "AVRO 'auto'",
        "FIXEDWIDTH 'a:1,b:2'",
        "LZOP",
        "ENCRYPTED",
        "SHAPEFILE",
        "READRATIO 50",
        "SSH",
        "NULL AS '\\0'",
    ],
)
def test_not_supported_here(stand_in: Any, table: Db, stage: Stage, options: str) -> None:
    """What Redshift can do and the stand-in cannot is refused by SQLSTATE 0A000 and a text that says so."""
    error = table.error(f"COPY t FROM '{stage.put('1|x')}' {stage.role} {options}")
    assert error.pgcode == "0A000"
    assert "not supported by the local stand-in" in str(error)


@pytest.mark.parametrize(
    "options", ["CSV ESCAPE", "CSV REMOVEQUOTES", "QUOTE '~'", "DELIMITER 'ab'", "DELIMITER 'é'", "GZIP ZSTD"]
)
def test_options_that_exclude_each_other(table: Db, stage: Stage, options: str) -> None:
    """Rows 42 and 43, copy-parameters-data-format: CSV excludes ESCAPE and REMOVEQUOTES; one ASCII delimiter."""
    table.error(f"COPY t FROM '{stage.put('1|x')}' {stage.role} {options}")
    assert table.value("SELECT count(*) FROM t") == 0


def test_noload_loads_nothing(table: Db, stage: Stage) -> None:
    """copy-parameters-data-load: NOLOAD checks the file and loads nothing."""
    assert load(table, stage, stage.put("1|x\n"), "NOLOAD") == []
    assert FAILED in str(table.error(f"COPY t FROM '{stage.put('x|y')}' {stage.role} NOLOAD"))


@pytest.mark.clusters
def test_load_history(table: Db, stage: Stage) -> None:
    """SYS_LOAD_HISTORY, SYS_LOAD_DETAIL, STL_LOAD_COMMITS: one row for a COPY, one for each of its files."""
    one, two = stage.put("1|x\n"), stage.put("2|y\n3|z\n")
    url = stage.manifest(one, two)
    load(table, stage, url, "MANIFEST")
    history = table.run(
        "SELECT trim(status), trim(table_name), loaded_rows, source_file_count, error_count"
        f" FROM sys_load_history WHERE data_source = '{url}'"
    )
    assert history == [("completed", "t", 3, 2, 0)]
    files = "SELECT trim({}), lines_scanned FROM {} WHERE {} IN ('{}', '{}') ORDER BY 2"
    for column, view in (("file_name", "sys_load_detail"), ("filename", "stl_load_commits")):
        assert table.run(files.format(column, view, column, one, two)) == [(one, 1), (two, 2)]


def test_ignoreheader_skips_in_each_file(table: Db, stage: Stage) -> None:
    """copy-parameters-data-conversion: IGNOREHEADER skips lines of every file; lines are still counted."""
    one, two = stage.put("head|er\n1|x\n"), stage.put("head|er\n2|y\nbad|z\n")
    assert load(table, stage, stage.manifest(one), "MANIFEST IGNOREHEADER 1") == [(1, "x")]
    table.error(f"COPY t FROM '{stage.manifest(one, two)}' {stage.role} MANIFEST IGNOREHEADER AS 1")
    assert table.run(f"{ERRORS} WHERE file_name = '{two}'")[0][1] == 3


def test_copy_into_a_view_or_nothing(table: Db, stage: Stage) -> None:
    """r_COPY: the target is a table that exists."""
    url = stage.put("1|x\n")
    table.run("CREATE VIEW v AS SELECT * FROM t")
    assert "is not a table" in str(table.error(f"COPY v FROM '{url}' {stage.role}"))
    assert table.error(f"COPY nowhere FROM '{url}' {stage.role}").pgcode == "42P01"


def test_temporary_table(db: Db, stage: Stage) -> None:
    """r_COPY: the target may be temporary; a load into a scratch table and its merge are one transaction."""
    db.run("CREATE TABLE t (a INT, b VARCHAR(10))")
    db.run("BEGIN")
    db.run("CREATE TEMP TABLE scratch (LIKE t INCLUDING DEFAULTS)")
    db.run(f"COPY scratch FROM '{stage.put('1|x')}' {stage.role}")
    db.run("DELETE FROM t USING scratch WHERE t.a = scratch.a")
    db.run("INSERT INTO t SELECT * FROM scratch")
    db.run("COMMIT")
    assert db.run("SELECT * FROM t") == [(1, "x")]


def test_many_records_over_several_blocks(db: Db, stage: Stage) -> None:
    """r_COPY: every record of a file of several megabytes arrives, and an error far inside is found with its line."""
    db.run("CREATE TABLE t (a INT, b VARCHAR(100))")
    lines = [f'{n}|"{"x" * (n % 90)} ""q"" |"\n' for n in range(60_000)]
    url = stage.put(gzip.compress("".join(lines).encode(), 1))
    options = "CSV DELIMITER '|' GZIP"
    db.run(f"COPY t FROM '{url}' {stage.role} {options}")
    assert db.run("SELECT count(*), sum(a), sum(len(b)) FROM t") == [
        (60_000, sum(range(60_000)), sum(n % 90 + 6 for n in range(60_000)))
    ]
    lines[54_321] = 'oops|"x"\n'
    url = stage.put(gzip.compress("".join(lines).encode(), 1))
    db.error(f"COPY t FROM '{url}' {stage.role} {options}")
    assert db.run(f"{ERRORS} WHERE file_name = '{url}'")[0][1:4] == (54_322, "a", 1207)
