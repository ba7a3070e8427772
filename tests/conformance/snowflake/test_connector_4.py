"""The older generation of the connector, in an environment of its own (`--ignore` this file where no registry is)."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.environments import PATIENCE_SECONDS, environment

pytestmark = pytest.mark.long

# Every type out and in, a COPY, a failed statement, autocommit off, a background query; run by connector 4.8.
SCRIPT = r"""
import json, sys
import snowflake.connector

config, url = json.loads(sys.stdin.read())
names = ("account", "user", "password", "role", "warehouse", "database", "host", "port", "protocol")
arguments = {name: config[name] for name in names}
out = {"version": snowflake.connector.__version__}
try:
    snowflake.connector.connect(**{**arguments, "password": "wrong"})
except snowflake.connector.errors.DatabaseError as error:
    out["wrong password"] = error.errno
connection = snowflake.connector.connect(
    **arguments, autocommit=False, session_parameters={"TIMEZONE": "UTC", "QUERY_TAG": "four"}
)
cursor = connection.cursor()
schema = config["default_target_schema"]
cursor.execute(f'CREATE SCHEMA "{schema}"')
cursor.execute(f"CREATE STAGE ST URL = '{url}' STORAGE_INTEGRATION = LOCAL_S3")
types = "A NUMBER(38,0), B NUMBER(38,9), C FLOAT, D BOOLEAN, E DATE, F TIME, G TIMESTAMP_NTZ, H TIMESTAMP_TZ, I VARIANT"
cursor.execute(f"CREATE TABLE T ({types}, J BINARY, K TIMESTAMP_LTZ)")
fields = "$1, $2, $3, $4, $5, $6, $7, $8, PARSE_JSON($9), TO_BINARY($10, 'HEX'), $11"
cursor.execute(f"COPY INTO T FROM (SELECT {fields} FROM @ST) FILE_FORMAT = (FIELD_DELIMITER = '|')")
out["copied"] = cursor.fetchall()[0][1:4]
connection.commit()
cursor.execute("INSERT INTO T (A) VALUES (%s)", (5,))
connection.rollback()
cursor.execute("SELECT * FROM T")
out["rows"] = [[str(value) for value in row] for row in cursor.fetchall()]
out["types"] = [column.type_code for column in cursor.description]
try:
    cursor.execute("SELECT 1/0")
except snowflake.connector.errors.ProgrammingError as error:
    out["error"] = [error.errno, error.sqlstate]
cursor.execute_async("SELECT 42")
cursor.get_results_from_sfqid(cursor.sfqid)
out["async"] = cursor.fetchone()[0]
cursor.execute(f'DROP SCHEMA "{schema}"')
connection.close()
print(json.dumps(out))
"""


def test_connector_4_8_logs_in_loads_and_reads(config, s3):
    """Connector 4.8 gets the same values as 5.2; its wrong password is refused."""
    python = environment("connector-4", ["snowflake-connector-python>=4.8,<5"]) / "python"
    prefix = f"{config['s3_key_prefix']}/four"
    row = (
        "12345678901234567890123456789012345678|-0.000000001|1.5|true|2024-02-29|23:59:59.123456789|"
        "2024-02-29 12:00:00.123456|2024-02-29 12:00:00.5 +05:30|{}|BEEF|2024-02-29 12:00:00 +00:00\n"
    )
    s3.client().put_object(Bucket=s3.bucket, Key=f"{prefix}/a.csv", Body=row.encode())
    done = subprocess.run(
        [python, "-c", SCRIPT],
        input=json.dumps([config, f"s3://{s3.bucket}/{prefix}/"]),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    out = json.loads(done.stdout.splitlines()[-1])
    assert out.pop("version").startswith("4.")
    assert out.pop("wrong password") == 390100
    assert out.pop("copied") == ["LOADED", 1, 1]
    assert out.pop("error") == [100051, "22012"]
    assert out.pop("async") == 42
    assert len(out.pop("types")) == 11
    ((*values, last),) = out.pop("rows")
    assert last.startswith("2024-02-29 12:00:00")
    assert values == [
        "12345678901234567890123456789012345678", "-1E-9", "1.5", "True", "2024-02-29", "23:59:59.123456",
        "2024-02-29 12:00:00.123456", "2024-02-29 12:00:00.500000+05:30", "{}", "b'\\xbe\\xef'",
    ]  # fmt: skip
