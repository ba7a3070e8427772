"""Privileges: what a role may do with exactly these rights, and the error where one of them is missing.

Source: https://docs.snowflake.com/en/user-guide/security-access-control-privileges
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import snowflake.connector

from tests.conformance.snowflake.conftest import Config, Db, Stage, access, connect

MERGE = (
    "MERGE INTO T USING U ON T.A = U.A WHEN MATCHED AND U.A = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET A = U.A "
    "WHEN NOT MATCHED THEN INSERT VALUES (U.A)"
)
# A statement, and the rights that it needs beside USAGE of database, schema and warehouse.
NEEDS = [
    ("SELECT * FROM T", ["SELECT ON TABLE T"]),
    ("SELECT * FROM V", ["SELECT ON VIEW V"]),
    ("INSERT INTO T VALUES (2)", ["INSERT ON TABLE T"]),
    ("INSERT INTO T SELECT A FROM U", ["INSERT ON TABLE T", "SELECT ON TABLE U"]),
    ("INSERT OVERWRITE INTO T SELECT 1", ["INSERT ON TABLE T", "DELETE ON TABLE T"]),
    ("UPDATE T SET A = 1", ["UPDATE ON TABLE T"]),
    ("DELETE FROM T", ["DELETE ON TABLE T"]),
    ("DELETE FROM T USING U WHERE T.A = U.A", ["DELETE ON TABLE T", "SELECT ON TABLE T", "SELECT ON TABLE U"]),
    (MERGE, [*(f"{one} ON TABLE T" for one in ("SELECT", "INSERT", "UPDATE", "DELETE")), "SELECT ON TABLE U"]),
    ("TRUNCATE TABLE T", ["TRUNCATE ON TABLE T"]),
    ("COPY INTO T FROM @ST", ["INSERT ON TABLE T", "USAGE ON STAGE ST"]),
    ("COPY INTO T FROM @ST FILE_FORMAT = (FORMAT_NAME = F)",
     ["INSERT ON TABLE T", "READ ON STAGE ST", "USAGE ON FILE FORMAT F"]),
    ("REMOVE @ST/none", ["WRITE ON STAGE ST"]),
    ("CREATE TABLE IF NOT EXISTS T (A INT)", ["CREATE TABLE ON SCHEMA {schema}"]),
    ("CREATE TABLE MADE CLONE U", ["CREATE TABLE ON SCHEMA {schema}", "SELECT ON TABLE U"]),
    ("CREATE OR REPLACE TABLE MADE AS SELECT * FROM U", ["CREATE TABLE ON SCHEMA {schema}", "SELECT ON TABLE U"]),
    ("CREATE VIEW IF NOT EXISTS MADE_V AS SELECT A FROM U", ["CREATE VIEW ON SCHEMA {schema}", "SELECT ON TABLE U"]),
    ("CREATE FILE FORMAT IF NOT EXISTS F TYPE = CSV", ["CREATE FILE FORMAT ON SCHEMA {schema}"]),
    ("CREATE STAGE IF NOT EXISTS MADE_S URL = '{url}' {access}",
     ["CREATE STAGE ON SCHEMA {schema}", "USAGE ON INTEGRATION {integration}"]),
]  # fmt: skip
OWNERS = [
    "ALTER TABLE T ADD COLUMN B INT", "ALTER TABLE T RENAME TO T2", "ALTER TABLE T SWAP WITH U", "DROP TABLE T",
    "COMMENT ON TABLE T IS 'x'", "ALTER STAGE ST SET COMMENT = 'x'", "DROP STAGE ST", "DROP FILE FORMAT F",
    "ALTER FILE FORMAT F SET SKIP_HEADER = 1", "DROP VIEW V", "CREATE OR REPLACE TABLE T (A INT)",
    "CREATE TEMPORARY TABLE T (A INT)", "DROP SCHEMA {schema}", "GRANT SELECT ON TABLE T TO ROLE PUBLIC",
]  # fmt: skip


@dataclass
class Limited:
    """A role without rights but USAGE of database, schema and warehouse, and a session that has it alone."""

    role: str
    owner: Db
    session: Db

    def grant(self, right: str) -> None:
        self.owner.run(f"GRANT {right} TO ROLE {self.role}")

    def revoke(self, right: str) -> None:
        self.owner.run(f"REVOKE {right} FROM ROLE {self.role}")


@pytest.fixture
def limited(config: Config, db: Db, stage: Stage) -> Iterator[Limited]:
    schema = config["default_target_schema"]
    role = f"R{schema}"
    db.run("CREATE TABLE T (A INT) AS SELECT 1")
    db.run("CREATE TABLE U (A INT) AS SELECT 1")
    db.run("CREATE VIEW V AS SELECT A FROM U")
    db.run("CREATE FILE FORMAT F TYPE = CSV")
    stage.put("a.csv", "1\n")
    db.run(f"CREATE ROLE {role}")
    db.run(f"GRANT ROLE {role} TO USER {config['user']}")
    for right in (f"DATABASE {config['database']}", f"SCHEMA {schema}", f"WAREHOUSE {config['warehouse']}"):
        db.run(f"GRANT USAGE ON {right} TO ROLE {role}")
    session = Db(connect(config, schema=schema))
    session.run(f"USE ROLE {role}")
    yield Limited(role, db, session)
    session.close()
    db.run(f"DROP ROLE {role}")


def test_each_right_is_needed(limited: Limited, stage: Stage, config: Config) -> None:
    """With its rights a statement runs; without any one of them it is refused: 003001, or 002003 if nothing is seen."""
    for relation in ("TABLE T", "TABLE U", "VIEW V"):
        limited.grant(f"REFERENCES ON {relation}")
    texts = {
        "schema": config["default_target_schema"], "url": stage.url, "access": access(config),
        "integration": config["storage_integration"],
    }  # fmt: skip
    for template, needs in NEEDS:
        sql, rights = template.format(**texts), [right.format(**texts) for right in needs]
        for right in rights:
            limited.grant(right)
        for right in rights:
            limited.revoke(right)
            unseen = "STAGE ST" in right or "FORMAT F" in right
            text = limited.session.fails(sql, 2003 if unseen else 3001)
            assert ("not authorized" if unseen else "Insufficient privileges to operate on") in text, (sql, right)
            limited.grant(right)
        limited.session.run(sql)
        for right in rights:
            limited.revoke(right)


def test_a_stage_is_read_and_written_by_rights_of_their_own(limited: Limited) -> None:
    """WRITE on a stage shows it and does not read it, READ does not remove from it; USAGE holds both."""
    limited.grant("INSERT ON TABLE T")
    for right, refused, allowed in (
        ("WRITE", "COPY INTO T FROM @ST", "REMOVE @ST/none"),
        ("READ", "REMOVE @ST/none", "COPY INTO T FROM @ST"),
    ):
        limited.grant(f"{right} ON STAGE ST")
        limited.session.fails(refused, 3001)
        limited.session.run(allowed)
        limited.revoke(f"{right} ON STAGE ST")
    limited.grant("USAGE ON STAGE ST")
    limited.session.run("REMOVE @ST/none")
    limited.session.run("COPY INTO T FROM @ST")


def test_what_the_owner_alone_may_do(limited: Limited, config: Config) -> None:
    """Changing, dropping, replacing, hiding and granting an object needs OWNERSHIP, which can be given away."""
    for right in ("TABLE T", "TABLE U", "VIEW V", "STAGE ST", "FILE FORMAT F"):
        limited.grant(f"ALL PRIVILEGES ON {right}")
    limited.grant(f"ALL ON SCHEMA {config['default_target_schema']}")
    for sql in OWNERS:
        limited.session.fails(sql.format(schema=config["default_target_schema"]), 3001)
    limited.owner.fails(f"GRANT OWNERSHIP ON TABLE T TO ROLE {limited.role}", 3036)
    limited.owner.run(f"GRANT OWNERSHIP ON TABLE T TO ROLE {limited.role} REVOKE CURRENT GRANTS")
    limited.session.run("ALTER TABLE T ADD COLUMN B INT")
    limited.session.fails("ALTER TABLE T SWAP WITH U", 3001)  # of which it owns one alone
    limited.session.run("INSERT INTO T VALUES (1, 2)")
    assert [r["owner"] for r in limited.session.records("SHOW TABLES LIKE 'T'")] == [limited.role]
    limited.session.run("GRANT SELECT ON TABLE T TO ROLE PUBLIC")
    shown = limited.owner.records("SHOW GRANTS ON TABLE T")
    assert [(r["privilege"], r["grantee_name"]) for r in shown] == [("OWNERSHIP", limited.role), ("SELECT", "PUBLIC")]


def test_without_a_right_on_what_is_around(limited: Limited, config: Config) -> None:
    """An object needs one right on its schema and one on its database; queries of tables need USAGE of a warehouse."""
    limited.grant("SELECT ON TABLE T")
    limited.session.run("SELECT * FROM T")
    for around, code in (
        (f"SCHEMA {config['default_target_schema']}", 2003),
        (f"DATABASE {config['database']}", 2003),
        (f"WAREHOUSE {config['warehouse']}", 606),
    ):
        limited.revoke(f"USAGE ON {around}")
        limited.session.fails("SELECT * FROM T", code)
        limited.grant(f"USAGE ON {around}")
    limited.session.run("SELECT * FROM T")


def test_what_a_role_does_not_see(limited: Limited) -> None:
    """SHOW and INFORMATION_SCHEMA show what the role has a right on; temporary tables need none (sql/show-tables)."""
    tables = "SELECT TABLE_NAME FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_SCHEMA = CURRENT_SCHEMA() ORDER BY 1"
    assert limited.session.records("SHOW TABLES IN SCHEMA") == []
    assert limited.session.run(tables) == []
    limited.grant("INSERT ON TABLE T")
    assert [row["name"] for row in limited.session.records("SHOW TABLES IN SCHEMA")] == ["T"]
    assert limited.session.run(tables) == [("T",)]
    limited.session.run("CREATE TEMPORARY TABLE MINE (A INT) AS SELECT 5")
    assert limited.session.run("SELECT * FROM MINE") == [(5,)]


def test_future_grants(limited: Limited, config: Config) -> None:
    """What is granted on objects to come counts for new ones; what a schema says goes before its database."""
    schema, database = config["default_target_schema"], config["database"]
    limited.grant(f"INSERT ON FUTURE TABLES IN DATABASE {database}")
    limited.owner.run("CREATE TABLE N1 (A INT)")
    limited.session.run("INSERT INTO N1 VALUES (1)")
    limited.session.fails("SELECT * FROM N1", 3001)
    limited.grant(f"SELECT ON FUTURE TABLES IN SCHEMA {schema}")
    limited.owner.run("CREATE TABLE N2 (A INT)")
    limited.session.run("SELECT * FROM N2")
    limited.session.fails("INSERT INTO N2 VALUES (1)", 3001)
    limited.grant(f"OWNERSHIP ON FUTURE VIEWS IN SCHEMA {schema}")
    limited.owner.run("CREATE VIEW V2 AS SELECT * FROM N2")
    limited.session.run("DROP VIEW V2")
    limited.revoke(f"SELECT ON FUTURE TABLES IN SCHEMA {schema}")
    limited.revoke(f"INSERT ON FUTURE TABLES IN DATABASE {database}")
    limited.owner.run("CREATE TABLE N3 (A INT)")
    limited.session.fails("SELECT * FROM N3", 2003)
    limited.grant(f"SELECT ON ALL TABLES IN SCHEMA {schema}")
    limited.session.run("SELECT * FROM N3")


def test_roles_hold_roles(limited: Limited) -> None:
    """A role has the rights of the roles that were granted to it, and of PUBLIC; MANAGE GRANTS gives roles away."""
    inner = f"{limited.role}_I"
    limited.owner.run(f"CREATE ROLE {inner}")
    limited.owner.run(f"GRANT SELECT ON TABLE T TO ROLE {inner}")
    limited.session.fails("SELECT * FROM T", 2003)
    limited.session.fails(f"GRANT ROLE {inner} TO ROLE {limited.role}", 3001)
    limited.owner.run(f"GRANT ROLE {inner} TO ROLE {limited.role}")
    assert limited.session.run("SELECT * FROM T") == [(1,)]
    limited.owner.fails(f"GRANT ROLE {limited.role} TO ROLE {inner}")
    limited.owner.run("GRANT SELECT ON TABLE U TO ROLE PUBLIC")
    limited.session.run("SELECT * FROM U")
    for sql in ("CREATE ROLE R2", "CREATE USER U2", "CREATE DATABASE D2", "ALTER ACCOUNT SET LOCK_TIMEOUT = 1"):
        limited.session.fails(sql, 3001)
    limited.owner.run(f"DROP ROLE {inner}")
    limited.session.fails("SELECT * FROM T", 2003)


def test_a_view_that_is_replaced_keeps_its_grants(limited: Limited) -> None:
    """CREATE OR REPLACE VIEW .. COPY GRANTS copies what was granted; without it that is lost (sql/create-view)."""
    limited.owner.run("CREATE VIEW KEPT AS SELECT 1 AS A")
    limited.owner.run(f"GRANT SELECT ON VIEW KEPT TO ROLE {limited.role}")
    limited.owner.run("CREATE OR REPLACE VIEW KEPT COPY GRANTS AS SELECT 2 AS A")
    assert limited.session.run("SELECT * FROM KEPT") == [(2,)]
    limited.owner.run("CREATE OR REPLACE VIEW KEPT AS SELECT 3 AS A")
    limited.session.fails("SELECT * FROM KEPT", 2003)


def test_a_user_logs_in_with_its_roles(limited: Limited, config: Config) -> None:
    """A user logs in with a role it has; its other roles count beside it, but not to create (sql/create-user)."""
    schema = config["default_target_schema"]
    user = {**config, "user": f"U{schema}", "password": "Abcd1234"}
    limited.owner.run(f"CREATE USER {user['user']} PASSWORD = 'Abcd1234' DEFAULT_ROLE = {limited.role}")
    with pytest.raises(snowflake.connector.Error) as refused:
        connect({**user, "role": limited.role})
    assert refused.value.errno == 250001 or "390189" in str(refused.value)
    limited.owner.run(f"GRANT ROLE {limited.role} TO USER {user['user']}")
    limited.grant("SELECT ON TABLE T")
    limited.grant(f"CREATE TABLE ON SCHEMA {schema}")
    session = Db(connect({**user, "role": "PUBLIC"}, schema=schema))
    assert session.value("SELECT CURRENT_ROLE()") == "PUBLIC"
    session.run(f"USE WAREHOUSE {config['warehouse']}")
    session.run(f"USE SCHEMA {config['database']}.{schema}")
    assert session.run("SELECT * FROM T") == [(1,)]
    session.fails("CREATE TABLE MADE (A INT)", 3001)
    session.run("USE SECONDARY ROLES NONE")
    session.fails("SELECT * FROM T", 2003)
    session.run(f"USE ROLE {limited.role}")
    session.run("CREATE TABLE MADE (A INT)")
    session.fails("USE ROLE NOBODY", 2003)
    session.close()
    limited.owner.run(f"DROP USER {user['user']}")
