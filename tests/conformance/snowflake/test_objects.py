"""Databases, schemas, stages, file formats, integrations: what is stored, shown, refused."""

from __future__ import annotations

import json
import uuid

import pytest


def test_create_schema_and_use(db, config):
    """CREATE SCHEMA makes it current; USE goes back (sql/create-schema, sql/use-schema)."""
    name = config["default_target_schema"]
    db.run(f'CREATE SCHEMA IF NOT EXISTS "{name}"')
    db.run(f'CREATE SCHEMA "{name}_2"')
    assert db.value("SELECT CURRENT_SCHEMA()") == f"{name}_2"
    db.fails(f'CREATE SCHEMA "{name}_2"', 2002)
    db.run(f'USE SCHEMA "{name}"')
    db.run(f'DROP SCHEMA "{name}_2"')
    assert [row["name"] for row in db.records(f"SHOW SCHEMAS LIKE '{name}%'")] == [name]
    db.fails("USE SCHEMA NOSUCHSCHEMA", 2003)
    db.fails("USE DATABASE NOSUCHDATABASE", 2003)


def test_information_schema_columns(db, config):
    """Types, lengths, precision, nullability and comments (info-schema/columns)."""
    db.run(
        "CREATE TABLE T (A NUMBER(10,2) NOT NULL DEFAULT 1 COMMENT 'amount', B VARCHAR(7), C TIMESTAMP_TZ(3), "
        "D VARIANT, E BINARY(9), F FLOAT)"
    )
    rows = db.run(
        "SELECT column_name, data_type, character_maximum_length, numeric_precision, numeric_scale, "
        "datetime_precision, "
        f'is_nullable, column_default, comment FROM "{config["database"]}".information_schema.columns '
        "WHERE table_schema = CURRENT_SCHEMA() AND table_name = 'T' ORDER BY ordinal_position"
    )
    assert rows == [
        ("A", "NUMBER", None, 10, 2, None, "NO", "1", "amount"),
        ("B", "TEXT", 7, None, None, None, "YES", None, None),
        ("C", "TIMESTAMP_TZ", None, None, None, 3, "YES", None, None),
        ("D", "VARIANT", None, None, None, None, "YES", None, None),
        ("E", "BINARY", 9, None, None, None, "YES", None, None),
        ("F", "FLOAT", None, None, None, None, "YES", None, None),
    ]


def test_information_schema_by_name(db, config):
    """Conditions on schema and table choose rows as on any other column, alone, joined by AND, OR, NOT, and turned."""
    schema = config["default_target_schema"]
    db.run("CREATE TABLE ONE (A INT, B INT)")
    db.run("CREATE TABLE TWO (C INT)")
    db.run("CREATE VIEW SEEN AS SELECT A FROM ONE")
    ours = f"table_schema = '{schema}'"
    for where, wanted in {
        f"{ours} AND table_name = 'ONE'": ["A", "B"],
        f"{ours} AND table_name = 'SEEN'": ["A"],
        f"{ours} AND table_name = 'one'": [],
        f"{ours} AND table_name = 'ONE' AND table_name = 'TWO'": [],
        f"{ours} AND (table_name = 'ONE' OR table_name = 'TWO')": ["A", "B", "C"],
        f"{ours} AND NOT table_name = 'ONE'": ["A", "C"],
        f"'{schema}' = table_schema AND column_name = 'C'": ["C"],
    }.items():
        rows = db.run(f"SELECT column_name FROM information_schema.columns WHERE {where} ORDER BY column_name")
        assert [name for (name,) in rows] == wanted, where
    joined = (
        "SELECT a.column_name FROM information_schema.columns a JOIN information_schema.columns b USING (column_name) "
    )
    assert db.run(
        joined + f"WHERE a.table_schema = '{schema}' AND b.table_schema = '{schema}' AND a.table_name = 'TWO'"
    ) == [("C",)]


def test_file_format_is_shown_changed_and_dropped(db):
    """CREATE, ALTER, DESC, SHOW and DROP FILE FORMAT (sql/create-file-format)."""
    db.run("CREATE FILE FORMAT F TYPE = CSV FIELD_DELIMITER = '|' NULL_IF = ('NULL', '') COMMENT = 'pipes'")
    db.run("CREATE FILE FORMAT IF NOT EXISTS F TYPE = CSV")
    db.fails("CREATE FILE FORMAT F TYPE = CSV", 2002)
    db.run("ALTER FILE FORMAT F SET SKIP_HEADER = 3")
    shown = {row["property"]: row for row in db.records("DESC FILE FORMAT F")}
    assert (shown["FIELD_DELIMITER"]["property_value"], shown["FIELD_DELIMITER"]["property_default"]) == ("|", ",")
    assert (shown["SKIP_HEADER"]["property_value"], shown["NULL_IF"]["property_value"]) == ("3", "[NULL, ]")
    assert db.records("SHOW FILE FORMATS IN SCHEMA")[0]["comment"] == "pipes"
    query = "SELECT field_delimiter, skip_header FROM information_schema.file_formats"
    assert db.run(query + " WHERE file_format_schema = CURRENT_SCHEMA()") == [("|", "3")]
    db.run("CREATE OR REPLACE FILE FORMAT F TYPE = CSV")
    db.run("DROP FILE FORMAT F")
    db.fails("DESC FILE FORMAT F", 2003)
    db.run("DROP FILE FORMAT IF EXISTS F")


@pytest.mark.parametrize(
    "options",
    [
        "NO_SUCH_OPTION = 1", "TYPE = JSON", "FIELD_OPTIONALLY_ENCLOSED_BY = 'x'", "SKIP_HEADER = -1", "ESCAPE = 'ab'",
        "RECORD_DELIMITER = 'a' FIELD_DELIMITER = 'ab'", "COMPRESSION = LZO", "ENCODING = 'NOSUCH'",
        "BINARY_FORMAT = OCTAL", "DATE_FORMAT = 'YYYY YYYY'", "TRIM_SPACE = 2", "TYPE = CSV TYPE = CSV",
    ],
)  # fmt: skip
def test_file_format_options_are_checked_when_it_is_made(db, options):
    """An unknown option or value is an error at CREATE FILE FORMAT, not at COPY."""
    db.fails(f"CREATE FILE FORMAT F {options}")
    assert db.records("SHOW FILE FORMATS IN SCHEMA") == []


@pytest.mark.roles
def test_stage_is_shown_changed_and_dropped(config, db, stage):
    """CREATE, ALTER, DESC, SHOW and DROP STAGE (sql/create-stage)."""
    shown = {row["property"]: row["property_value"] for row in db.records("DESC STAGE ST")}
    assert shown["URL"] == f'["{stage.url}"]'
    assert shown["STORAGE_INTEGRATION"] == config["storage_integration"]
    (row,) = db.records("SHOW STAGES LIKE 's_' IN SCHEMA")
    assert (row["name"], row["url"], row["storage_integration"]) == ("ST", stage.url, config["storage_integration"])
    assert db.records("SHOW STAGES LIKE 'x%' IN SCHEMA") == []
    db.run("CREATE STAGE IF NOT EXISTS ST URL = 's3://elsewhere/'")
    db.run(f"ALTER STAGE ST SET URL = '{stage.url}sub/' COMMENT = 'moved'")
    query = "SELECT stage_url, comment FROM information_schema.stages WHERE stage_schema = CURRENT_SCHEMA()"
    assert db.run(query) == [(stage.url + "sub/", "moved")]
    db.run("DROP STAGE ST")
    db.fails("LIST @ST", 2003)


def test_stage_without_its_integration_is_refused(db):
    """A stage names an integration that exists, is enabled and allows the location (sql/create-storage-integration)."""
    db.fails("CREATE STAGE S URL = 's3://local-stage/x/' STORAGE_INTEGRATION = NOSUCH", 2003)
    db.fails("CREATE STAGE S URL = 's3://another-bucket/x/' STORAGE_INTEGRATION = LOCAL_S3", 3155)
    db.fails("CREATE STAGE S")  # internal
    db.fails("CREATE STAGE S URL = 'azure://x/y'")
    db.fails("CREATE STAGE S URL = 's3://local-stage/x/' COPY_OPTIONS = (PURGE = TRUE)")
    db.fails("CREATE STAGE S URL = 's3://local-stage/x/' DIRECTORY = (ENABLE = TRUE)")


@pytest.mark.roles
def test_integration_may_be_disabled(db, stage, config):
    """ENABLED = FALSE cuts existing stages off; blocked locations are refused (sql/create-storage-integration)."""
    name = f"I_{config['default_target_schema']}"
    arn = next(
        r["property_value"] for r in db.records("DESC INTEGRATION LOCAL_S3") if r["property"].endswith("ROLE_ARN")
    )
    db.run(
        f"CREATE STORAGE INTEGRATION {name} TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
        f"STORAGE_AWS_ROLE_ARN = '{arn}' STORAGE_ALLOWED_LOCATIONS = ('{stage.url}') "
        f"STORAGE_BLOCKED_LOCATIONS = ('{stage.url}blocked/')"
    )
    db.run(f"CREATE STAGE S2 URL = '{stage.url}a/' STORAGE_INTEGRATION = {name}")
    db.fails(f"CREATE STAGE S3 URL = '{stage.url}blocked/' STORAGE_INTEGRATION = {name}", 3155)
    db.run("LIST @S2")
    db.run(f"ALTER STORAGE INTEGRATION {name} SET ENABLED = FALSE")
    db.fails("LIST @S2", 3167)
    assert [r["enabled"] for r in db.records(f"SHOW INTEGRATIONS LIKE '{name}'")] == ["false"]
    db.run(f"DROP INTEGRATION {name}")
    db.fails("LIST @S2", 2003)


def test_stage_of_a_role_that_may_not_read(db, config, s3):
    """S3 is read with the role of the stage: without rights it is refused, an unknown role cannot be assumed."""
    bucket = config["s3_bucket"]
    db.run(f"CREATE STAGE S URL = 's3://{bucket}/x/' CREDENTIALS = (AWS_ROLE = '{s3.facts['roles']['no-access']}')")
    assert "AccessDenied" in db.fails("LIST @S", 91003)
    db.run(f"CREATE STAGE S2 URL = 's3://{bucket}/x/' CREDENTIALS = (AWS_ROLE = 'arn:aws:iam::123456789012:role/none')")
    assert "Error assuming AWS_ROLE" in db.fails("LIST @S2", 3167)


def test_bucket_that_does_not_exist(db, s3):
    """A missing bucket is told by S3's own words; the stage's secret key is never shown."""
    admin = s3.facts["keys"]["admin"]
    keys = f"AWS_KEY_ID = '{admin['access_key_id']}' AWS_SECRET_KEY = '{admin['secret_access_key']}'"
    db.run(f"CREATE STAGE S URL = 's3://no-such-bucket-here/' CREDENTIALS = ({keys})")
    db.run("CREATE TABLE T (A INT)")
    assert "NoSuchBucket" in db.fails("COPY INTO T FROM @S FILES = ('a.csv')", 91003)
    assert admin["secret_access_key"] not in str(db.records("DESC STAGE S") + db.records("SHOW STAGES IN SCHEMA"))


def test_list_and_remove(db, stage):
    """LIST shows name, size, md5 and time below a path or by PATTERN; REMOVE deletes (sql/list, sql/remove)."""
    stage.put("a/x.csv", "1\n")
    stage.put("a/y.txt", "12\n")
    stage.put("b/z.csv", "1\n")
    assert [row["name"] for row in db.records("LIST @ST/a")] == [stage.url + "a/x.csv", stage.url + "a/y.txt"]
    assert [row["size"] for row in db.records("LIST @ST PATTERN = '.*[.]txt'")] == [3]
    db.run("REMOVE @ST PATTERN = '.*[.]csv'")
    assert stage.names() == ["a/y.txt"]


def test_select_from_a_stage(db, stage):
    """Staged files are queried with a format and a pattern (user-guide/querying-stage)."""
    stage.put("a.csv", "1|x\n2|y\n")
    stage.put("b.txt", "9|z\n")
    db.run("CREATE FILE FORMAT F TYPE = CSV FIELD_DELIMITER = '|'")
    query = "SELECT t.$2, t.$1::INT * 2, METADATA$FILE_ROW_NUMBER FROM @ST (FILE_FORMAT => 'F', PATTERN => '.*csv') t"
    assert db.run(query + " WHERE t.$1 > 1") == [("y", 4, 2)]


def test_create_or_replace_stage_and_temporary_format(db, other, stage):
    """OR REPLACE replaces; a TEMPORARY file format belongs to its session."""
    db.run(f"CREATE OR REPLACE STAGE ST URL = '{stage.url}' STORAGE_INTEGRATION = LOCAL_S3 COMMENT = 'new'")
    assert db.records("SHOW STAGES IN SCHEMA")[0]["comment"] == "new"
    db.run("CREATE TEMPORARY FILE FORMAT FT TYPE = CSV")
    db.run("DESC FILE FORMAT FT")
    other.fails("DESC FILE FORMAT FT", 2003)


def test_comments(db):
    """COMMENT ON TABLE and COLUMN, shown by DESC and SHOW (sql/comment)."""
    db.run("CREATE TABLE T (A INT)")
    db.run("COMMENT ON COLUMN T.A IS 'the a'")
    db.run("COMMENT ON TABLE T IS 'the t'")
    assert db.records("DESC TABLE T")[0]["comment"] == "the a"
    assert db.records("SHOW TABLES IN SCHEMA")[0]["comment"] == "the t"
    db.fails("COMMENT ON TABLE NOPE IS 'x'", 2003)
    db.run("COMMENT IF EXISTS ON TABLE NOPE IS 'x'")


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE WAREHOUSE W", "CREATE DATABASE ROLE R", "GRANT SELECT ON TABLE T TO ROLE PUBLIC WITH GRANT OPTION",
        "CREATE STREAM S ON TABLE T",
        "CREATE TASK X AS SELECT 1", "CREATE PIPE P AS COPY INTO T FROM @ST", "PUT file:///x @ST", "GET @ST file:///x",
        "CALL F()", "EXECUTE IMMEDIATE 'SELECT 1'", "UNDROP TABLE T", "CREATE SEQUENCE S", "CREATE FUNCTION F() AS '1'",
        "EXPLAIN SELECT 1", "CREATE EXTERNAL TABLE E (A INT)", "CREATE DYNAMIC TABLE D AS SELECT 1", "SHOW GRANTS",
        "SELECT NO_SUCH_FUNCTION(1)", "SELECT * FROM TABLE(GENERATOR(ROWCOUNT => 1))", "SELECT SYSTEM$WAIT(1)",
        "FLY ME",
        "CREATE TABLE T2 (A INT AUTOINCREMENT)", "CREATE TABLE T2 (A INT CHECK (A > 1))",
        "SELECT * FROM T AT (OFFSET => -60)", "SELECT * FROM T SAMPLE (10)",
        "CREATE TABLE T2 ERROR_LOGGING = TRUE AS SELECT 1 A",
        "SELECT * FROM T PIVOT (SUM(A) FOR A IN (1))", "INSERT ALL INTO T VALUES (1) SELECT 1", "",
    ],
)  # fmt: skip
def test_unknown_statements_are_refused(db, stage, statement):
    """What the stand-in does not know it refuses in Snowflake's error shape, at once."""
    db.run("CREATE TABLE T (A INT)")
    db.fails(statement or ";")
    assert db.value("SELECT COUNT(*) FROM T") == 0


def test_show_without_a_place_looks_in_the_database(db):
    """SHOW without IN lists the database, each name once (sql/show-tables); IN SCHEMA means the current one."""
    home = db.value("SELECT CURRENT_SCHEMA()")
    db.run("CREATE TABLE HERE_AND_THERE (A INT)")
    db.run(f"CREATE SCHEMA {home}_2")
    try:
        db.run("CREATE TABLE HERE_AND_THERE (A INT)")
        db.run("CREATE TABLE ONLY_THERE (A INT)")
        db.run(f"USE SCHEMA {home}")
        rows = db.records("SHOW TABLES LIKE 'here_and_there'")
        assert [row["schema_name"] for row in rows] == [home]
        assert len(db.records("SHOW TABLES LIKE 'ONLY_THERE'")) == 1
        assert db.records("SHOW TABLES LIKE 'ONLY_THERE' IN SCHEMA") == []
        assert len(db.records("SHOW TABLES LIKE 'HERE_AND_THERE' IN DATABASE")) >= 2
        (terse,) = db.run("SHOW TERSE TABLES LIKE 'ONLY_THERE'")
        assert terse[1:] == ("ONLY_THERE", "TABLE", db.value("SELECT CURRENT_DATABASE()"), f"{home}_2")
    finally:
        db.run(f"DROP SCHEMA {home}_2")


def test_keys_are_kept_and_shown(db):
    """Keys in and behind the columns, added, renamed and dropped (sql/create-table-constraint, show-primary-keys)."""
    db.run("CREATE TABLE P (A INT PRIMARY KEY, B INT UNIQUE, C INT, CONSTRAINT U UNIQUE (B, A))")
    db.run("CREATE TABLE F (X INT REFERENCES P, Y INT, CONSTRAINT FK FOREIGN KEY (Y) REFERENCES P (B) RELY)")

    def shown(kind, table):
        rows = db.records(f"SHOW {kind} KEYS IN TABLE {table}")
        return [(row["column_name"], row["key_sequence"]) for row in rows]

    assert shown("PRIMARY", "P") == [("A", 1)]
    assert shown("UNIQUE", "P") == [("B", 1), ("B", 1), ("A", 2)]
    imported = db.records("SHOW IMPORTED KEYS IN TABLE F")
    assert [(row["fk_column_name"], row["pk_table_name"], row["pk_column_name"]) for row in imported] == [
        ("X", "P", "A"),
        ("Y", "P", "B"),
    ]
    db.fails("ALTER TABLE P ADD PRIMARY KEY (C)")
    db.run("ALTER TABLE P DROP PRIMARY KEY")
    db.run("ALTER TABLE P ADD CONSTRAINT K PRIMARY KEY (C, A)")
    db.run("ALTER TABLE P RENAME COLUMN C TO D")
    assert shown("PRIMARY", "P") == [("D", 1), ("A", 2)]
    db.run("CREATE TABLE L LIKE P")
    db.run("ALTER TABLE P DROP COLUMN D")
    assert shown("PRIMARY", "P") == []
    assert shown("PRIMARY", "L") == [("D", 1), ("A", 2)]
    for wrong in ("PRIMARY KEY (Z)", "FOREIGN KEY (A) REFERENCES P (B, A)", "PRIMARY KEY (A), PRIMARY KEY (A)"):
        db.fails(f"CREATE TABLE BAD (A INT, {wrong})")


def test_show_columns(db):
    """SHOW COLUMNS tells types as JSON (sql/show-columns, with its example)."""
    db.run("CREATE TABLE T (N1 NUMBER DEFAULT 5, F1 FLOAT, S1 STRING, S3 CHAR, TS TIMESTAMP_TZ NOT NULL, V VARIANT)")
    rows = db.records("SHOW COLUMNS IN TABLE T")
    assert [row["data_type"] for row in rows] == [
        '{"type":"FIXED","precision":38,"scale":0,"nullable":true}',
        '{"type":"REAL","nullable":true}',
        '{"type":"TEXT","length":16777216,"byteLength":16777216,"nullable":true,"fixed":false}',
        '{"type":"TEXT","length":1,"byteLength":4,"nullable":true,"fixed":false}',
        '{"type":"TIMESTAMP_TZ","precision":0,"scale":9,"nullable":false}',
        '{"type":"VARIANT","nullable":true}',
    ]
    assert (rows[0]["default"], rows[4]["null?"]) == ("5", "false")
    assert [row["column_name"] for row in db.records("SHOW COLUMNS LIKE 's%' IN TABLE T")] == ["S1", "S3"]


@pytest.mark.roles
def test_a_role_trusts_the_external_id_of_its_integration(db, stage, s3):
    """The role trusts the user and the external id of DESC INTEGRATION; OR REPLACE without one makes another."""
    iam, name = s3.client("admin", "iam"), f"role-{uuid.uuid4().hex[:8]}"
    arn = f"arn:aws:iam::{s3.facts['account_id']}:role/{name}"
    integration = f"I_{uuid.uuid4().hex[:8]}".upper()
    create = (
        f"STORAGE INTEGRATION {integration} TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE"
        f" STORAGE_AWS_ROLE_ARN = '{arn}' STORAGE_ALLOWED_LOCATIONS = ('{stage.url}')"
    )
    db.run(f"CREATE {create}")
    told = {row["property"]: row["property_value"] for row in db.records(f"DESC INTEGRATION {integration}")}
    trust = {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": told["STORAGE_AWS_IAM_USER_ARN"]},
        "Condition": {"StringEquals": {"sts:ExternalId": told["STORAGE_AWS_EXTERNAL_ID"]}},
    }  # fmt: skip
    rights = {"Effect": "Allow", "Action": ["s3:ListBucket", "s3:GetObject"], "Resource": "*"}
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}))
    iam.put_role_policy(
        RoleName=name, PolicyName="rights", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [rights]})
    )
    stage.put("a.csv", "1\n")
    db.run(f"CREATE STAGE MINE URL = '{stage.url}' STORAGE_INTEGRATION = {integration}")
    assert len(db.run("LIST @MINE")) == 1
    db.run(f"CREATE OR REPLACE {create}")
    db.fails("LIST @MINE", 3167)
    db.run(f"DROP INTEGRATION {integration}")
