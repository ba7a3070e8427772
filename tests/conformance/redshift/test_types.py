"""Types and DDL: rows 11 to 32 of the list of behaviours in docs/stand-ins-redshift.md."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import psycopg2
import pytest

from tests.conformance.redshift.conftest import Db

OVERFLOW = "Value too long for character type"

DECLARED = [  # row 12 and 15: what is written, what svv_columns says
    ("VARCHAR", ("character varying", 256, None, None)),
    ("VARCHAR(7)", ("character varying", 7, None, None)),
    ("VARCHAR(MAX)", ("character varying", 65535, None, None)),
    ("VARCHAR(65535)", ("character varying", 65535, None, None)),
    ("CHARACTER VARYING(9)", ("character varying", 9, None, None)),
    ("NVARCHAR(9)", ("character varying", 9, None, None)),
    ("TEXT", ("character varying", 256, None, None)),
    ("CHAR", ("character", 1, None, None)),
    ("CHAR(MAX)", ("character", 4096, None, None)),
    ("NCHAR(5)", ("character", 5, None, None)),
    ("BPCHAR", ("character", 256, None, None)),
    ("DECIMAL", ("numeric", None, 18, 0)),
    ("NUMERIC(10)", ("numeric", None, 10, 0)),
    ("DECIMAL(38,37)", ("numeric", None, 38, 37)),
    ("SMALLINT", ("smallint", None, 16, 0)),
    ("INT4", ("integer", None, 32, 0)),
    ("INT8", ("bigint", None, 64, 0)),
    ("REAL", ("real", None, 24, None)),
    ("FLOAT", ("double precision", None, 53, None)),
    ("BOOL", ("boolean", None, None, None)),
    ("DATE", ("date", None, None, None)),
    ("TIMETZ", ("time with time zone", None, None, None)),
    ("TIMESTAMP WITHOUT TIME ZONE", ("timestamp without time zone", None, None, None)),
    ("TIMESTAMP WITH TIME ZONE", ("timestamp with time zone", None, None, None)),
    ("SUPER", ("super", None, None, None)),
    ("VARBYTE", ("binary varying", 64000, None, None)),
    ("VARBYTE(10)", ("binary varying", 10, None, None)),
]

FEATURES, ISSUES = "c_unsupported-postgresql-features", "issue threads"
FUNCTIONS, LEADER = "c_unsupported-postgresql-functions", "c_SQL_functions_leader_node_only"
# Joined by no equality that holds for every row: not at all, by OR, by NOT, by a range, to itself or to a constant.
EQUIJOINS_THAT_ARE_NONE = [
    "", " WHERE u.a = 1", " WHERE t.a > u.a", " WHERE t.a = u.a OR u.a = 1", " WHERE NOT (t.a = u.a)",
    " WHERE t.a = 1 AND (t.b = 'x' OR t.a = u.a)", " WHERE t.a = t.a", " WHERE t.a + u.a = 2",
    " WHERE t.a = (SELECT max(a) FROM laid)",
]  # fmt: skip

REFUSED_DDL = [  # row, page, statement, part of the error
    (11, "r_Character_types", "CREATE TABLE x (a VARCHAR(65536))", "varchar cannot exceed 65535"),
    (11, "r_Character_types", "CREATE TABLE x (a CHAR(4097))", "char cannot exceed 4096"),
    (11, "r_Character_types", "CREATE TABLE x (a VARCHAR(0))", "at least 1"),
    (15, "r_Numeric_types201", "CREATE TABLE x (a DECIMAL(39,2))", "between 1 and 38"),
    (15, "r_Numeric_types201", "CREATE TABLE x (a DECIMAL(38,38))", "at most 37"),
    (17, "r_ALTER_TABLE", "ALTER TABLE t ADD PRIMARY KEY (a)", "must be NOT NULL"),
    (18, "r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT, ADD COLUMN y INT", "syntax error"),
    (18, "r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT UNIQUE", "does not support"),
    (18, "r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT PRIMARY KEY", "does not support"),
    (18, "r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT REFERENCES u (a)", "does not support"),
    (18, "r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT IDENTITY(1,1)", "does not support"),
    (18, "r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT DISTKEY", "does not support"),
    (18, "r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT SORTKEY", "does not support"),
    (18, "r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT NOT NULL", "non-null default"),
    (18, "r_ALTER_TABLE", "ALTER TABLE t ADD COLUMN x INT NOT NULL DEFAULT NULL", "non-null default"),
    (18, "r_ALTER_TABLE", "ALTER TABLE laid DROP COLUMN a", "distkey or sortkey"),
    (18, "r_ALTER_TABLE", "ALTER TABLE laid DROP COLUMN b", "distkey or sortkey"),
    (18, "r_ALTER_TABLE", "ALTER TABLE u DROP COLUMN a CASCADE", "the only column"),
    (18, "r_ALTER_TABLE", 'ALTER TABLE t RENAME TO "#t"', "begins with '#'"),
    (19, "r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN a TYPE BIGINT", "only the size of VARCHAR"),
    (19, "r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(9)", "only the size of VARCHAR"),
    (19, "r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(2)", "smaller than the longest value"),
    (19, "r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN enc TYPE VARCHAR(20)", "encoding text255"),
    (19, "r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN uni TYPE VARCHAR(20)", "UNIQUE"),
    (19, "r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN def TYPE VARCHAR(5)", "default"),
    (19, "r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN def TYPE VARCHAR(20)", "default"),
    (19, "r_ALTER_TABLE", "ALTER TABLE t ALTER COLUMN b TYPE VARCHAR(20) USING b", "does not support USING expression"),
    (20, ISSUES, "ALTER TABLE t ALTER COLUMN b SET DEFAULT 'x'", "ALTER COLUMN SET/DROP DEFAULT is not supported"),
    (20, ISSUES, "ALTER TABLE t ALTER COLUMN b DROP DEFAULT", "ALTER COLUMN SET/DROP DEFAULT is not supported"),
    (23, FEATURES, 'CREATE TABLE x ("oid" INT)', "conflicts with a system column"),
    (23, FEATURES, "CREATE TABLE x (xmin INT)", "conflicts with a system column"),
    (23, "r_pg_keywords", "CREATE TABLE x (tag INT)", "syntax error"),
    (23, "r_pg_keywords", "CREATE TABLE x (raw INT)", "syntax error"),
    (23, "r_pg_keywords", "ALTER TABLE t ADD COLUMN snapshot INT", "syntax error"),
    (24, FEATURES, "CREATE INDEX i ON t (a)", "not supported"),
    (24, FEATURES, "CREATE SEQUENCE s", "not supported"),
    (24, FEATURES, "CREATE TABLE x (a INT CHECK (a > 0))", "CHECK constraints are not supported"),
    (24, FEATURES, "CREATE TABLE x (a INT) INHERITS (t)", "syntax error"),
    (24, FEATURES, "SELECT * FROM (VALUES (1)) AS v (a)", "syntax error"),
    (24, FEATURES, "SELECT ROW(1, 2)", "does not exist"),
    (24, FEATURES, "SELECT '{1}'::INT[]", "arrays are not supported"),
    (24, FEATURES, "SELECT ctid FROM t", "does not exist"),
    (24, FEATURES, "SELECT t.xmin FROM t", "does not exist"),
    (24, "r_SELECT_synopsis", "SELECT a FROM t FOR UPDATE", "syntax error"),
    (24, "r_SELECT_synopsis", "SELECT a FROM t FETCH FIRST 1 ROWS ONLY", "syntax error"),
    (24, "r_SELECT_synopsis", "SELECT * FROM ONLY t", "syntax error"),
    (24, "r_FROM_clause30", "SELECT * FROM t, LATERAL (SELECT 1) AS x", "syntax error"),
    (24, "r_FROM_clause30", "SELECT * FROM t TABLESAMPLE SYSTEM (1)", "syntax error"),
    (24, "r_EXPLAIN", "EXPLAIN ANALYZE SELECT 1", "syntax error"),
    (24, FUNCTIONS, "SELECT 1 IS DISTINCT FROM 2", "not supported"),
    (24, FUNCTIONS, "SELECT * FROM generate_series(1, 3)", "does not exist"),
    (24, FUNCTIONS, "SELECT every(a = 1) FROM t", "does not exist"),
    (24, FUNCTIONS, "SELECT pg_advisory_lock(1)", "does not exist"),
    (24, FUNCTIONS, "SELECT overlay('abc' placing 'x' from 1)", "does not exist"),
    (24, LEADER, "SELECT now(), a FROM t", "not supported on Redshift tables"),
    (24, LEADER, "INSERT INTO t (b) SELECT CURRENT_TIMESTAMP::VARCHAR FROM t", "not supported on Redshift tables"),
    (24, LEADER, "DELETE FROM t WHERE has_table_privilege('t', 'SELECT')", "not supported on Redshift tables"),
    (24, "r_CONCAT", "SELECT concat('a', 'b', 'c')", "does not exist"),
    (24, "r_Numeric_types201", "SELECT 1_000", "syntax error"),
    (24, "r_Numeric_types201", "SELECT 0x1F", "syntax error"),
    (24, "r_Numeric_types201", "SELECT 'NaN'::DECIMAL", "invalid input syntax"),
    (24, "r_CREATE_SCHEMA", "CREATE SCHEMA pg_x", "unacceptable schema name"),
    (24, "r_CREATE_TABLE_NEW", "CREATE TABLE pg_catalog.x (a INT)", "permission denied"),
    (24, "r_DELETE", "DELETE FROM pg_namespace", "permission denied"),
    (24, "r_DELETE", "DELETE FROM t AS x WHERE x.a = 1", "syntax error"),
    (24, "r_UPDATE", "UPDATE t SET a = 1 FROM u JOIN t AS s ON u.a = s.a", "not supported by the local stand-in"),
    (24, "r_UPDATE", "UPDATE t SET (a, b) = (SELECT 1, 'x')", "syntax error"),
    (24, "r_UPDATE", "UPDATE t SET a = 1 FROM u LEFT JOIN laid ON u.a = laid.a WHERE t.a = u.a", "equijoin"),
    *(
        (24, "r_UPDATE", f"UPDATE t SET a = 1 FROM u{where}", "Target table must be part of an equijoin predicate")
        for where in EQUIJOINS_THAT_ARE_NONE
    ),
    (25, "r_INSERT_30", "INSERT INTO t AS x (a) VALUES (1)", "syntax error"),
    (25, "r_INSERT_30", "INSERT INTO t (a) OVERRIDING SYSTEM VALUE VALUES (1)", "syntax error"),
    (24, FEATURES, "CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", "not supported"),
    (25, "r_INSERT_30", "INSERT INTO t (a) VALUES (1) ON CONFLICT DO NOTHING", "syntax error"),
    (25, "r_INSERT_30", "INSERT INTO t (a) VALUES (1) RETURNING a", "syntax error"),
    (25, "r_DELETE", "DELETE FROM t RETURNING a", "syntax error"),
    (25, "r_COPY", "COPY t FROM STDIN", "syntax error"),
    (26, "r_CREATE_TABLE_NEW", "CREATE TABLE x (a VARCHAR(3) IDENTITY(1,1))", "must be of type integer or bigint"),
    (27, "limitations-super", "CREATE TABLE x (a SUPER DISTKEY)", "distribution or sort key"),
    (27, "limitations-super", "CREATE TABLE x (a SUPER SORTKEY)", "distribution or sort key"),
    (30, ISSUES, "SELECT E'a'", 'type "e" does not exist'),
]  # fmt: skip

EQUIJOINS = [  # row 24: what joins the target to FROM
    "FROM u WHERE t.a = u.a",
    "FROM u WHERE u.a = t.a AND (t.a > 0 OR u.a > 0)",
    "FROM u WHERE (t.a = u.a) AND NOT (t.a = 2)",
    "FROM u JOIN laid ON u.a = laid.a WHERE c = t.a AND c > 0",
    "FROM (SELECT a AS k FROM u) AS s WHERE k = a",
    "FROM u AS s WHERE coalesce(s.a, 0) = t.a",
]

UNSUPPORTED_TYPES = ["UUID", "JSON", "JSONB", "BYTEA", "SERIAL", "XML", "MONEY", "INET", "INT[]", "BIT(3)", "POINT"]

TOO_LONG = [  # row 13 and 14: type, value
    ("VARCHAR(3)", "abcd"),
    ("VARCHAR(3)", "éé"),
    ("VARCHAR(4)", "日本"),
    ("VARCHAR(3)", "ab cd"),
    ("CHAR(3)", "abcd"),
]

FITTING = [  # row 13: type, value, stored
    ("VARCHAR(4)", "éé", "éé"),
    ("VARCHAR(3)", "abc   ", "abc"),
    ("VARCHAR(3)", "ab    ", "ab "),
    ("VARCHAR(3)", "é    ", "é "),
    ("CHAR(3)", "a", "a  "),
    ("CHAR(3)", "abc   ", "abc"),
]


@pytest.mark.parametrize(("declared", "shown"), DECLARED)
def test_declared_types(db: Db, schema_name: str, declared: str, shown: tuple[Any, ...]) -> None:
    """Rows 12 and 15, r_Character_types, r_Numeric_types201: default lengths and precisions."""
    db.run(f"CREATE TABLE t (a {declared})")
    found = db.run(
        "SELECT data_type, character_maximum_length, numeric_precision, numeric_scale FROM svv_columns"
        f" WHERE table_schema = '{schema_name}' AND table_name = 't'"
    )
    assert found == [shown]


@pytest.mark.parametrize(("row", "page", "sql", "text"), REFUSED_DDL, ids=lambda value: str(value)[:60])
def test_refused(db: Db, row: int, page: str, sql: str, text: str) -> None:
    """Rows 11 to 30: what the page forbids is refused with an error that says so."""
    db.run("CREATE TABLE u (a INT NOT NULL, PRIMARY KEY (a)); CREATE TABLE laid (a INT DISTKEY, b INT SORTKEY, c INT)")
    db.run(
        "CREATE TABLE t (a INT, b VARCHAR(10), enc VARCHAR(10) ENCODE text255, uni VARCHAR(10) UNIQUE,"
        " def VARCHAR(10) DEFAULT 'x')"
    )
    db.run("INSERT INTO t (b) VALUES ('abc')")
    assert text in str(db.error(sql))


def test_columns_that_are_too_wide_together(db: Db) -> None:
    """r_CREATE_TABLE_NEW: a table of fixed columns over 65,535 bytes can be made; INSERT and SELECT fail with 8001."""
    columns = ", ".join(f"c{n} CHAR(4096)" for n in range(15))
    db.run(f"CREATE TABLE fits ({columns}, v VARCHAR(65535), w VARCHAR(65535))")
    db.run("INSERT INTO fits (c0, v, w) VALUES ('x', repeat('y', 40000), repeat('z', 40000))")
    assert db.value("SELECT count(*) FROM (SELECT *, ROW_NUMBER() OVER (ORDER BY c0) AS n FROM fits)") == 1
    db.run(f"CREATE TABLE wide ({columns}, last CHAR(4096))")
    db.run("CREATE TABLE copied (LIKE wide)")
    for sql in ("INSERT INTO wide (c0) VALUES ('x')", "SELECT c0 FROM copied", "DELETE FROM fits USING wide"):
        error = str(db.error(sql))
        assert error.startswith("8001\nDETAIL:  The combined length of columns processed in the SQL statement\n"), sql
        assert "exceeded the query-processing limit of 65535 characters" in error
    db.run("ALTER TABLE wide DROP COLUMN last")
    db.run("INSERT INTO wide (c0) SELECT c0 FROM fits")


def test_update_from_wants_an_equality(db: Db) -> None:
    """Row 24, r_UPDATE: one condition is an equality between the target and FROM, whatever else stands beside it."""
    db.run("CREATE TABLE t (a INT, b VARCHAR(10)); CREATE TABLE u (a INT); CREATE TABLE laid (a INT, c INT)")
    db.run("INSERT INTO t VALUES (1, ''), (7, ''); INSERT INTO u VALUES (1); INSERT INTO laid VALUES (1, 1)")
    for number, rest in enumerate(EQUIJOINS):
        db.run(f"UPDATE t SET b = '{number}' {rest}")
        assert db.run("SELECT * FROM t ORDER BY a") == [(1, str(number)), (7, "")]


@pytest.mark.parametrize("kind", UNSUPPORTED_TYPES)
def test_unsupported_types(db: Db, kind: str) -> None:
    """Row 24, c_unsupported-postgresql-datatypes: types that PostgreSQL has and Redshift has not."""
    assert "unsupported type" in str(db.error(f"CREATE TABLE t (a {kind})"))


@pytest.mark.parametrize(("declared", "value"), TOO_LONG)
@pytest.mark.parametrize("write", ["INSERT INTO t VALUES ('{}')", "UPDATE t SET a = '{}'"])
def test_too_long_is_an_error(db: Db, declared: str, value: str, write: str) -> None:
    """Rows 11, 13, 14, r_Character_types: lengths count bytes; the error is code 8001 and no SQLSTATE 22001."""
    db.run(f"CREATE TABLE t (a {declared})")
    db.run("INSERT INTO t VALUES ('a')")
    error = db.error(write.format(value))
    assert isinstance(error, psycopg2.InternalError)
    assert error.pgcode == "XX000"
    assert error.diag.message_primary == OVERFLOW
    assert "8001" in error.diag.message_detail


@pytest.mark.parametrize(("declared", "value", "stored"), FITTING)
def test_blanks_beyond_the_length_are_cut(db: Db, declared: str, value: str, stored: str) -> None:
    """Row 13, r_Character_types: an excess of nothing but blanks is cut."""
    db.run(f"CREATE TABLE t (a {declared})")
    db.run(f"INSERT INTO t VALUES ('{value}')")
    assert db.value("SELECT a FROM t") == stored


def test_char_takes_single_byte_characters_only(db: Db) -> None:
    """Row 11, r_Character_types: CHAR holds single-byte characters."""
    db.run("CREATE TABLE t (a CHAR(10))")
    assert isinstance(db.error("INSERT INTO t VALUES ('é')"), psycopg2.InternalError)


def test_trailing_blanks_do_not_count_in_comparisons(db: Db) -> None:
    """Row 13, r_Character_types: trailing blanks are insignificant, in joins and groups too."""
    db.run("CREATE TABLE t (a VARCHAR(5))")
    db.run("CREATE TABLE u (a VARCHAR(5))")
    db.run("INSERT INTO t VALUES ('x'), ('x  ')")
    db.run("INSERT INTO u VALUES ('x ')")
    assert db.value("SELECT count(*) FROM t WHERE a = 'x '") == 2
    assert db.value("SELECT count(*) FROM t JOIN u ON t.a = u.a") == 2
    assert db.value("SELECT count(DISTINCT a) FROM t") == 1
    assert db.value("SELECT count(*) FROM t WHERE a IN ('x   ')") == 2


def test_casts_cut_to_bytes(db: Db) -> None:
    """Row 11, r_Character_types: a cast to a shorter type cuts, and never in the middle of a character."""
    assert db.run("SELECT 'abcdef'::VARCHAR(3), 'ééé'::VARCHAR(3)") == [("abc", "é")]


def test_decimal_integer_part_too_long(db: Db) -> None:
    """Row 15, r_Numeric_types201: more digits before the point than fit are an error."""
    db.run("CREATE TABLE t (a DECIMAL(5,2))")
    assert "overflow" in str(db.error("INSERT INTO t VALUES (1234.5)"))
    db.run("INSERT INTO t VALUES (999.994)")
    assert db.value("SELECT a FROM t") == Decimal("999.99")


def test_keys_are_stored_and_not_enforced(db: Db, schema_name: str) -> None:
    """Row 16, t_Defining_constraints: PRIMARY KEY, UNIQUE and FOREIGN KEY are shown and not enforced."""
    db.run("CREATE TABLE u (a INT PRIMARY KEY, b VARCHAR(5) UNIQUE)")
    db.run("CREATE TABLE t (a INT, b VARCHAR(5), FOREIGN KEY (a) REFERENCES u (a))")
    db.run("INSERT INTO u VALUES (1, 'x'), (1, 'x')")
    db.run("INSERT INTO t VALUES (99, 'none')")
    shown = db.run(
        "SELECT table_name, constraint_type FROM information_schema.table_constraints"
        f" WHERE table_schema = '{schema_name}' AND constraint_type <> 'CHECK' ORDER BY 1, 2"
    )
    assert shown == [("t", "FOREIGN KEY"), ("u", "PRIMARY KEY"), ("u", "UNIQUE")]
    assert "null value" in str(db.error("INSERT INTO u VALUES (NULL, 'y')"))


def test_like_copies_no_keys(db: Db, schema_name: str) -> None:
    """Row 16, r_CREATE_TABLE_NEW: LIKE copies columns and NOT NULL; defaults on request; no keys."""
    db.run("CREATE TABLE u (a INT PRIMARY KEY, b INT DEFAULT 7 DISTKEY)")
    db.run("CREATE TABLE t (LIKE u)")
    db.run("CREATE TABLE v (LIKE u INCLUDING DEFAULTS)")
    for table in ("t", "v"):
        db.run(f"INSERT INTO {table} (a) VALUES (1)")
    assert db.run("SELECT t.b, v.b FROM t, v") == [(None, 7)]
    keyed = db.run(
        "SELECT DISTINCT table_name FROM information_schema.table_constraints"
        f" WHERE table_schema = '{schema_name}' AND constraint_type <> 'CHECK'"
    )
    assert keyed == [("u",)]
    assert db.value("SELECT distkey FROM pg_table_def WHERE tablename = 't' AND \"column\" = 'b'") is True


def test_primary_key_on_a_not_null_column(db: Db) -> None:
    """Row 17, r_ALTER_TABLE: a primary key may be added to a NOT NULL column."""
    db.run("CREATE TABLE t (a INT NOT NULL)")
    db.run("ALTER TABLE t ADD PRIMARY KEY (a)")
    db.run("INSERT INTO t VALUES (1), (1)")


def test_varchar_can_be_widened(db: Db, schema_name: str) -> None:
    """Row 19, r_ALTER_TABLE: the length of a VARCHAR column changes, up and down to the longest value."""
    db.run("CREATE TABLE t (a VARCHAR(3))")
    db.run("INSERT INTO t VALUES ('abc')")
    db.run("ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(MAX)")
    lengths = db.run(
        f"SELECT character_maximum_length FROM svv_columns WHERE table_schema = '{schema_name}' AND table_name = 't'"
    )
    assert lengths == [(65535,)]
    db.run("ALTER TABLE t ALTER COLUMN a TYPE VARCHAR(3)")


def test_1600_columns(db: Db) -> None:
    """Row 21, r_ALTER_TABLE: at most 1,600 columns."""
    columns = ", ".join(f"c{n} INT" for n in range(1600))
    db.run(f"CREATE TABLE t ({columns})")
    assert "1600 columns" in str(db.error("ALTER TABLE t ADD COLUMN one_more INT"))
    assert "1600 columns" in str(db.error(f"CREATE TABLE u ({columns}, one_more INT)"))


def test_statement_of_16_megabytes(db: Db) -> None:
    """Row 21, c_redshift-sql: a statement has at most 16 MB."""
    assert "Statement is too large" in str(db.error(f"SELECT '{'x' * (16 << 20)}'"))
    assert db.value(f"SELECT len('{'x' * 1000}')") == 1000


@pytest.mark.parametrize("length", [63, 64, 100, 127])
def test_names_up_to_127_bytes(db: Db, schema_name: str, length: int) -> None:
    """Row 22, r_names: names of up to 127 bytes keep apart what differs in the last byte, and come back whole."""
    one, two = "n" * (length - 1) + "a", "n" * (length - 1) + "b"
    db.run(f'CREATE TABLE "{one}" ("{one}" INT, "{two}" INT)')
    db.run(f'CREATE TABLE "{two}" ("{one}" INT)')
    db.run(f'INSERT INTO "{one}" ("{two}") VALUES (7)')
    with db.connection.cursor() as cursor:
        cursor.execute(f'SELECT * FROM "{one}"')
        assert [column.name for column in cursor.description] == [one, two]
        assert cursor.fetchall() == [(None, 7)]
    columns = db.run(
        f"SELECT column_name FROM svv_columns WHERE table_schema = '{schema_name}' AND table_name = '{one}'"
    )
    assert columns == [(one,), (two,)]
    assert one in str(db.error(f'CREATE TABLE "{one}" (a INT)'))


def test_longer_names_are_cut(db: Db, schema_name: str) -> None:
    """Row 22, r_names: a longer name is cut at 127 bytes, not refused."""
    db.run(f"CREATE TABLE {'n' * 130} (a INT)")
    tables = db.run(f"SELECT table_name FROM svv_tables WHERE table_schema = '{schema_name}'")
    assert tables == [("n" * 127,)]


def test_names_fold_even_in_quotes(db: Db, schema_name: str) -> None:
    """Row 22, r_names: ASCII letters fold to lower case in double quotes too; others stay."""
    db.run('CREATE TABLE "Orders" ("OrderId" INT, "Größe" INT)')
    columns = db.run(f"SELECT column_name FROM svv_columns WHERE table_schema = '{schema_name}' ORDER BY 1")
    assert columns == [("größe",), ("orderid",)]
    assert "specified more than once" in str(db.error('CREATE TABLE t ("A" INT, "a" INT)'))
    with db.connection.cursor() as cursor:
        cursor.execute('SELECT 1 AS "Upper"')
        assert cursor.description[0].name == "upper"


def test_case_sensitive_identifiers_on_request(db: Db) -> None:
    """Row 22, r_enable_case_sensitive_identifier: with the parameter on, quoted names keep their case."""
    db.run("SET enable_case_sensitive_identifier TO true")
    db.run('CREATE TABLE "T" ("A" INT, "a" INT)')
    db.run('SELECT "A", "a" FROM "T"')
    assert db.error('SELECT * FROM "t"').pgcode == "42P01"
    db.run("RESET enable_case_sensitive_identifier")
    assert db.error('SELECT * FROM "T"').pgcode == "42P01"


def test_identity_fills_itself(db: Db) -> None:
    """Row 26, r_CREATE_TABLE_NEW: IDENTITY gives unique values and takes none; BY DEFAULT takes them."""
    db.run("CREATE TABLE t (i BIGINT IDENTITY(1,1), d BIGINT GENERATED BY DEFAULT AS IDENTITY(1,1), a INT)")
    db.run("INSERT INTO t (a) VALUES (1), (2), (3)")
    assert db.value("SELECT count(DISTINCT i) FROM t") == 3
    assert "identity column" in str(db.error("INSERT INTO t (i, a) VALUES (100, 4)"))
    db.run("INSERT INTO t (d, a) VALUES (100, 4)")
    assert db.value("SELECT d FROM t WHERE a = 4") == 100


def test_super_is_text_with_its_digits(db: Db) -> None:
    """Row 27, r_SUPER_type: a document comes back as text of OID 4000; its numbers keep their digits."""
    db.run("CREATE TABLE t (a SUPER)")
    db.run("""INSERT INTO t VALUES (JSON_PARSE('{"b": 1.10, "a": [12345678901234567890, null, "x y"]}'))""")
    with db.connection.cursor() as cursor:
        cursor.execute("SELECT a FROM t")
        assert cursor.description[0].type_code == 4000
        assert cursor.fetchone() == ('{"b":1.10,"a":[12345678901234567890,null,"x y"]}',)
    assert db.value("SELECT JSON_SERIALIZE(a) FROM t") == '{"b":1.10,"a":[12345678901234567890,null,"x y"]}'


def test_super_holds_16_megabytes(db: Db) -> None:
    """Row 27, limitations-super: a value has at most 16 MB."""
    strings = "JSON_PARSE('[' || repeat('\"' || repeat('x', 60000) || '\",', {}) || '1]')"
    assert db.value(f"SELECT len(JSON_SERIALIZE({strings.format(200)})) > 12000000") is True
    assert isinstance(db.error(f"SELECT {strings.format(300)}"), psycopg2.InternalError)


def test_super_from_a_literal_is_a_string(db: Db) -> None:
    """Row 27, ingest-super: without JSON_PARSE a literal is stored as a string."""
    db.run("CREATE TABLE t (n INT, a SUPER)")
    db.run("""INSERT INTO t VALUES (1, '{"a":1}')""")
    assert db.value("SELECT a FROM t") == '"{\\"a\\":1}"'
    db.run("UPDATE t SET n = 2, a = '[1]' WHERE n = 1")
    assert db.value("SELECT a FROM t") == '"[1]"'


@pytest.mark.parametrize(
    ("row", "page", "document", "good"),
    [
        (27, "limitations-super", '["' + "x" * 65535 + '"]', True),
        (27, "limitations-super", '["' + "x" * 65536 + '"]', False),
        (27, "limitations-super", "[" * 1000 + "]" * 1000, True),
        (27, "limitations-super", "[" * 1001 + "]" * 1001, False),
        (28, "super-configurations", '{"a": 1, "b": 2}', True),
        (28, "super-configurations", '{"a": 1, "a": 2}', False),
        (28, "super-configurations", '[{"x": {"a": 1, "a": 2}}]', False),
        (28, "JSON_PARSE", '{"a": 1', False),
        (28, "JSON_PARSE", "{'a': 1}".replace("'", "''"), False),
        (28, "JSON_PARSE", "", False),
    ],
    ids=lambda value: str(value)[:20],
)
def test_json_parse_limits(db: Db, row: int, page: str, document: str, good: bool) -> None:
    """Rows 27 and 28: limits of SUPER, and what JSON_PARSE refuses."""
    sql = f"SELECT JSON_SERIALIZE(JSON_PARSE('{document}')) IS NOT NULL"
    if good:
        assert db.value(sql) is True
    else:
        assert isinstance(db.error(sql), psycopg2.InternalError)


@pytest.mark.parametrize("path", ["doc.a", "t.doc.a", "doc[0]", "doc.a[0].b", "(doc).a"])
def test_navigation_into_super_is_refused(stand_in: Any, db: Db, path: str) -> None:
    """Row 29, query-super: the stand-in does not navigate, and says that it does not."""
    db.run("CREATE TABLE t (doc SUPER)")
    assert "not supported by the local stand-in: navigation into SUPER" in str(db.error(f"SELECT {path} FROM t"))


def test_backslash_escapes_in_literals(db: Db) -> None:
    r"""Row 30: a backslash is an escape inside '...'; drivers double it, and values come back as they went."""
    assert db.run(r"SELECT 'a\nb', 'a\\b', 'it\'s'") == [("a\nb", "a\\b", "it's")]
    for value in ("a\\b", "it's", "\\", "\\'", "a\nb\tc", "é日本"):
        assert db.run("SELECT %s", value) == [(value,)]


def test_getdate_is_the_start_of_the_statement(db: Db) -> None:
    """Row 31, r_GETDATE, r_SYSDATE: GETDATE is of the statement, a timestamp; SYSDATE of the transaction."""
    db.run("BEGIN")
    started = db.value("SELECT SYSDATE")
    assert isinstance(started, datetime.datetime)
    assert started.tzinfo is None
    db.run(f"SELECT pg_sleep({1.001 - started.microsecond / 1e6})")  # GETDATE is of whole seconds: to the next one
    assert db.value("SELECT SYSDATE") == started
    now = db.value("SELECT GETDATE()")
    assert (now > started, now.microsecond) == (True, 0)
    db.run("COMMIT")


def test_pg_table_def_shows_the_search_path(db: Db, schema_name: str) -> None:
    """Row 32, r_PG_TABLE_DEF: only schemas on the search path; with the keys and encodings as declared."""
    db.run("CREATE TABLE t (a INT ENCODE az64 DISTKEY, b VARCHAR(5) NOT NULL) SORTKEY (b, a)")
    shown = db.run(
        'SELECT "column", type, encoding, distkey, sortkey, "notnull" FROM pg_table_def'
        f" WHERE schemaname = '{schema_name}' ORDER BY 1"
    )
    assert shown == [
        ("a", "integer", "az64", True, 2, False),
        ("b", "character varying(5)", "none", False, 1, True),
    ]
    db.run("SET search_path TO public")
    assert db.run(f"SELECT * FROM pg_table_def WHERE schemaname = '{schema_name}'") == []


def test_catalogs_of_all_users_show_how_a_table_lies(db: Db, schema_name: str) -> None:
    """Row 80, r_SVV_REDSHIFT_COLUMNS, r_PG_CLASS_INFO: keys and encodings as declared, an interleaved key by its signs,
    and the style in force: what a loader compares with its settings."""
    db.run("CREATE TABLE t (a INT ENCODE az64, b INT) DISTSTYLE KEY DISTKEY (a) INTERLEAVED SORTKEY (b, a)")
    db.run("CREATE TABLE u (a INT) DISTSTYLE ALL; CREATE TABLE v (a INT)")
    shown = db.run(
        "SELECT table_name, column_name, encoding, distkey, sortkey FROM svv_redshift_columns WHERE database_name = "
        f"CAST(CURRENT_DATABASE() AS VARCHAR) AND schema_name = '{schema_name}' AND table_name = 't' ORDER BY 2"
    )
    assert [row[:2] + row[3:] for row in shown] == [("t", "a", True, -2), ("t", "b", False, 1)]
    assert shown[0][2] == "az64"
    styles = db.run(
        "SELECT c.relname, c.releffectivediststyle FROM pg_class_info c JOIN pg_namespace n ON n.oid = c.relnamespace "
        f"WHERE n.nspname = '{schema_name}' ORDER BY 1"
    )
    assert styles == [("t", 1), ("u", 8), ("v", 10)]


def test_a_table_is_made_described_and_granted_in_one_message(db: Db, schema_name: str) -> None:
    """Row 81, r_GRANT: SELECT to a role, a group and a user; of a message that fails nothing stays."""
    table = "CREATE TABLE t (a INT) BACKUP NO; COMMENT ON TABLE t IS 'one; two'"
    said = f"SELECT remarks FROM svv_tables WHERE table_schema = '{schema_name}' AND table_name = 't'"
    with pytest.raises(psycopg2.Error):
        db.run(f"{table}; GRANT SELECT ON TABLE {schema_name}.t TO ROLE nobody_of_that_name")
    assert db.run(said) == []
    for kind in ("ROLE", "GROUP", "USER"):
        who = f"{schema_name}_{kind.lower()}"
        db.run(f"CREATE {kind} {who}" + (" PASSWORD 'Abcd1234'" if kind == "USER" else ""))
        db.run("DROP TABLE IF EXISTS t")
        db.run(f"{table}; GRANT SELECT ON TABLE {schema_name}.t TO {'' if kind == 'USER' else kind} {who}")
        assert db.run(said) == [("one; two",)]


def test_svv_table_info_echoes_the_layout(db: Db, schema_name: str) -> None:
    """r_SVV_TABLE_INFO: distribution style and sort key as declared; empty tables are not listed."""
    db.run("CREATE TABLE t (a INT, b INT) DISTSTYLE KEY DISTKEY (a) COMPOUND SORTKEY (b, a)")
    info = f"SELECT diststyle, sortkey1, sortkey_num, tbl_rows FROM svv_table_info WHERE schema = '{schema_name}'"
    assert db.run(info) == []
    db.run("INSERT INTO t VALUES (1, 2)")
    assert db.run(info) == [("KEY(a)", "b", 2, 1)]


def test_remarks_are_column_comments(db: Db, schema_name: str) -> None:
    """r_SVV_COLUMNS, r_COMMENT: remarks holds the comment on the column."""
    db.run("CREATE TABLE t (a INT, b INT)")
    db.run("COMMENT ON COLUMN t.b IS 'it''s b'")
    remarks = db.run(f"SELECT column_name, remarks FROM svv_columns WHERE table_schema = '{schema_name}' ORDER BY 1")
    assert remarks == [("a", None), ("b", "it's b")]


def test_varbyte_is_hexadecimal_text(db: Db) -> None:
    """r_VARBYTE_type: a value is shown as hexadecimal digits; its length is checked in bytes."""
    db.run("CREATE TABLE t (a VARBYTE(3))")
    db.run("INSERT INTO t VALUES (FROM_HEX('00ff')), ('abc')")
    assert sorted(db.run("SELECT a FROM t")) == [("00ff",), ("616263",)]
    assert "too long" in str(db.error("INSERT INTO t VALUES ('abcd')"))
