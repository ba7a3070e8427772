"""Errors of a first day name the cause and what to do: rights by their GRANT, keys by what is wrong with them."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from singer_bulk.errors import ConfigError
from singer_bulk.model.declared import read
from singer_bulk.model.rights import Feature
from snowflake.connector.errors import DatabaseError
from target_redshift_copy import remedies as redshift
from target_snowflake_stage import remedies as snowflake
from target_snowflake_stage.config import SnowflakeSettings
from target_snowflake_stage.login_errors import connect_problem
from target_snowflake_stage.private_key import read_private_key, registration

EVERY = [Feature.EVERY_RUN, Feature.MAKE_TABLES, Feature.SHARED, Feature.COLUMNS]
# What a user who appends, and one who upserts, is to be granted.
APPENDING, UPSERTING = frozenset([*EVERY, Feature.APPEND]), frozenset([*EVERY, Feature.UPSERT])
SQL = 'DELETE FROM "landing"."mis3" USING "landing"."x"'
CREATE = 'CREATE TABLE IF NOT EXISTS "landing"."mis3" ("id" BIGINT)'
TO = 'TO "Load er"'


@pytest.mark.parametrize(
    ("text", "sql", "told"),
    [
        ("permission denied for schema landing", SQL, f'run GRANT USAGE ON SCHEMA "landing" {TO}'),
        (
            "permission denied for schema landing",
            CREATE,
            f'run GRANT USAGE, CREATE ON SCHEMA "landing" {TO}, or, if "landing"."mis3" is there already, run '
            f'GRANT SELECT, INSERT, UPDATE ON "landing"."mis3" {TO}',
        ),
        (
            "permission denied for schema landing",
            CREATE.replace("mis3", "loads"),
            f'run GRANT USAGE, CREATE ON SCHEMA "landing" {TO}, or, if "landing"."loads" is there already, run '
            f'GRANT SELECT, INSERT, UPDATE ON "landing"."loads" {TO}',
        ),
        (
            "permission denied for schema landing",
            'CREATE OR REPLACE VIEW "landing"."mis3__current" AS SELECT 1',
            f'run GRANT USAGE, CREATE ON SCHEMA "landing" {TO}',
        ),
        ("permission denied for database dev", SQL, f'run GRANT CREATE ON DATABASE "dev" {TO}'),
        (
            'permission denied to create temporary tables in database "dev"',
            SQL,
            f'run GRANT TEMPORARY ON DATABASE "dev" {TO}',
        ),
        ("permission denied for table mis3", SQL, f'run GRANT SELECT, INSERT, UPDATE ON "landing"."mis3" {TO}'),
        ("permission denied for relation mis3", SQL, f'run GRANT SELECT, INSERT, UPDATE ON "landing"."mis3" {TO}'),
        (
            "permission denied for table _singer_turn__0123456789ab",
            'LOCK "landing"."_singer_turn__0123456789ab"',
            f'run GRANT SELECT, UPDATE ON "landing"."_singer_turn__0123456789ab" {TO}',
        ),
        (
            "permission denied for table loads__0123456789ab",
            'LOCK "landing"."loads__0123456789ab"',
            f'run GRANT SELECT, INSERT, UPDATE ON "landing"."loads__0123456789ab" {TO}',
        ),
        ("must be owner of relation mis3", SQL, f'run ALTER TABLE "landing"."mis3" OWNER {TO}, because only its owner'),
        ("must be owner of table other", SQL, f'run ALTER TABLE "other" OWNER {TO}'),
        ("division by zero", SQL, None),
    ],
)
def test_rights_of_redshift(text: str, sql: str, told: str | None) -> None:
    """A right that Redshift misses is named with the statement that grants what is configured, on the object."""
    found = redshift.Remedies("Load er", "dev", UPSERTING, "loads").remedy(text, sql)
    assert found is None if told is None else str(found).startswith(told)


def refused(kind: str, name: str, right: str, on: str) -> str:
    """Return what Snowflake says where a right is missing."""
    return (
        f"SQL access control error: Insufficient privileges to operate on {kind.lower()} '{name}'. Your primary role "
        f'"R" must have {right} granted on {kind} {on}. (query 01b2-03)'
    )


@pytest.mark.parametrize(
    ("text", "sql", "told"),
    [
        (
            "Database 'NOPE' does not exist or not authorized.",
            "",
            "correct the setting 'database', or create it and run GRANT USAGE ON DATABASE NOPE TO ROLE R",
        ),
        ("Integration 'X' does not exist or not authorized.", "", "correct the setting 'storage_integration', or"),
        (
            refused("SCHEMA", "P", "CREATE TABLE", "D.P"),
            'CREATE TABLE IF NOT EXISTS "D"."P"."T" ("ID" INT)',
            'run GRANT USAGE, CREATE TABLE ON SCHEMA D.P TO ROLE R, or, if "D"."P"."T" is there already, run GRANT '
            'INSERT ON TABLE "D"."P"."T" TO ROLE R',
        ),
        (
            refused("SCHEMA", "P", "CREATE STAGE", "D.P"),
            'CREATE STAGE IF NOT EXISTS "D"."P"."S" URL = \'s3://b\'',
            'run GRANT USAGE, CREATE STAGE ON SCHEMA D.P TO ROLE R, or, if "D"."P"."S" is there already, run GRANT '
            'USAGE ON STAGE "D"."P"."S" TO ROLE R',
        ),
        (
            refused("DATABASE", "D", "CREATE SCHEMA", "D"),
            'CREATE SCHEMA IF NOT EXISTS "D"."P"',
            "run GRANT USAGE, CREATE SCHEMA ON DATABASE D TO ROLE R",
        ),
        (refused("TABLE", "T", "INSERT", "D.P.T"), "INSERT INTO", "run GRANT INSERT ON TABLE D.P.T TO ROLE R"),
        (
            "Insufficient privileges to operate on table 'T'",
            'INSERT INTO "D"."P"."T"',
            'run GRANT INSERT ON TABLE "D"."P"."T" TO ROLE R',
        ),
        (
            refused("TABLE", "T", "OWNERSHIP", "D.P.T"),
            "ALTER TABLE T",
            "run GRANT OWNERSHIP ON TABLE D.P.T TO ROLE R COPY CURRENT GRANTS, or let the table be",
        ),
        (
            refused("VIEW", "V", "OWNERSHIP", "D.P.V"),
            'CREATE OR REPLACE VIEW "D"."P"."V" COPY GRANTS AS SELECT 1',
            "run GRANT OWNERSHIP ON VIEW D.P.V TO ROLE R COPY CURRENT GRANTS",
        ),
        (
            refused("TABLE", "T", "SELECT", "D.P.T"),
            'CREATE OR REPLACE VIEW "D"."P"."V" COPY GRANTS AS SELECT * FROM "D"."P"."T"',
            "run GRANT SELECT, INSERT ON TABLE D.P.T TO ROLE R",
        ),
        (
            "Integration 'I' does not exist or not authorized.",
            'CREATE STAGE IF NOT EXISTS "D"."P"."S" URL = \'s3://b\' STORAGE_INTEGRATION = "I"',
            "correct the setting 'storage_integration', or create it and run GRANT USAGE ON INTEGRATION I TO ROLE R, "
            'or, if "D"."P"."S" is there already, run GRANT USAGE ON STAGE "D"."P"."S" TO ROLE R',
        ),
        (refused("INTEGRATION", "I", "USAGE", "I"), "", "run GRANT USAGE ON INTEGRATION I TO ROLE R"),
        (
            "No active warehouse selected in the current session.",
            "",
            "correct the setting 'warehouse', or create it and run GRANT USAGE ON WAREHOUSE W TO ROLE R",
        ),
        (
            "Object 'T' already exists, but current role has no privileges on it.",
            'CREATE TABLE IF NOT EXISTS "D"."P"."T" ("ID" INT)',
            'run GRANT INSERT ON TABLE "D"."P"."T" TO ROLE R',
        ),
        ("Error assuming AWS_ROLE. Please verify the role and externalId", "", "let the trust policy of the AWS role"),
        (
            "Failure using stage area. Cause: [Access Denied (Status Code: 403; Error Code: AccessDenied)]",
            "",
            "grant s3:GetObject and s3:GetObjectVersion on the objects below the prefix, s3:ListBucket and",
        ),
        ("Location 's3://b/' is not allowed by integration 'I'.", "", "add it to STORAGE_ALLOWED_LOCATIONS"),
        ("Numeric value 'x' is not recognized", "", None),
    ],
)
def test_rights_of_snowflake(text: str, sql: str, told: str | None) -> None:
    """What Snowflake says of objects and rights gets the setting and the GRANT; what may be there unseen, both ways."""
    found = snowflake.Remedies("R", "W", features=APPENDING, ledger="LOADS").remedy(text, sql)
    assert found is None if told is None else str(found).startswith(told)


def test_without_a_role_or_a_warehouse() -> None:
    """Nothing is named that the settings do not have."""
    nothing = snowflake.Remedies(None, None)
    assert nothing.remedy("No active warehouse selected", "") == (
        "set 'warehouse' to a virtual warehouse that the role may use"
    )
    assert str(nothing.remedy("Insufficient privileges to operate on stage 'S'", "")).endswith("role of this user>")


KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM, NO_LOCK = serialization.Encoding.PEM, serialization.NoEncryption()
PKCS8, LOCK = serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"right")
PLAIN, LOCKED = KEY.private_bytes(PEM, PKCS8, NO_LOCK), KEY.private_bytes(PEM, PKCS8, LOCK)
PKCS1 = KEY.private_bytes(PEM, serialization.PrivateFormat.TraditionalOpenSSL, NO_LOCK)
DER = KEY.private_bytes(serialization.Encoding.DER, PKCS8, NO_LOCK)


def settings(**own: Any) -> SnowflakeSettings:
    """Return settings with these of a key."""
    return read(SnowflakeSettings, {"account": "a", "user": "SVC", "database": "d", **own})


def test_keys_that_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PKCS#8 and PKCS#1, encrypted or not, from a file or as text, with its line ends escaped; ~ is the home folder."""
    (tmp_path / "key.p8").write_bytes(LOCKED)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert read_private_key(settings(private_key_path="~/key.p8", private_key_passphrase="right")) == DER
    assert read_private_key(settings(private_key=PKCS1.decode())) == DER
    assert read_private_key(settings(private_key=PLAIN.decode().replace("\n", "\\n"))) == DER
    assert read_private_key(settings()) is None
    curve = ec.generate_private_key(ec.SECP256R1()).private_bytes(PEM, PKCS8, NO_LOCK)
    assert read_private_key(settings(private_key=curve.decode())) is not None


@pytest.mark.parametrize(
    ("content", "passphrase", "told"),
    [
        (LOCKED, None, "is encrypted; set private_key_passphrase"),
        (LOCKED, "hunter2", "cannot be read with this private_key_passphrase; correct it"),
        (PLAIN, "hunter2", "is not encrypted; remove private_key_passphrase"),
        (KEY.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo), None, "is a public key;"),
        (DER, None, "is DER; turn it into PEM: openssl pkey -inform DER"),
        (KEY.private_bytes(PEM, serialization.PrivateFormat.OpenSSH, NO_LOCK), None, "ssh-keygen -p -m PKCS8 -f KEY"),
        (
            ed25519.Ed25519PrivateKey.generate().private_bytes(PEM, PKCS8, NO_LOCK),
            None,
            "is no RSA key of 2048 bits",
        ),
        (b"", None, "is empty; make one: openssl genrsa"),
        (b"\xff\xfehunter2", None, "is no private key in PEM, whose first line is"),
        (PLAIN[:400], None, "is damaged; give the whole file"),
    ],
)
def test_keys_that_cannot_be_read(tmp_path: Path, content: bytes, passphrase: str | None, told: str) -> None:
    """Each wrong key is told by what it is, with what to do; neither the key nor the passphrase is shown."""
    path = tmp_path / "key.p8"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        read_private_key(settings(private_key_path=str(path), private_key_passphrase=passphrase))
    assert told in str(refused.value)
    assert str(refused.value).endswith("[SF-KEY]")
    assert "hunter2" not in str(refused.value)


def test_a_path_where_the_key_is_wanted(tmp_path: Path) -> None:
    """A path in private_key is told; so is a path that leads nowhere."""
    with pytest.raises(ConfigError, match="if it is a path, set private_key_path instead"):
        read_private_key(settings(private_key=str(tmp_path / "key.p8")))
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        read_private_key(settings(private_key_path=str(tmp_path / "key.p8")))


def test_a_key_that_is_not_registered() -> None:
    """The statement that registers it has the public key, and the fingerprint that DESC USER then shows."""
    told = registration(DER, "SVC")
    (body,) = re.findall(r"ALTER USER SVC SET RSA_PUBLIC_KEY = '([^']+)'", told)
    assert serialization.load_der_public_key(base64.b64decode(body)) == KEY.public_key()
    assert re.search(r"RSA_PUBLIC_KEY_FP SHA256:[A-Za-z0-9+/]{43}=$", told)


@pytest.mark.parametrize(
    ("text", "key", "told"),
    [
        (
            "JWT token is invalid.",
            DER,
            "check account and user, and register the key: ALTER USER SVC SET RSA_PUBLIC_KEY",
        ),
        ("Incorrect username or password was specified.", None, "check user and password"),
        ("OAuth access token expired.", None, "get another token for 'token', and check 'authenticator'"),
        ("Missing required parameter 'password'", None, "set 'private_key_path' or 'password', or 'token' with"),
        (
            "Role 'X' specified in the connect string does not exist or not authorized.",
            None,
            "correct the setting 'role', or run GRANT ROLE X TO USER SVC",
        ),
        ("error sending request: connection refused", None, "check account, or host, port and protocol, and that the"),
    ],
)
def test_logins_that_fail(text: str, key: bytes | None, told: str) -> None:
    """What Snowflake or the network says of a login gets the settings to look at; no secret is in it."""
    problem = connect_problem(settings(password="hunter2", role="X"), DatabaseError(msg=f"{text} hunter2"), key)
    assert f"; {told}" in problem
    assert "hunter2" not in problem
