"""SQLAlchemy's dialect for Snowflake, in an environment of its own."""

from __future__ import annotations

import json
import subprocess

from tests.environments import environment

SCRIPT = r"""
import json, sys
from snowflake.sqlalchemy import URL
from sqlalchemy import Column, Integer, MetaData, Numeric, String, Table, create_engine, inspect, select

config = json.loads(sys.stdin.read())
schema = config["default_target_schema"]
names = ("account", "user", "password", "role", "warehouse", "database", "host", "port")
engine = create_engine(URL(**{name: config[name] for name in names}), connect_args={"protocol": config["protocol"]})
out = {}
with engine.connect() as connection:
    connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    metadata = MetaData(schema=schema)
    columns = [Column("id", Integer, primary_key=True, autoincrement=False), Column("name", String(20))]
    table = Table("orders", metadata, *columns, Column("amount", Numeric(10, 2)))
    metadata.create_all(connection)
    rows = [{"id": 1, "name": "it's", "amount": 1.25}, {"id": 2, "name": None, "amount": None}]
    connection.execute(table.insert(), rows)
    connection.commit()
    found = connection.execute(select(table).where(table.c.amount > 1)).all()
    out["rows"] = [[str(value) for value in row] for row in found]
    out["columns"] = [[c["name"], str(c["type"])] for c in inspect(connection).get_columns("orders", schema=schema)]
    connection.exec_driver_sql(f"DROP SCHEMA {schema}")
print(json.dumps(out))
"""


def test_sqlalchemy_creates_loads_and_reflects(config):
    """The dialect connects, creates a table, inserts, selects and reads the columns back."""
    python = environment("snowflake-sqlalchemy", ["snowflake-sqlalchemy>=1.7"]) / "python"
    done = subprocess.run(
        [python, "-W", "ignore", "-c", SCRIPT],
        input=json.dumps(config),
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "rows": [["1", "it's", "1.25"]],
        "columns": [["id", "DECIMAL(38, 0)"], ["name", "VARCHAR(20)"], ["amount", "DECIMAL(10, 2)"]],
    }
