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


def engine_of(driver: str, config: dict[str, Any]) -> Any:
    import sqlalchemy as sa

    account = (config["user"], config["password"], config["host"], config["port"], config["database"])
    url = sa.engine.URL.create(driver, *account)
    # redshift_connector trusts the certificates of Amazon alone.
    options = {"ssl": False} if driver.endswith("redshift_connector") else {"sslmode": "disable"}
    return sa.create_engine(url, connect_args=options)


def through_sqlalchemy(driver: str, config: dict[str, Any], copy: str) -> list[Any]:
    import sqlalchemy as sa

    schema, engine = config["default_target_schema"], engine_of(driver, config)
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


def reflected(driver: str, config: dict[str, Any]) -> dict[str, Any]:
    """What SQLAlchemy's inspector says of two tables, a view and a late-binding view that it made itself."""
    import sqlalchemy as sa

    schema, engine = config["default_target_schema"], engine_of(driver, config)
    metadata = sa.MetaData(schema=schema)
    key = sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False)
    name = sa.Column("n", sa.String(10), nullable=False, unique=True)
    layout = {"redshift_diststyle": "KEY", "redshift_distkey": "id", "redshift_sortkey": "n"}
    sa.Table("p", metadata, key, name, **layout)
    reference = sa.Column("pid", sa.BigInteger, sa.ForeignKey(f"{schema}.p.id"))
    sa.Table("q", metadata, reference, sa.Column("amount", sa.Numeric(8, 2)), sa.Column("at", sa.DateTime))
    with engine.begin() as connection:
        connection.execute(sa.text(f"CREATE SCHEMA {schema}"))
    for _ in range(2):  # the second time everything is there
        metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE VIEW {schema}.late AS SELECT n FROM {schema}.p WITH NO SCHEMA BINDING")
        connection.exec_driver_sql(f"CREATE VIEW {schema}.bound AS SELECT id FROM {schema}.p")
    seen = sa.inspect(engine)
    loaded = sa.Table("p", sa.MetaData(), schema=schema, autoload_with=engine)
    found = {
        "tables": sorted(seen.get_table_names(schema)),
        "views": sorted(seen.get_view_names(schema)),
        "absent": seen.has_table("none", schema),
        "columns": [f"{c['name']} {c['type']} {c['nullable']}" for t in "pq" for c in seen.get_columns(t, schema)],
        "late": [f"{c['name']} {c['type']}" for c in seen.get_columns("late", schema)],
        "key": seen.get_pk_constraint("p", schema)["constrained_columns"],
        "references": [k["referred_table"] for k in seen.get_foreign_keys("q", schema)],
        "unique": [k["column_names"] for k in seen.get_unique_constraints("p", schema)],
        "distkey": seen.get_table_options("p", schema)["redshift_distkey"],
        "loaded": [column.name for column in loaded.primary_key],
    }
    metadata.drop_all(engine, tables=[metadata.tables[f"{schema}.q"]])
    return {**found, "left": sa.inspect(engine).get_table_names(schema)}


def main() -> None:
    told = json.load(sys.stdin)
    if told.get("reflect"):
        print(json.dumps(reflected(told["driver"], told["config"])))
        return
    through = through_sqlalchemy if "+" in told["driver"] else through_driver
    print(json.dumps(through(told["driver"], told["config"], told["copy"]), default=str))


if __name__ == "__main__":
    main()
