"""Redshift Serverless: the system tables that it refuses, and the views that stand in for them.

Source: https://docs.aws.amazon.com/redshift/latest/mgmt/serverless-monitoring.html
"""

from __future__ import annotations

import pytest

from tests.conformance.redshift.conftest import Config, Db, Stage, connect

pytestmark = pytest.mark.usefixtures("serverless")

REFUSED = [
    "SELECT count(*) FROM stv_sessions",
    "SELECT count(*) FROM pg_catalog.stv_slices",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM stl_load_errors)",
    "WITH errors AS (SELECT * FROM stl_load_errors) SELECT * FROM errors",
    "SELECT * FROM pg_class JOIN svl_qlog ON true",
    "SELECT * FROM svv_diskusage",
    "INSERT INTO t SELECT slice FROM stv_slices",
    "CREATE TABLE copied AS SELECT * FROM stv_recents",
    "CREATE VIEW v AS SELECT slice FROM stv_slices",
    "CREATE VIEW v AS SELECT slice FROM pg_catalog.stv_slices WITH NO SCHEMA BINDING",
]
ANSWERING = [
    "svv_tables", "svv_columns", "svv_all_columns", "svv_all_tables", "svv_all_schemas", "svv_table_info",
    "svv_redshift_tables", "svv_redshift_columns", "svv_redshift_schemas", "svv_redshift_databases",
    "svv_external_schemas", "svv_external_tables", "svv_external_columns", "svv_transactions", "sys_load_history",
    "sys_load_detail", "sys_session_history", "pg_table_def", "pg_class", "information_schema.columns",
]  # fmt: skip


def test_tables_of_clusters_are_refused(db: Db, redshift_config: Config, schema_name: str) -> None:
    """STL, STV, SVL and SVV_DISKUSAGE cannot be queried, by whoever and through whatever."""
    db.run("CREATE TABLE t (a INT)")
    user = f"u{schema_name}"
    db.run(f"CREATE USER {user} PASSWORD 'Abcd1234'; GRANT ALL ON SCHEMA {schema_name} TO {user}")
    other = Db(connect({**redshift_config, "user": user, "password": "Abcd1234"}))
    for session in (db, other):
        for sql in REFUSED:
            error = session.error(sql)
            assert (error.pgcode, "permission denied for relation s" in str(error)) == ("42501", True), sql
    other.connection.close()


def test_listed_views_answer(db: Db) -> None:
    """The SVV views of the list, SYS views, PG_ catalogs and the information schema answer."""
    for view in ANSWERING:
        db.run(f"SELECT * FROM {view} LIMIT 1")


def test_another_session_is_seen_by_its_transaction(db: Db, other: Db) -> None:
    """r_SVV_TRANSACTIONS: an open transaction is there by the process id of its session, and goes with it."""
    db.run("CREATE TABLE t (a INT)")
    pid = db.pid
    db.run("BEGIN; INSERT INTO t VALUES (1)")
    seen = f"SELECT count(*) > 0 FROM svv_transactions WHERE pid = {pid}"
    assert other.value(seen) is True
    db.run("ROLLBACK")
    assert other.value(seen) is False


def test_a_failed_load_names_the_view_that_answers(db: Db, stage: Stage) -> None:
    """SYS_LOAD_ERROR_DETAIL: the error of a failed COPY names it, and it has the file, the line and the reason."""
    db.run("CREATE TABLE t (a INT)")
    url = stage.put("1\nx\n")
    error = db.error(f"COPY t FROM '{url}' {stage.keys}")
    assert "Check 'sys_load_error_detail' system table for details." in str(error)
    query = "SELECT line_number, trim(error_message) FROM sys_load_error_detail WHERE trim(file_name) = '{}'"
    [(line, reason)] = db.run(query.format(url))
    assert (line, "Invalid digit" in reason) == (2, True)
