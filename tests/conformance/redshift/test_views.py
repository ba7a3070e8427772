"""Views, bound and late-binding (r_CREATE_VIEW), and the window functions that they are made of."""

from __future__ import annotations

import pytest

from tests.conformance.redshift.conftest import Config, Db, connect

LATE = "WITH NO SCHEMA BINDING"
LAST = "SELECT id, v, ROW_NUMBER() OVER (PARTITION BY id ORDER BY seq DESC) AS place FROM {0}.t"
SPANS = "SELECT id, seq AS since, LEAD(seq) OVER (PARTITION BY id ORDER BY seq) AS until FROM {0}.t"
AGGREGATE = "Aggregate window functions with an ORDER BY clause require a frame clause"


@pytest.fixture
def versions(db: Db) -> Db:
    """A table of versions: two of the first id, one of the second."""
    db.run("CREATE TABLE t (id INT, v VARCHAR(5), seq INT)")
    db.run("INSERT INTO t VALUES (1, 'a', 1), (1, 'b', 2), (2, 'c', 1)")
    return db


def test_window_functions_in_late_binding_views(versions: Db, schema_name: str) -> None:
    """A view over versions gives the last one of each, or from when until when each was."""
    versions.run(f"CREATE VIEW {schema_name}.latest AS {LAST.format(schema_name)} {LATE}")
    versions.run(f"CREATE OR REPLACE VIEW {schema_name}.spans AS {SPANS.format(schema_name)} {LATE}")
    assert versions.run("SELECT id, v FROM latest WHERE place = 1 ORDER BY id") == [(1, "b"), (2, "c")]
    assert versions.run(f"SELECT * FROM {schema_name}.spans s ORDER BY s.id, s.since") == [
        (1, 1, 2),
        (1, 2, None),
        (2, 1, None),
    ]


def test_late_binding_view_follows_its_table(versions: Db, other: Db, schema_name: str) -> None:
    """What is not there need not be; a column that goes fails the query; another table takes its place at once."""
    versions.run(f"CREATE VIEW v AS SELECT id, v FROM {schema_name}.absent {LATE}")
    assert "does not exist" in str(versions.error("SELECT * FROM v"))
    versions.run(f"DROP VIEW v; CREATE VIEW v AS SELECT id, v FROM {schema_name}.t {LATE}")
    versions.run("ALTER TABLE t DROP COLUMN v")
    assert versions.error("SELECT * FROM v").pgcode == "42703"
    for sql in (
        "BEGIN",
        "CREATE TABLE t_new (v DATE, more INT, id BIGINT)",
        "INSERT INTO t_new VALUES ('2020-01-01', 1, 9)",
        "DROP TABLE t",
        "ALTER TABLE t_new RENAME TO t",
    ):
        versions.run(sql)
    other.run("SET statement_timeout TO 300")
    assert other.error("SELECT * FROM v").pgcode == "57014"
    versions.run("COMMIT")
    assert [(number, str(day)) for number, day in other.run("SELECT * FROM v")] == [(9, "2020-01-01")]


def test_a_star_in_a_late_binding_view_is_read_late(versions: Db, schema_name: str) -> None:
    """r_CREATE_VIEW, its example: the view shows a column under the name that the table gives it now."""
    versions.run(f"CREATE VIEW v AS SELECT * FROM {schema_name}.t {LATE}")
    versions.run("ALTER TABLE t RENAME COLUMN v TO title")
    with versions.connection.cursor() as cursor:
        cursor.execute("SELECT * FROM v LIMIT 1")
        assert [column.name for column in cursor.description] == ["id", "title", "seq"]


def test_show_view(versions: Db, schema_name: str) -> None:
    """r_SHOW_VIEW: the definition of a view, of a late-binding one too."""
    for name, end in (("bound", ""), ("late", LATE)):
        versions.run(f"CREATE VIEW {name} AS SELECT id AS mine FROM {schema_name}.t {end}")
        for named in (name, f'"{schema_name}"."{name}"'):
            (shown,) = versions.run(f"SHOW VIEW {named}")
            assert "mine" in shown[0]
    assert versions.error(f"SHOW VIEW {schema_name}.absent").pgcode == "42P01"


def test_late_binding_views_over_one_another(versions: Db, schema_name: str) -> None:
    """A view may read another; a WITH name is no table; every statement that reads can name it."""
    versions.run(f"CREATE VIEW inner_v AS {LAST.format(schema_name)} {LATE}")
    versions.run(
        f"CREATE VIEW outer_v (k, w) AS WITH one AS (SELECT id, v FROM {schema_name}.inner_v WHERE place = 1)"
        f" SELECT id, v FROM one {LATE}"
    )
    assert versions.run("SELECT outer_v.w FROM outer_v, t WHERE t.id = outer_v.k AND t.v = 'a'") == [("b",)]
    versions.run("CREATE TABLE copied AS SELECT * FROM outer_v")
    versions.run("INSERT INTO copied SELECT k + 10, w FROM outer_v")
    versions.run("UPDATE copied SET w = 'z' FROM outer_v WHERE outer_v.k = copied.k")
    versions.run("DELETE FROM copied USING outer_v AS o WHERE o.k = copied.k - 10 AND o.w = 'c'")
    assert versions.run("SELECT * FROM copied ORDER BY k") == [(1, "z"), (2, "z"), (11, "b")]
    versions.run("ALTER TABLE outer_v RENAME TO renamed")
    assert versions.value("SELECT count(*) FROM renamed") == 2


def test_a_bound_view_keeps_what_a_late_binding_view_was(versions: Db, schema_name: str) -> None:
    """r_CREATE_VIEW, Important: a standard view has the definition that the late-binding view had when it was made."""
    versions.run(f"CREATE VIEW v AS SELECT id FROM {schema_name}.t WHERE id = 1 {LATE}")
    versions.run("CREATE VIEW bound AS SELECT * FROM v")
    versions.run(f"CREATE OR REPLACE VIEW v AS SELECT id FROM {schema_name}.t WHERE id = 2 {LATE}")
    assert versions.run("SELECT * FROM bound") == [(1,), (1,)]
    assert versions.run("SELECT * FROM v") == [(2,)]
    assert "depend" in str(versions.error("DROP TABLE t"))


def test_columns_of_late_binding_views(versions: Db, schema_name: str) -> None:
    """PG_GET_LATE_BINDING_VIEW_COLS, r_SVV_COLUMNS: the columns as they are now; of a broken view none."""
    versions.run(f"CREATE VIEW v AS SELECT id, v FROM {schema_name}.t {LATE}")
    versions.run(f"CREATE VIEW broken AS SELECT nothing FROM {schema_name}.t {LATE}")
    cols = "pg_get_late_binding_view_cols() cols(s name, view_name name, col_name name, col_type varchar, col_num int)"
    assert versions.run(f"SELECT view_name, col_name, col_type, col_num FROM {cols} WHERE s = '{schema_name}'") == [
        ("v", "id", "integer", 1),
        ("v", "v", "character varying(5)", 2),
    ]
    described = "SELECT column_name, data_type, character_maximum_length FROM svv_columns WHERE table_name = 'v'"
    assert versions.run(f"{described} AND table_schema = '{schema_name}' ORDER BY ordinal_position") == [
        ("id", "integer", None),
        ("v", "character varying", 5),
    ]


REFUSED = [
    (f"CREATE VIEW x AS SELECT id FROM t {LATE}", "should be qualified"),
    (f"CREATE VIEW x AS SELECT id FROM {{0}}.t WHERE id IN (SELECT id FROM t) {LATE}", "should be qualified"),
    (f"CREATE VIEW x AS SELECT t.id FROM {{0}}.t, v {LATE}", "should be qualified"),
    (f"CREATE VIEW x AS SELECT id FROM no_such_schema.t {LATE}", "does not exist"),
    (f"CREATE VIEW x AS WITH RECURSIVE q(n) AS (SELECT 1) SELECT n FROM q {LATE}", "ecursive"),
    (f"CREATE OR REPLACE VIEW late AS SELECT id, v FROM {{0}}.t {LATE}", "cannot change"),
    ("CREATE OR REPLACE VIEW bound AS SELECT id, v FROM t", "cannot change"),
    ("CREATE OR REPLACE VIEW bound AS SELECT id AS other FROM t", "cannot change"),
    ("CREATE VIEW late AS SELECT 1 AS id", "already exists"),
    ("INSERT INTO bound VALUES (1)", "view"),
    ("UPDATE bound SET id = 1", "view"),
    ("DELETE FROM bound", "view"),
    ("DELETE FROM late", "view"),
    ("DROP TABLE t", "depend"),
    ("DROP TABLE late", "is not a table"),
]


@pytest.mark.parametrize(("sql", "text"), REFUSED, ids=lambda value: str(value)[:50])
def test_refused_of_views(versions: Db, schema_name: str, sql: str, text: str) -> None:
    """r_CREATE_VIEW: names with their schema, the same columns when replaced, no writing."""
    versions.run("CREATE VIEW bound AS SELECT id FROM t")
    versions.run(f"CREATE VIEW late AS SELECT id FROM {schema_name}.t {LATE}")
    assert text in str(versions.error(sql.format(schema_name)))


def test_reading_a_late_binding_view_needs_the_right(versions: Db, schema_name: str, redshift_config: Config) -> None:
    """r_CREATE_VIEW: to query a late-binding view takes SELECT on the view."""
    user = f"u{schema_name}"
    versions.run(f"CREATE VIEW v AS SELECT id FROM {schema_name}.t {LATE}")
    versions.run(f"CREATE USER {user} PASSWORD 'Abcd1234'; GRANT USAGE ON SCHEMA {schema_name} TO {user}")
    versions.run(f"GRANT SELECT ON t TO {user}")
    reader = Db(connect({**redshift_config, "user": user, "password": "Abcd1234"}))
    assert reader.error(f"SELECT * FROM {schema_name}.v").pgcode == "42501"
    versions.run(f"GRANT SELECT ON v TO {user}")
    assert len(reader.run(f"SELECT * FROM {schema_name}.v")) == 3
    reader.connection.close()


def test_a_late_binding_view_reads_by_the_right_of_its_owner(
    versions: Db, schema_name: str, redshift_config: Config
) -> None:
    """Row 77, r_CREATE_VIEW: who owns a late-binding view needs SELECT on what it reads, whoever asks."""
    user = f"u{schema_name}"
    versions.run(f"CREATE USER {user} PASSWORD 'Abcd1234'; GRANT USAGE, CREATE ON SCHEMA {schema_name} TO {user}")
    owner = Db(connect({**redshift_config, "user": user, "password": "Abcd1234"}))
    owner.run(f"CREATE VIEW {schema_name}.v AS SELECT id FROM {schema_name}.t {LATE}")
    owner.connection.close()
    assert "permission denied for relation t" in str(versions.error("SELECT * FROM v"))
    versions.run(f"GRANT SELECT ON t TO {user}")
    assert len(versions.run("SELECT * FROM v")) == 3


@pytest.mark.parametrize(
    ("call", "text"),
    [
        ("SUM(seq) OVER (PARTITION BY id ORDER BY seq)", AGGREGATE),
        ("FIRST_VALUE(v) OVER (PARTITION BY id ORDER BY seq)", AGGREGATE),
        ("MAX(seq) OVER (ORDER BY seq RANGE UNBOUNDED PRECEDING)", "syntax error"),
        ("ROW_NUMBER() OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING)", "syntax error"),
        ("LEAD(v) OVER (ORDER BY seq ROWS UNBOUNDED PRECEDING)", "syntax error"),
        ("LEAD(v) OVER (PARTITION BY id)", "ORDER BY"),
        ("LAG(v, 1, 'none') OVER (ORDER BY seq)", "two arguments"),
        ("ROW_NUMBER() OVER (PARTITION BY 'x' ORDER BY seq)", "constant"),
        ("ROW_NUMBER() OVER (ORDER BY 1)", "constant"),
        ("ROW_NUMBER() OVER named", "syntax error"),
    ],
)
def test_refused_windows(versions: Db, call: str, text: str) -> None:
    """r_Window_function_synopsis: a frame of ROWS where a frame belongs, no constants, no named windows."""
    assert text in str(versions.error(f"SELECT {call} FROM t"))


@pytest.mark.parametrize(
    ("call", "rows"),
    [
        ("SUM(seq) OVER (PARTITION BY id ORDER BY seq ROWS UNBOUNDED PRECEDING)", [1, 3, 1]),
        ("SUM(seq) OVER (PARTITION BY id)", [3, 3, 1]),
        ("LAG(seq, 1) OVER (PARTITION BY id ORDER BY seq)", [None, 1, None]),
        ("RANK() OVER (ORDER BY v)", [1, 2, 3]),
        ("COUNT(*) OVER ()", [3, 3, 3]),
    ],
)
def test_windows(versions: Db, call: str, rows: list[int | None]) -> None:
    """r_Window_function_synopsis: what the page allows."""
    assert [row[2] for row in versions.run(f"SELECT id, seq, {call} FROM t ORDER BY 1, 2")] == rows


@pytest.mark.parametrize("late", ["", LATE])
def test_replacing_a_view_waits_for_its_readers(versions: Db, other: Db, schema_name: str, late: str) -> None:
    """r_CREATE_VIEW: OR REPLACE locks the view for reads and writes: it waits for open readers, new ones for it."""
    create = f"CREATE OR REPLACE VIEW v AS SELECT id FROM {schema_name}.t WHERE id = {{}} {late}"
    versions.run(create.format(1))
    other.run("SET statement_timeout TO 300")
    versions.run("BEGIN; SELECT * FROM v")
    assert other.error(create.format(2)).pgcode == "57014"
    versions.run("COMMIT")
    other.run(create.format(2))
    versions.run("BEGIN; " + create.format(1))
    assert other.error("SELECT * FROM v").pgcode == "57014"
    versions.run("COMMIT")
    assert other.run("SELECT * FROM v") == [(1,), (1,)]
