"""INSERT, UPDATE, DELETE, MERGE; CREATE, ALTER, SWAP, CLONE."""

from __future__ import annotations

from decimal import Decimal

import pytest


@pytest.fixture
def t(db):
    db.run("CREATE TABLE T (K INT, A VARCHAR, N INT)")
    db.run("INSERT INTO T VALUES (1, 'one', 10), (2, 'two', 20), (3, 'three', 30)")
    return db


def test_insert_counts_defaults_and_lists(db):
    """INSERT with a list leaves the others to their default; the result tells the number (sql/insert)."""
    db.run("CREATE TABLE T (A INT, B VARCHAR DEFAULT 'd', C INT NOT NULL DEFAULT 5)")
    assert db.records("INSERT INTO T (A) VALUES (1), (2)") == [{"number of rows inserted": 2}]
    db.run("INSERT INTO T VALUES (3, DEFAULT, 6)")
    assert db.run("SELECT * FROM T ORDER BY A") == [(1, "d", 5), (2, "d", 5), (3, "d", 6)]
    db.fails("INSERT INTO T (A, B) VALUES (1)")
    db.fails("INSERT INTO T VALUES (1, 'x', NULL)", 100072)
    db.fails("INSERT INTO T (A, A) VALUES (1, 2)")


def test_values_take_no_semi_structured_expressions(db):
    """PARSE_JSON may not stand in VALUES; INSERT .. SELECT is the way (sql/insert)."""
    db.run("CREATE TABLE T (V VARIANT)")
    db.fails("INSERT INTO T VALUES (PARSE_JSON('1'))", 2014)
    db.run("INSERT INTO T SELECT PARSE_JSON('1')")


def test_rowcount(t):
    """The connector counts the rows of DML (python-connector-api)."""
    with t.connection.cursor() as cursor:
        assert cursor.execute("UPDATE T SET N = 0 WHERE K > 1").rowcount == 2
        assert cursor.execute("DELETE FROM T WHERE K = 1").rowcount == 1
        assert cursor.executemany("INSERT INTO T VALUES (%s, %s, %s)", [(7, "x'\\", None), (8, "y", 1)]).rowcount == 2
    assert t.run("SELECT A, N FROM T WHERE K = 7") == [("x'\\", None)]


def test_insert_overwrite_is_part_of_the_transaction(t, other):
    """INSERT OVERWRITE truncates and inserts as one statement inside the transaction (sql/insert)."""
    t.run("BEGIN")
    t.run("INSERT OVERWRITE INTO T SELECT K + 10, A, N FROM T WHERE K > 1")
    assert t.run("SELECT K FROM T ORDER BY K") == [(12,), (13,)]
    assert other.value("SELECT COUNT(*) FROM T") == 3
    t.run("ROLLBACK")
    assert t.value("SELECT COUNT(*) FROM T") == 3


def test_update_from_and_delete_using(t):
    """UPDATE .. FROM and DELETE .. USING join another table (sql/update, sql/delete)."""
    t.run("CREATE TABLE S (K INT, A VARCHAR)")
    t.run("INSERT INTO S VALUES (2, 'zwei'), (3, 'drei')")
    t.run("UPDATE T SET T.A = s.A FROM S s WHERE T.K = s.K")
    t.run("DELETE FROM T USING S WHERE T.K = S.K AND S.A = 'drei'")
    assert t.run("SELECT K, A FROM T ORDER BY K") == [(1, "one"), (2, "zwei")]


def test_merge_with_several_clauses(t):
    """The first WHEN that applies counts, in their order (sql/merge)."""
    t.run("CREATE TABLE S (K INT, OP VARCHAR, A VARCHAR)")
    t.run("INSERT INTO S VALUES (1, 'd', NULL), (2, 'u', 'new'), (3, 'x', 'other'), (4, 'i', 'four'), (5, 'd', 'no')")
    rows = t.records(
        "MERGE INTO T t USING (SELECT * FROM S) s ON t.K = s.K WHEN MATCHED AND s.OP = 'd' THEN DELETE "
        "WHEN MATCHED AND s.OP = 'u' THEN UPDATE SET t.A = s.A, N = t.N + 1 WHEN MATCHED THEN UPDATE SET A = 'last' "
        "WHEN NOT MATCHED AND s.OP = 'i' THEN INSERT (K, A) VALUES (s.K, UPPER(s.A))"
    )
    assert rows == [{"number of rows inserted": 1, "number of rows updated": 2, "number of rows deleted": 1}]
    assert t.run("SELECT * FROM T ORDER BY K") == [(2, "new", 21), (3, "last", 30), (4, "FOUR", None)]


def test_merge_of_the_newest_row(t):
    """QUALIFY ROW_NUMBER in the source leaves one row per key (constructs/qualify)."""
    t.run("CREATE TABLE S (K INT, A VARCHAR, SEQ INT)")
    t.run("INSERT INTO S VALUES (1, 'old', 1), (1, 'newest', 3), (1, 'middle', 2), (9, 'nine', 1)")
    t.run(
        "MERGE INTO T USING (SELECT * FROM S QUALIFY ROW_NUMBER() OVER (PARTITION BY K ORDER BY SEQ DESC) = 1) s "
        "ON T.K = s.K WHEN MATCHED THEN UPDATE SET A = s.A WHEN NOT MATCHED THEN INSERT (K, A) VALUES (s.K, s.A)"
    )
    assert t.run("SELECT K, A FROM T ORDER BY K") == [(1, "newest"), (2, "two"), (3, "three"), (9, "nine")]


def test_merge_with_two_rows_for_one(t):
    """Two source rows that update one target row are an error; all deleting it are not (sql/merge)."""
    t.run("CREATE TABLE S (K INT, A VARCHAR)")
    t.run("INSERT INTO S VALUES (1, 'a'), (1, 'b'), (9, 'n'), (9, 'm')")
    update = "MERGE INTO T USING S ON T.K = S.K WHEN MATCHED THEN UPDATE SET A = S.A"
    t.fails(update, 100090)
    t.fails(
        "MERGE INTO T USING S ON T.K = S.K WHEN MATCHED AND S.A = 'a' THEN DELETE WHEN MATCHED THEN UPDATE SET N = 1",
        100090,
    )
    t.run("ALTER SESSION SET ERROR_ON_NONDETERMINISTIC_MERGE = FALSE")
    assert t.records(update) == [{"number of rows updated": 1}]
    t.run("ALTER SESSION UNSET ERROR_ON_NONDETERMINISTIC_MERGE")
    rows = t.records(
        "MERGE INTO T USING S ON T.K = S.K WHEN MATCHED THEN DELETE "
        "WHEN NOT MATCHED THEN INSERT (K, A) VALUES (S.K, S.A)"
    )
    # duplicate unmatched rows are all inserted
    assert rows == [{"number of rows inserted": 2, "number of rows deleted": 1}]


def test_merge_null_keys_never_match(t):
    """NULL keys match only with EQUAL_NULL (functions/equal_null)."""
    t.run("INSERT INTO T VALUES (NULL, 'null', 0)")
    source = "(SELECT NULL::INT AS K)"
    insert = "WHEN NOT MATCHED THEN INSERT (K, A) VALUES (s.K, 'new')"
    assert t.records(f"MERGE INTO T USING {source} s ON T.K = s.K {insert}") == [{"number of rows inserted": 1}]
    assert t.records(f"MERGE INTO T USING {source} s ON EQUAL_NULL(T.K, s.K) {insert}") == [
        {"number of rows inserted": 0}
    ]


@pytest.mark.parametrize(
    "clauses",
    [
        "WHEN NOT MATCHED BY SOURCE THEN DELETE",
        "WHEN MATCHED THEN DELETE WHEN MATCHED AND S.K = 1 THEN UPDATE SET A = 'x'",
        "WHEN MATCHED THEN UPDATE SET A = 'x', A = 'y'",
        "WHEN MATCHED THEN INSERT (K) VALUES (1)",
        "WHEN NOT MATCHED THEN UPDATE SET A = 'x'",
        "WHEN NOT MATCHED THEN INSERT (K, A) VALUES (1)",
        "WHEN NOT MATCHED THEN INSERT (K) VALUES (T.K)",
        "",
    ],
)
def test_merge_forms_that_are_not_snowflakes(t, clauses):
    """What is not in the syntax is refused (sql/merge)."""
    t.fails(f"MERGE INTO T USING (SELECT 1 AS K) S ON T.K = S.K {clauses}")
    assert t.value("SELECT COUNT(*) FROM T") == 3


def test_keys_are_not_enforced_but_not_null_is(db):
    """PRIMARY KEY, UNIQUE and FOREIGN KEY are kept and not enforced, NOT NULL is (constraints-overview)."""
    db.run("CREATE TABLE P (A INT PRIMARY KEY, B INT UNIQUE, CONSTRAINT F FOREIGN KEY (B) REFERENCES P (A))")
    db.run("INSERT INTO P VALUES (1, 1), (1, 1)")
    db.fails("INSERT INTO P VALUES (NULL, 1)", 100072)
    assert db.records("DESC TABLE P")[0]["primary key"] == "Y"


def test_like_keeps_not_null_and_clone_keeps_rows(t):
    """LIKE copies columns with NOT NULL and defaults, CLONE also the rows (sql/create-table)."""
    t.run("CREATE TABLE N (A INT NOT NULL, B INT DEFAULT 3)")
    t.run("CREATE TABLE N2 LIKE N")
    t.fails("INSERT INTO N2 (A) VALUES (NULL)")
    t.run("INSERT INTO N2 (A) VALUES (1)")
    t.run("CREATE TABLE N3 CLONE N2")
    t.run("DELETE FROM N2")
    assert t.run("SELECT * FROM N3") == [(1, 3)]


def test_temporary_tables(t, other):
    """A temporary table belongs to its session and hides a permanent one (tables-temp-transient)."""
    t.run("CREATE TEMPORARY TABLE T (X INT)")
    assert t.records("SELECT * FROM T") == []
    assert other.value("SELECT COUNT(*) FROM T") == 3
    t.fails("CREATE TABLE P CLONE T")
    t.run("DROP TABLE T")
    assert t.value("SELECT COUNT(*) FROM T") == 3


def test_create_table_forms(t):
    """IF NOT EXISTS keeps, OR REPLACE replaces, both together are refused; CTAS takes types from the query."""
    assert "already exists, statement succeeded" in t.value("CREATE TABLE IF NOT EXISTS T (Z INT)")
    t.fails("CREATE TABLE T (Z INT)", 2002)
    t.fails("CREATE OR REPLACE TABLE IF NOT EXISTS T (Z INT)")
    t.run("CREATE OR REPLACE TABLE T AS SELECT 1.50 AS A, 'x' AS B, NULL AS C, CURRENT_TIMESTAMP() AS D")
    types = [row["type"] for row in t.records("DESC TABLE T")]
    assert types == ["NUMBER(3,2)", "VARCHAR(1)", "VARCHAR(16777216)", "TIMESTAMP_LTZ(9)"]
    t.run("CREATE TRANSIENT TABLE TR (A INT)")
    assert t.records("SHOW TABLES LIKE 'TR' IN SCHEMA")[0]["kind"] == "TRANSIENT"


def test_alter_columns(t):
    """ADD (several, IF NOT EXISTS), RENAME and DROP COLUMN (sql/alter-table)."""
    t.run("ALTER TABLE T ADD COLUMN B INT, C VARCHAR(3) DEFAULT 'c'")
    t.run("ALTER TABLE T ADD COLUMN IF NOT EXISTS B VARCHAR")
    t.fails("ALTER TABLE T ADD COLUMN B VARCHAR", 1430)
    t.fails("ALTER TABLE T ADD COLUMN D INT NOT NULL")
    t.run('ALTER TABLE T RENAME COLUMN B TO "b"')
    t.run("ALTER TABLE T DROP COLUMN N, A")
    t.run("ALTER TABLE T ADD COLUMN N VARCHAR")
    assert t.records("SELECT * FROM T WHERE K = 1") == [{"K": 1, "b": None, "C": "c", "N": None}]
    t.fails("ALTER TABLE T DROP COLUMN NOPE", 904)
    t.run("ALTER TABLE IF EXISTS NOPE ADD COLUMN X INT")


@pytest.mark.parametrize(
    ("column", "to", "allowed"),
    [
        ("VARCHAR(5)", "VARCHAR(6)", True), ("VARCHAR(5)", "VARCHAR(4)", False), ("NUMBER(5,2)", "NUMBER(6,2)", True),
        ("NUMBER(5,2)", "NUMBER(5,3)", False), ("NUMBER(5,2)", "NUMBER(4,2)", True),
        ("NUMBER(5,2)", "NUMBER(2,2)", False),
        ("NUMBER(5,2)", "VARCHAR", False), ("VARCHAR(5)", "NUMBER", False), ("BINARY(5)", "BINARY(6)", False),
        ("VARCHAR(5)", "STRING", True), ("TIMESTAMP_NTZ", "TIMESTAMP_TZ", False), ("DATE", "TIMESTAMP_NTZ", False),
        ("VARIANT", "VARCHAR", False), ("FLOAT", "DOUBLE", True), ("BOOLEAN", "NUMBER", False),
    ],
)  # fmt: skip
def test_alter_column_type(db, column, to, allowed):
    """Text and precision may grow, precision may shrink where values fit, nothing else (sql/alter-table-column)."""
    db.run(f"CREATE TABLE T (A {column})")
    if column.startswith("NUMBER"):
        db.run("INSERT INTO T VALUES (12.34)")
    statement = f"ALTER TABLE T ALTER COLUMN A SET DATA TYPE {to}"
    if allowed:
        db.run(statement)
        db.run("INSERT INTO T VALUES (NULL)")
    else:
        db.fails(statement)
        expected = {"VARCHAR(5)": "VARCHAR(5)", "NUMBER(5,2)": "NUMBER(5,2)"}.get(column)
        assert expected is None or db.records("DESC TABLE T")[0]["type"] == expected


def test_values_survive_a_wider_column(db):
    """Rows keep their values when a column grows."""
    db.run("CREATE TABLE T (A NUMBER(5,2), B VARCHAR(2))")
    db.run("INSERT INTO T VALUES (123.45, 'ab')")
    db.run("ALTER TABLE T MODIFY A NUMBER(38,2), COLUMN B VARCHAR(4)")
    db.run("INSERT INTO T VALUES (123456789012345678.90, 'abcd')")
    assert db.run("SELECT * FROM T ORDER BY A") == [
        (Decimal("123.45"), "ab"),
        (Decimal("123456789012345678.90"), "abcd"),
    ]


def test_nullability(t):
    """SET NOT NULL fails where there are NULLs; DROP NOT NULL allows them (sql/alter-table-column)."""
    t.run("INSERT INTO T VALUES (4, NULL, 1)")
    t.fails("ALTER TABLE T ALTER COLUMN A SET NOT NULL")
    t.run("ALTER TABLE T ALTER COLUMN K SET NOT NULL")
    t.fails("INSERT INTO T VALUES (NULL, 'x', 1)", 100072)
    t.run("ALTER TABLE T ALTER COLUMN K DROP NOT NULL")
    t.run("INSERT INTO T VALUES (NULL, 'x', 1)")
    t.fails("ALTER TABLE T ALTER COLUMN K SET DEFAULT 3")


def test_swap_and_rename(t):
    """SWAP WITH exchanges two tables; RENAME moves one, also to another schema (sql/alter-table)."""
    t.run("CREATE TABLE U (Z INT)")
    t.run("ALTER TABLE T SWAP WITH U")
    assert t.value("SELECT COUNT(*) FROM U") == 3
    assert t.records("DESC TABLE T")[0]["name"] == "Z"
    t.run("ALTER TABLE U RENAME TO W")
    t.fails("SELECT * FROM U", 2003)
    t.fails("ALTER TABLE W RENAME TO T", 2002)
    t.run("CREATE TEMPORARY TABLE TT LIKE T")
    t.fails("ALTER TABLE TT SWAP WITH T")


def test_drop(t):
    """DROP of what is not there is an error without IF EXISTS (sql/drop-table)."""
    t.run("DROP TABLE T")
    t.fails("DROP TABLE T", 2003)
    t.run("DROP TABLE IF EXISTS T")
    t.run("CREATE VIEW V AS SELECT 1 A")
    t.fails("DROP TABLE V")


def test_queries(t):
    """Joins, subqueries, CTEs, set operations, windows, FLATTEN and RESULT_SCAN."""
    assert t.run("WITH c AS (SELECT K, N FROM T WHERE N > 10) SELECT SUM(N) FROM c") == [(50,)]
    assert t.run("SELECT a.K FROM T a LEFT JOIN T b ON a.K = b.K + 1 WHERE b.K IS NULL") == [(1,)]
    assert t.run("SELECT K FROM T WHERE N = (SELECT MAX(N) FROM T) UNION ALL SELECT 9 ORDER BY 1 DESC") == [(9,), (3,)]
    assert t.run("SELECT K, LAG(K) OVER (ORDER BY K) P FROM T QUALIFY P IS NOT NULL ORDER BY K") == [(2, 1), (3, 2)]
    assert t.run("SELECT MOD_, COUNT(*) FROM (SELECT K % 2 AS MOD_ FROM T) GROUP BY 1 HAVING COUNT(*) > 1") == [(1, 2)]
    assert t.run("SELECT LISTAGG(A, ',') WITHIN GROUP (ORDER BY K) FROM T") == [("one,two,three",)]
    assert t.run("SELECT K FROM T WHERE A LIKE 't%' AND K IN (SELECT K FROM T) ORDER BY K LIMIT 1 OFFSET 1") == [(3,)]
    flat = "SELECT f.VALUE::INT FROM (SELECT PARSE_JSON('[3, 4]') V) x, LATERAL FLATTEN(INPUT => x.V) f ORDER BY 1"
    assert t.run(flat) == [(3,), (4,)]
    assert t.run("SELECT * FROM TABLE(RESULT_SCAN(LAST_QUERY_ID()))") == [(3,), (4,)]
    assert t.run("SELECT 7 / 2, 7 % 2, 1.5 * 2, 'a' || 1, -K FROM T WHERE K = 1") == [
        (Decimal("3.500000"), 1, Decimal("3.0"), "a1", -1)
    ]


def test_error_logging_leaves_out_the_rows_that_do_not_fit(db):
    """ERROR_LOGGING = TRUE: INSERT, UPDATE and MERGE go on without what has the wrong type (error-logging-dml)."""
    db.run("CREATE TABLE T (K INT, A INT, B VARCHAR(2)) ERROR_LOGGING = TRUE")
    db.run("CREATE TABLE S (K INT, A VARCHAR, B VARCHAR)")
    db.run("INSERT INTO S VALUES (1, '1', 'b'), (2, 'x', 'b'), (3, '3', 'bbb')")
    assert db.run("INSERT INTO T SELECT * FROM S") == [(1,)]
    assert db.run("INSERT INTO T VALUES ('4', '4', NULL), ('5', 'y', 'b')") == [(1,)]
    assert db.run("SELECT * FROM T ORDER BY K") == [(1, 1, "b"), (4, 4, None)]
    assert db.run("UPDATE T SET A = CASE K WHEN 1 THEN 'z' ELSE '9' END")[0][0] == 1
    db.run("INSERT INTO S VALUES (4, 'q', 'b'), (6, '6', 'b')")
    db.run(
        "MERGE INTO T USING S ON T.K = S.K WHEN MATCHED THEN UPDATE SET A = S.A"
        " WHEN NOT MATCHED THEN INSERT VALUES (S.K, S.A, S.B)"
    )
    assert db.run("SELECT * FROM T ORDER BY K") == [(1, 1, "b"), (4, 9, None), (6, 6, "b")]
    db.run("INSERT OVERWRITE INTO T SELECT * FROM S")
    assert db.run("SELECT K FROM T ORDER BY K") == [(1,), (6,)]
    db.run("ALTER TABLE T SET ERROR_LOGGING = FALSE")
    db.fails("INSERT INTO T SELECT * FROM S")
    db.fails("SELECT * FROM TABLE(ERROR_TABLE(T))")  # not built


def test_what_a_table_was_made_with_is_shown(db):
    """Kind, clustering, retention and comment as declared, in that order of clauses (sql/create-table)."""
    db.run("CREATE TRANSIENT TABLE T (A INT) CLUSTER BY (A) DATA_RETENTION_TIME_IN_DAYS = 0 COMMENT = 'what is said'")
    db.run("CREATE TABLE U (A INT)")
    names = ("kind", "cluster_by", "retention_time", "comment")
    shown = {row["name"]: [row[name] for name in names] for row in db.records("SHOW TABLES IN SCHEMA")}
    assert shown == {"T": ["TRANSIENT", "LINEAR(A)", "0", "what is said"], "U": ["TABLE", "", "1", ""]}


def test_a_tag_that_does_not_exist_is_refused(db):
    """CREATE TABLE .. WITH TAG behind the comment needs the tag (user-guide/object-tagging)."""
    db.fails("CREATE TABLE T (A INT) COMMENT = 'x' WITH TAG (NO_TAG_OF_THAT_NAME = 'v')", 2003)
    db.fails("SELECT * FROM T", 2003)


def test_clustering_keys(db, stage):
    """CLUSTER BY is kept, changed, dropped and shown; a COPY of CSV fails if it calls functions (copy-into-table)."""
    db.run("CREATE TABLE T (A INT, D DATE) CLUSTER BY (A, D)")
    stage.put("t.csv", "1,2024-02-29\n")
    stage.copy("T")
    assert db.records("SHOW TABLES LIKE 'T'")[0]["cluster_by"] == "LINEAR(A, D)"
    db.run("CREATE TABLE C CLONE T")
    db.run("ALTER TABLE T CLUSTER BY (DATE_TRUNC('MONTH', D))")
    stage.put("u.csv", "2,2024-02-29\n")
    db.fails("COPY INTO T FROM @ST", 2300)
    db.run("INSERT INTO T VALUES (3, '2024-01-01')")
    db.run("ALTER TABLE T DROP CLUSTERING KEY")
    stage.copy("T")
    assert db.value("SELECT COUNT(*) FROM T") == 3
    shown = {row["name"]: row["cluster_by"] for row in db.records("SHOW TABLES IN SCHEMA")}
    assert shown == {"C": "LINEAR(A, D)", "T": ""}
    db.fails("CREATE TABLE U (A INT) CLUSTER BY (B)")
