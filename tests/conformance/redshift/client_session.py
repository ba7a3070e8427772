"""Run by another environment's Python: connect, create, load and select with one driver; the rows as JSON.

Standard input: {"driver", "config", "copy"}. Standard output: the rows of the table as a JSON array.
"""

from __future__ import annotations

import json
import sys
from typing import Any

CREATE = "CREATE TABLE {0}.t (id BIGINT, name VARCHAR(10), amount DECIMAL(8,2), doc SUPER)"
INSERT = "INSERT INTO {0}.t VALUES ({1}, {1}, {1}, JSON_PARSE({1}))"
VALUES = (2, "zwei", "2.50", '{"b": [1]}')
SELECT = "SELECT id, name, amount, doc FROM {0}.t ORDER BY id"


def connect(driver: str, config: dict[str, Any]) -> Any:
    account = {name: config[name] for name in ("host", "port", "user", "password")}
    if driver == "psycopg":
        import psycopg

        return psycopg.connect(**account, dbname=config["database"], sslmode="require")
    import redshift_connector

    return redshift_connector.connect(**account, database=config["database"], ssl=False)


def through_driver(driver: str, config: dict[str, Any], copy: str) -> list[Any]:
    schema = config["default_target_schema"]
    connection = connect(driver, config)
    cursor = connection.cursor()
    cursor.execute(f"CREATE SCHEMA {schema}")
    cursor.execute(CREATE.format(schema))
    cursor.execute(copy)
    cursor.execute(INSERT.format(schema, "%s"), VALUES)
    connection.commit()
    cursor.execute(SELECT.format(schema))
    rows = [list(row) for row in cursor.fetchall()]
    connection.close()
    return rows


def through_sqlalchemy(driver: str, config: dict[str, Any], copy: str) -> list[Any]:
    import sqlalchemy as sa

    schema = config["default_target_schema"]
    account = (config["user"], config["password"], config["host"], config["port"], config["database"])
    url = sa.engine.URL.create(driver, *account)
    options = {"ssl": False} if driver.endswith("redshift_connector") else {"sslmode": "disable"}
    engine = sa.create_engine(url, connect_args=options)
    columns = [sa.Column("id", sa.BigInteger), sa.Column("name", sa.String(10)), sa.Column("amount", sa.Numeric(8, 2))]
    table = sa.Table("t", sa.MetaData(), *columns, schema=schema, redshift_diststyle="KEY", redshift_distkey="id")
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
        connection.execute(sa.schema.CreateTable(table))
        connection.execute(sa.text(f"ALTER TABLE {schema}.t ADD COLUMN doc SUPER"))
        connection.exec_driver_sql(copy)
        connection.execute(table.insert(), [{"id": 2, "name": "zwei", "amount": "2.50"}])
        connection.execute(sa.text(f"UPDATE {schema}.t SET doc = JSON_PARSE(:doc) WHERE id = 2"), {"doc": VALUES[3]})
    with engine.connect() as connection:
        return [list(row) for row in connection.execute(sa.text(SELECT.format(schema)))]


def main() -> None:
    told = json.load(sys.stdin)
    through = through_sqlalchemy if "+" in told["driver"] else through_driver
    print(json.dumps(through(told["driver"], told["config"], told["copy"]), default=str))


if __name__ == "__main__":
    main()
