"""The plugin of pytest that local-warehouse brings, in a run of pytest of its own, as others use it."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]

TESTS = """
import pytest

def test_copy(redshift, s3):
    address = s3.put("orders.csv", "1|a\\n2|b\\n")
    redshift.execute("CREATE TABLE orders (id INT, note VARCHAR(10))")
    redshift.execute(f"COPY orders FROM '{address}' IAM_ROLE '{s3.role()}' DELIMITER '|'")
    assert redshift.execute("SELECT id, note FROM orders ORDER BY id") == [(1, "a"), (2, "b")]

def test_the_schema_of_another_test_is_gone(redshift):
    assert redshift.execute("SELECT COUNT(*) FROM svv_tables WHERE table_name = 'orders'") == [(0,)]

def test_a_statement_that_redshift_refuses_is_refused(redshift):
    import psycopg2
    with pytest.raises(psycopg2.Error, match="not supported"):
        redshift.execute("CALL something()")

def test_a_fault(redshift):
    import psycopg2
    assert redshift.execute("SELECT 7") == [(7,)]
    redshift.fault(action="error", match="^SELECT 7")
    with pytest.raises(psycopg2.Error):
        redshift.execute("SELECT 7")
    assert redshift.execute("SELECT 7") == [(7,)]
"""
SNOWFLAKE = """
def test_snowflake(snowflake):
    snowflake.execute("CREATE TABLE ORDERS (ID NUMBER, NOTE VARCHAR)")
    snowflake.execute("INSERT INTO ORDERS VALUES (%s, %s)", (1, "a"))
    assert snowflake.execute("SELECT ID, NOTE FROM ORDERS") == [(1, "a")]
"""
SERVERLESS = """
import psycopg2, pytest

def test_serverless(redshift):
    with pytest.raises(psycopg2.Error):
        redshift.execute("SELECT * FROM stv_slices")
"""
WITHOUT_OURS = ("-p", "no:randomly", "-p", "no:cacheprovider", "-W", "ignore")


def test_fixtures_give_running_stand_ins(pytester: pytest.Pytester) -> None:
    """Each test has a schema and a prefix of its own; what is refused is refused; faults can be ordered."""
    pytester.makepyfile(TESTS + SNOWFLAKE)
    pytester.runpytest_subprocess(*WITHOUT_OURS).assert_outcomes(passed=5)


@pytest.mark.long
def test_options_choose_what_runs(pytester: pytest.Pytester) -> None:
    """`--local-warehouse-redshift serverless` is a workgroup, which refuses STV; files go where an option says."""
    pytester.makepyfile(SERVERLESS)
    ran = pytester.runpytest_subprocess(
        *WITHOUT_OURS, "--local-warehouse-redshift", "serverless", "--local-warehouse-dir", str(pytester.path / "files")
    )
    ran.assert_outcomes(passed=1)


def test_help_names_the_options(pytester: pytest.Pytester) -> None:
    """`pytest --help` has them, and no server is started for it."""
    ran = pytester.runpytest_subprocess(*WITHOUT_OURS, "--help")
    ran.stdout.fnmatch_lines(["stand-ins for Redshift*", "*--local-warehouse-redshift=*"])
