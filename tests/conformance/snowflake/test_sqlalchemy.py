"""SQLAlchemy's dialect for Snowflake, in an environment of its own: connect, create, load, select, reflect."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.conformance.snowflake.conftest import access
from tests.environments import PATIENCE_SECONDS, environment

pytestmark = pytest.mark.long

SCRIPT = r"""
import json, sys
from snowflake.sqlalchemy import URL
from sqlalchemy import (
    Column, ForeignKey, Integer, MetaData, Numeric, String, Table, UniqueConstraint, create_engine, inspect, select
)

config, url, access = json.loads(sys.stdin.read())
schema = config["default_target_schema"]
names = ("account", "user", "password", "role", "warehouse", "database", "host", "port")
engine = create_engine(URL(**{name: config[name] for name in names}), connect_args={"protocol": config["protocol"]})
out = {}
with engine.connect() as connection:
    connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    metadata = MetaData(schema=schema)
    columns = [Column("id", Integer, primary_key=True, autoincrement=False), Column("name", String(20))]
    table = Table("orders", metadata, *columns, Column("amount", Numeric(10, 2)), UniqueConstraint("name", name="u"))
    Table("lines", metadata, Column("of", Integer, ForeignKey(table.c.id)), Column("n", Integer, nullable=False))
    metadata.create_all(connection)
    connection.exec_driver_sql(f"CREATE STAGE {schema}.ST URL = '{url}' {access}")
    copy = f"COPY INTO {schema}.orders FROM @{schema}.ST FILE_FORMAT = (FIELD_DELIMITER = '|')"
    out["copied"] = [row.status for row in connection.exec_driver_sql(copy)]
    rows = [{"id": 1, "name": "it's", "amount": 1.25}, {"id": 2, "name": None, "amount": None}]
    connection.execute(table.insert(), rows)
    connection.commit()
    found = connection.execute(select(table).where(table.c.amount > 1).order_by(table.c.id)).all()
    out["rows"] = [[str(value) for value in row] for row in found]
    seen = MetaData(schema=schema)
    seen.reflect(connection)
    out["columns"] = [[c.name, str(c.type)] for c in seen.tables[f"{schema}.orders"].columns]
    out["keys"] = [c.name for c in seen.tables[f"{schema}.orders"].primary_key]
    out["unique"] = [u["column_names"] for u in inspect(connection).get_unique_constraints("orders", schema=schema)]
    out["foreign"] = [str(f.column) for f in seen.tables[f"{schema}.lines"].foreign_keys]
    out["nullable"] = [c.nullable for c in seen.tables[f"{schema}.lines"].columns]
    connection.exec_driver_sql(f"DROP SCHEMA {schema}")
print(json.dumps(out))
"""


def test_sqlalchemy_creates_loads_and_reflects(config, s3):
    """The dialect connects, creates tables, inserts, copies, selects, and reflects columns and keys."""
    prefix = f"{config['s3_key_prefix']}/alchemy"
    s3.client().put_object(Bucket=s3.bucket, Key=f"{prefix}/a.csv", Body=b"3|three|3.50\n")
    python = environment("snowflake-sqlalchemy", ["snowflake-sqlalchemy>=1.7"]) / "python"
    done = subprocess.run(
        [python, "-W", "ignore", "-c", SCRIPT],
        input=json.dumps([config, f"s3://{s3.bucket}/{prefix}/", access(config)]),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "copied": ["LOADED"],
        "rows": [["1", "it's", "1.25"], ["3", "three", "3.50"]],
        "columns": [["id", "DECIMAL(38, 0)"], ["name", "VARCHAR(20)"], ["amount", "DECIMAL(10, 2)"]],
        "keys": ["id"],
        "unique": [["name"]],
        "foreign": ["orders.id"],
        "nullable": [True, False],
    }
