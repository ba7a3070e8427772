"""Sessions: TLS, login, cancellation, settings, the extended protocol, faults on demand, temporary passwords."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.exceptions
import psycopg2
import pytest
from local_warehouse import faults
from local_warehouse.directory import admin_socket
from local_warehouse.redshift.postgres import wire
from local_warehouse.redshift.postgres.connection import Admin

from tests.conformance.redshift.conftest import Config, Db, Stage, connect


@pytest.mark.parametrize("mode", ["disable", "prefer", "require"])
def test_tls_modes(open_db: Callable[..., Db], mode: str) -> None:
    """connecting-ssl-support: TLS is offered and not required."""
    db = open_db(sslmode=mode)
    assert db.value("SELECT 1") == 1
    assert db.connection.info.ssl_in_use is (mode != "disable")


def test_tls_certificate_can_be_verified(stand_in: Any, redshift_config: Config) -> None:
    """connecting-ssl-support: with the certificate at hand, verify-full succeeds; without it, it fails."""
    certificate = stand_in.path / "redshift" / "server.crt"
    connect(redshift_config, sslmode="verify-full", host="localhost", sslrootcert=str(certificate)).close()
    with pytest.raises(psycopg2.OperationalError, match="certificate"):
        connect(redshift_config, sslmode="verify-full", host="localhost", sslrootcert="/dev/null")


def test_wrong_password(redshift_config: Config) -> None:
    """A wrong password and an unknown user are refused alike, and neither is shown."""
    for user, password in ((redshift_config["user"], "Wrong0password"), ("nobody_here", "Wrong0password")):
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed") as caught:
            connect({**redshift_config, "user": user, "password": password})
        assert "Wrong0password" not in str(caught.value)


def test_unknown_database(redshift_config: Config) -> None:
    """A database that does not exist is named."""
    with pytest.raises(psycopg2.OperationalError, match='database "nowhere" does not exist'):
        connect({**redshift_config, "database": "nowhere"})


def test_version_and_parameters(db: Db) -> None:
    """The server says 8.0.2, and nothing of what PostgreSQL got later, so that drivers double backslashes."""
    assert db.value("SELECT version()").startswith("PostgreSQL 8.0.2 ")
    assert "Redshift" in db.value("SELECT version()")
    assert db.connection.server_version == 80002
    assert db.connection.get_parameter_status("standard_conforming_strings") is None


def test_users_log_in_with_their_password(db: Db, redshift_config: Config, schema_name: str) -> None:
    """r_CREATE_USER, r_GRANT: a user logs in with the password it was made with, and has the rights it was granted."""
    user = f"u{schema_name}"
    db.run("CREATE TABLE t (a INT)")
    db.run(f"CREATE USER {user} PASSWORD 'Abcd1234'")
    other = Db(connect({**redshift_config, "user": user, "password": "Abcd1234"}))
    assert other.error(f"SELECT * FROM {schema_name}.t").pgcode == "42501"
    db.run(f"GRANT USAGE ON SCHEMA {schema_name} TO {user}")
    db.run(f"GRANT SELECT ON t TO {user}")
    assert other.run(f"SELECT * FROM {schema_name}.t") == []
    assert other.error(f"DELETE FROM {schema_name}.t").pgcode == "42501"
    other.connection.close()


def test_changing_rows_needs_the_right_to_read_them(db: Db, redshift_config: Config, schema_name: str) -> None:
    """Row 76, r_GRANT: UPDATE and DELETE also require SELECT, be there a condition or none."""
    user = f"u{schema_name}"
    db.run("CREATE TABLE t (a INT)")
    db.run(f"CREATE USER {user} PASSWORD 'Abcd1234'; GRANT USAGE ON SCHEMA {schema_name} TO {user}")
    db.run(f"GRANT INSERT, UPDATE, DELETE ON t TO {user}")
    other = Db(connect({**redshift_config, "user": user, "password": "Abcd1234"}))
    changes = [f"DELETE FROM {schema_name}.t", f"UPDATE {schema_name}.t SET a = 1"]
    for sql in changes:
        assert other.error(sql).pgcode == "42501"
    other.run(f"INSERT INTO {schema_name}.t VALUES (1)")
    db.run(f"GRANT SELECT ON t TO {user}")
    for sql in changes:
        other.run(sql)
    other.connection.close()


def test_libpq_cannot_log_in_with_a_sha256_password(db: Db, redshift_config: Config, schema_name: str) -> None:
    """r_CREATE_USER: who has a sha256 password is asked by method 13, which libpq has not; an MD5 one works again."""
    user = f"u{schema_name}"
    db.run(f"CREATE USER {user} PASSWORD 'sha256|Abcd1234'")
    for _ in range(2):
        with pytest.raises(psycopg2.OperationalError, match="authentication method 13 not supported"):
            connect({**redshift_config, "user": user, "password": "Abcd1234"})
        db.run(f"ALTER USER {user} PASSWORD 'Sha256|Abcd1234'")
    db.run(f"ALTER USER {user} PASSWORD 'Abcd1234'")
    connect({**redshift_config, "user": user, "password": "Abcd1234"}).close()


@pytest.mark.clusters
def test_ordinary_users_read_the_system_views(db: Db, redshift_config: Config, schema_name: str, stage: Stage) -> None:
    """c_types-of-system-tables: ordinary users see the system views, and of loads their own rows alone."""
    user = f"u{schema_name}"
    db.run("CREATE TABLE t (a INT)")
    db.error(f"COPY t FROM '{stage.put('x')}' {stage.keys}")
    db.run(f"CREATE USER {user} PASSWORD 'Abcd1234'")
    other = Db(connect({**redshift_config, "user": user, "password": "Abcd1234"}))
    for view in ("stl_load_errors", "sys_load_error_detail", "sys_load_history", "stl_load_commits", "sys_load_detail"):
        assert db.value(f"SELECT count(*) > 0 FROM {view}") is True
        assert other.value(f"SELECT count(*) FROM {view}") == 0
    for view in ("svv_tables", "svv_columns", "svv_table_info", "pg_table_def", "stv_sessions"):
        other.run(f"SELECT * FROM {view} LIMIT 1")
    other.connection.close()


@pytest.mark.clusters
def test_slices_of_the_cluster(db: Db, redshift_config: Config, schema_name: str) -> None:
    """r_STV_SLICES: a row for each slice with its node, visible to all users."""
    rows = db.run("SELECT node, slice, localslice, type FROM stv_slices ORDER BY slice")
    assert [row[1] for row in rows] == list(range(len(rows)))
    assert len(rows) > 0
    assert all(isinstance(row[0], int) and isinstance(row[2], int) and len(row[3]) == 1 for row in rows)
    user = f"s{schema_name}"
    db.run(f"CREATE USER {user} PASSWORD 'Abcd1234'")
    other = Db(connect({**redshift_config, "user": user, "password": "Abcd1234"}))
    assert other.value("SELECT COUNT(*) FROM stv_slices") == len(rows)
    other.connection.close()


def test_statement_timeout(db: Db) -> None:
    """r_statement_timeout: a statement that takes longer is cancelled."""
    db.run("SET statement_timeout TO 100")
    assert db.error("SELECT pg_sleep(10)").pgcode == "57014"
    db.run("SET statement_timeout TO 0")
    assert db.value("SELECT 1") == 1


@pytest.mark.clusters
def test_cancel(db: Db, other: Db) -> None:
    """A client's request to cancel ends the statement, not the session."""
    caught: list[BaseException] = []

    def sleep() -> None:
        try:
            db.run("SELECT pg_sleep(30)")
        except psycopg2.Error as error:
            caught.append(error)

    pid = db.pid
    sleeping = threading.Thread(target=sleep)
    sleeping.start()
    while not other.value(f"SELECT count(*) FROM stv_recents WHERE pid = {pid} AND status = 'Running'"):
        pass
    db.connection.cancel()
    sleeping.join(20)
    assert [type(error) for error in caught] == [psycopg2.errors.QueryCanceled]
    assert db.value("SELECT 1") == 1


def test_terminate(db: Db, other: Db) -> None:
    """PG_TERMINATE_BACKEND: ends another session; its transaction is rolled back."""
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    db.run("INSERT INTO t VALUES (1)")
    assert other.value(f"SELECT pg_terminate_backend({db.pid})")
    with pytest.raises(psycopg2.OperationalError):
        db.run("SELECT 1")
    assert other.run("SELECT * FROM t") == []


def test_settings(db: Db) -> None:
    """r_SET, r_SHOW: Redshift's parameters are kept per session; unknown ones are refused."""
    db.run("SET query_group TO 'loads'")
    assert db.value("SHOW query_group") == "loads"
    db.run("RESET query_group")
    assert db.value("SHOW query_group") == "unset"
    db.run("SET timezone TO 'UTC'")
    assert db.value("SHOW timezone") == "UTC"
    assert db.error("SET work_mem TO '1GB'").pgcode == "42704"
    assert "not supported by the local stand-in" in str(db.error("SET json_parse_dedup_attributes TO on"))


def test_floats_show_six_and_fifteen_digits(db: Db) -> None:
    """r_extra_float_digits, r_Examples_with_numeric_types201: 6 and 15 digits, two more on request."""
    assert db.run("SELECT 19999.99::REAL, (0.1::FLOAT8 + 0.2::FLOAT8)") == [(20000.0, 0.3)]
    db.run("SET extra_float_digits TO 2")
    assert db.value("SELECT 0.1::FLOAT8 + 0.2::FLOAT8") == 0.1 + 0.2


@pytest.mark.parametrize(
    "sql",
    [
        "UNLOAD ('SELECT 1') TO 's3://x/y' IAM_ROLE default",
        "CALL p()",
        "CREATE PROCEDURE p() AS $$ BEGIN END $$",
        "CREATE FUNCTION f() RETURNS INT AS $$ SELECT 1 $$ LANGUAGE sql",
        "CREATE MATERIALIZED VIEW v AS SELECT 1",
        "SELECT 1 AS a QUALIFY row_number() OVER () = 1",
        "CREATE EXTERNAL SCHEMA s FROM DATA CATALOG",
        "SHOW TABLES FROM SCHEMA x.y",
        "SELECT TOP 1 1",
        "CREATE TABLE x (a GEOMETRY)",
        "CREATE TABLE x (a HLLSKETCH)",
        "CREATE TABLE x (a INTERVAL)",
        "CREATE TABLE x (a VARCHAR(5) COLLATE CASE_INSENSITIVE)",
        "SELECT LISTAGG(a) FROM t",
        "ANALYZE COMPRESSION t",
        "ALTER TABLE t SET LOCATION 's3://x'",
    ],
)
def test_not_supported_here(stand_in: Any, db: Db, sql: str) -> None:
    """What Redshift can do and the stand-in cannot is refused by SQLSTATE 0A000 and a text that says so."""
    error = db.error(sql)
    assert error.pgcode == "0A000"
    assert "not supported by the local stand-in" in str(error)


@pytest.mark.parametrize(
    "sql",
    [
        "NOTIFY x",
        "DO $$ BEGIN END $$",
        "SELECT string_agg(a, ',') FROM t",
        "SELECT '1'::jsonb",
        "FROBNICATE",
        "SELECT rs_fail('a', 'b')",
        "SELECT DISTINCT ON (a) a FROM t",
        "SELECT count(*) FILTER (WHERE true) FROM t",
    ],
)
def test_postgresql_only(db: Db, sql: str) -> None:
    """c_unsupported-postgresql-features: what PostgreSQL knows and Redshift does not is an error here too."""
    db.run("CREATE TABLE t (a VARCHAR(5))")
    db.error(sql)


# -- the extended protocol, spoken by hand


class Spoken:
    """A session that sends messages of the extended protocol one batch at a time."""

    def __init__(self, config: Config) -> None:
        import socket

        self.channel = wire.Channel(socket.create_connection((config["host"], config["port"])))
        self.channel.write_raw(wire.startup({"user": config["user"], "database": config["database"]}))
        self.channel.flush()
        kind, payload = self.channel.read()
        assert (kind, payload[:4]) == (b"R", b"\0\0\0\5")
        self.channel.write(b"p", wire.cstring(_md5(config, payload[4:])))
        self.channel.flush()
        self.admin = Admin(self.channel)

    def batch(self, *messages: tuple[bytes, bytes]) -> list[tuple[bytes, bytes]]:
        """Send the messages and Sync; everything up to ReadyForQuery."""
        for kind, payload in (*messages, (b"S", b"")):
            self.channel.write(kind, payload)
        self.channel.flush()
        answers = []
        while not answers or answers[-1][0] != b"Z":
            answers.append(self.channel.read())
        return answers

    def run(self, sql: str, *values: bytes) -> list[tuple[bytes, bytes]]:
        bind = b"\0\0\0\0" + len(values).to_bytes(2, "big")
        bind += b"".join(len(value).to_bytes(4, "big") + value for value in values) + b"\0\0"
        parse = b"\0" + wire.cstring(sql) + b"\0\0"
        return self.batch((b"P", parse), (b"B", bind), (b"D", b"P\0"), (b"E", b"\0\0\0\0\0"))


def _md5(config: Config, salt: bytes) -> str:
    import hashlib

    inner = hashlib.md5((config["password"] + config["user"]).encode()).hexdigest().encode()
    return "md5" + hashlib.md5(inner + salt).hexdigest()


@pytest.fixture
def spoken(stand_in: Any, redshift_config: Config) -> Iterator[Spoken]:
    session = Spoken(redshift_config)
    yield session
    session.channel.close()


def kinds(answers: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(kind for kind, _ in answers)


def rows(answers: list[tuple[bytes, bytes]]) -> list[list[bytes | None]]:
    return [wire.values_of(payload) for kind, payload in answers if kind == b"D"]


def test_extended_select_with_parameters(spoken: Spoken) -> None:
    """A statement with parameters is prepared, bound, described and run."""
    answers = spoken.run("SELECT $1::int + 1, $2::varchar", b"41", "é|".encode())
    assert kinds(answers) == b"12TDCZ"
    assert rows(answers) == [[b"42", "é|".encode()]]


def test_extended_error_skips_to_sync(spoken: Spoken) -> None:
    """After an error the rest of the batch is passed over; the next batch works."""
    answers = spoken.batch((b"P", b"\0SELECT nothing_here\0\0\0"), (b"B", b"\0" * 8), (b"E", b"\0" * 5))
    assert kinds(answers) == b"EZ"
    assert rows(spoken.run("SELECT 1")) == [[b"1"]]


def test_extended_error_of_our_own_fails_the_block(spoken: Spoken) -> None:
    """What the stand-in refuses fails the transaction block as any error does."""
    spoken.run("BEGIN")
    assert kinds(spoken.run("SELECT E'a'")) == b"EZ"
    answers = spoken.run("SELECT 1")
    assert wire.fields_of(answers[0][1])["C"] == "25P02"
    assert answers[-1] == (b"Z", b"E")
    assert spoken.run("ROLLBACK")[-1] == (b"Z", b"I")


def test_extended_copy_and_ddl(spoken: Spoken, stage: Stage, schema_name: str) -> None:
    """COPY, CREATE TABLE and TRUNCATE run at Execute; a DML with parameters takes its lock in a block."""
    for sql in (f"CREATE SCHEMA {schema_name}", f"SET search_path TO {schema_name}"):
        assert kinds(spoken.run(sql)).endswith(b"CZ")
    assert kinds(spoken.run("CREATE TABLE t (a INT PRIMARY KEY, b VARBYTE(4), c SUPER)")) == b"12nCZ"
    copied = spoken.run(f"COPY t (a, b) FROM '{stage.put('1|00ff')}' {stage.role}")
    assert copied[-2] == (b"C", b"COPY\0")
    spoken.run("BEGIN")
    assert spoken.run("UPDATE t SET a = $1 WHERE a = 1", b"7")[-2][1] == b"UPDATE 1\0"
    assert spoken.run("INSERT INTO t VALUES (8, NULL, $1)", b'{"a":1}')[-2][1] == b"INSERT 0 1\0"
    spoken.run("COMMIT")
    assert rows(spoken.run("SELECT a, b, c FROM t ORDER BY a")) == [
        [b"7", b"00ff", None],
        [b"8", None, b'"{\\"a\\":1}"'],
    ]
    assert rows(spoken.run("SELECT pg_last_copy_count()")) == [[b"1"]]
    spoken.run("BEGIN")
    assert spoken.run("TRUNCATE t")[-1] == (b"Z", b"I")


def test_extended_catalogs_are_read_committed(spoken: Spoken, db: Db, schema_name: str) -> None:
    """Row 9, c_serial_isolation: in a block a prepared query of the catalog sees what others committed."""
    db.run("CREATE TABLE t (a INT)")
    spoken.run("BEGIN")
    assert rows(spoken.run(f"SELECT count(*) FROM {schema_name}.t")) == [[b"0"]]
    db.run("CREATE TABLE u (a INT)")
    db.run("INSERT INTO t VALUES (1)")
    count = "SELECT count(*) FROM svv_tables WHERE table_schema = $1"
    assert rows(spoken.run(count, schema_name.encode())) == [[b"2"]]
    assert kinds(spoken.run("SELECT nothing FROM pg_tables")) == b"EZ"
    assert spoken.run("ROLLBACK")[-1] == (b"Z", b"I")
    assert rows(spoken.run(f"SELECT count(*) FROM {schema_name}.t")) == [[b"1"]]


# -- faults on demand


@pytest.fixture
def ordered(stand_in: Any, fault: Callable[..., None]) -> Callable[..., None]:
    def order(**fields: Any) -> None:
        fault("redshift", **fields)

    return order


@pytest.mark.parametrize("when", ["before", "after"])
def test_fault_error(db: Db, other: Db, ordered: Callable[..., None], when: str) -> None:
    """A statement that matches fails, before or after it took effect; the n-th one, and only that."""
    db.run("CREATE TABLE t (a INT)")
    ordered(action="error", when=when, match="^INSERT INTO t", at=2, message="no luck")
    db.run("INSERT INTO t VALUES (1)")
    assert "no luck" in str(db.error("INSERT INTO t VALUES (2)"))
    db.run("INSERT INTO t VALUES (3)")
    assert other.run("SELECT a FROM t ORDER BY a") == [(1,), *([(2,)] if when == "after" else []), (3,)]


@pytest.mark.parametrize(("when", "committed"), [("before", []), ("after", [(1,)])])
def test_fault_cuts_at_commit(
    db: Db, other: Db, ordered: Callable[..., None], when: str, committed: list[tuple[int]]
) -> None:
    """A connection that is cut at COMMIT leaves nothing or everything, as the fault says."""
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    db.run("INSERT INTO t VALUES (1)")
    ordered(action="cut", when=when, match="^COMMIT$")
    with pytest.raises(psycopg2.OperationalError):
        db.run("COMMIT")
    assert other.run("SELECT a FROM t") == committed


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "1023\nDETAIL:  Serializable isolation violation on table\n"),
        ({"conflict": 1018}, "1018\nDETAIL:  Relation does not exist\n"),
    ],
)
def test_fault_is_a_conflict(db: Db, ordered: Callable[..., None], fields: dict[str, int], text: str) -> None:
    """By order a statement meets 1023 or 1018 in the shape of c_serial_isolation, which fails its transaction."""
    db.run("CREATE TABLE t (a INT)")
    db.run("BEGIN")
    ordered(action="conflict", match="^INSERT", **fields)
    assert str(db.error("INSERT INTO t VALUES (1)")) == text
    assert "current transaction is aborted" in str(db.error("SELECT 1"))
    db.run("ROLLBACK")


def test_fault_hangs_until_cleared(db: Db, ordered: Callable[..., None], stand_in: Any) -> None:
    """A statement that hangs goes on when the fault is cleared."""
    ordered(action="hang", match="SELECT 42")
    answers: list[Any] = []
    hanging = threading.Thread(target=lambda: answers.append(db.value("SELECT 42")))
    hanging.start()
    hanging.join(0.3)
    assert hanging.is_alive()
    faults.send(admin_socket(stand_in.path, "redshift"), {"do": "clear"})
    hanging.join(20)
    assert answers == [42]


def test_quoted_user_keeps_its_case(db: Db, schema_name: str) -> None:
    """r_enable_case_sensitive_identifier: in quotes the names of users keep their case, those of tables do not."""
    user = f'"IAMR:Load_{schema_name}"'
    db.run(f'CREATE USER {user} PASSWORD DISABLE; CREATE TABLE "Mine" (a INT)')
    db.run(f'GRANT SELECT ON "Mine" TO {user}; ALTER TABLE "MINE" OWNER TO {user}')
    assert db.value(f"SELECT tableowner FROM pg_tables WHERE schemaname = '{schema_name}'") == user.strip('"')
    db.run(f'REVOKE SELECT ON "Mine" FROM {user}; DROP TABLE "Mine"; DROP USER {user}')


# -- temporary passwords


@pytest.fixture
def aws(stand_in: Any, redshift_config: Config) -> Callable[[str], Any]:
    """Clients of the three calls that issue a password."""
    folder = stand_in.path / "redshift"

    def client(service: str) -> Any:
        return boto3.session.Session().client(
            service,
            endpoint_url=(folder / "credentials.url").read_text(),
            region_name=redshift_config["s3_region"],
            aws_access_key_id=redshift_config["aws_access_key_id"],
            aws_secret_access_key=redshift_config["aws_secret_access_key"],
        )

    return client


def test_cluster_credentials(aws: Callable[[str], Any], redshift_config: Config, stand_in: Any) -> None:
    """API GetClusterCredentials: IAM: before the name; the password opens the account until it expires."""
    issued = aws("redshift").get_cluster_credentials(
        DbUser=redshift_config["user"], ClusterIdentifier="local", DurationSeconds=900
    )
    assert issued["DbUser"] == f"IAM:{redshift_config['user']}"
    temporary = {**redshift_config, "user": issued["DbUser"], "password": issued["DbPassword"]}
    session = Db(connect(temporary))
    assert session.value("SELECT current_user") == redshift_config["user"]
    faults.send(admin_socket(stand_in.path, "redshift"), {"do": "expire"})
    assert session.value("SELECT 1") == 1
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connect(temporary)
    session.connection.close()


def test_cluster_credentials_auto_create(aws: Callable[[str], Any], redshift_config: Config, schema_name: str) -> None:
    """API GetClusterCredentials: a user that does not exist can log in only with AutoCreate."""
    client = aws("redshift")
    for create in (False, True):
        issued = client.get_cluster_credentials(DbUser=schema_name, ClusterIdentifier="local", AutoCreate=create)
        temporary = {**redshift_config, "user": issued["DbUser"], "password": issued["DbPassword"]}
        if create:
            assert issued["DbUser"] == f"IAMA:{schema_name}"
            session = Db(connect(temporary))
            assert session.value("SELECT current_user") == schema_name
            session.connection.close()
        else:
            with pytest.raises(psycopg2.OperationalError):
                connect(temporary)


def test_credentials_of_the_caller(aws: Callable[[str], Any], redshift_config: Config) -> None:
    """API GetClusterCredentialsWithIAM and Serverless GetCredentials: the caller is the user, made at first use."""
    with_iam = aws("redshift").get_cluster_credentials_with_iam(ClusterIdentifier="local")
    serverless = aws("redshift-serverless").get_credentials(workgroupName="local", dbName="dev")
    for user, password in (
        (with_iam["DbUser"], with_iam["DbPassword"]),
        (serverless["dbUser"], serverless["dbPassword"]),
    ):
        assert user.startswith("IAM:")
        connect({**redshift_config, "user": user, "password": password}).close()
    assert abs((serverless["expiration"] - with_iam["Expiration"]).total_seconds()) < 60


def test_credentials_duration(aws: Callable[[str], Any]) -> None:
    """API GetClusterCredentials: DurationSeconds is 900 to 3600."""
    with pytest.raises(botocore.exceptions.ClientError, match="InvalidParameterValue"):
        aws("redshift").get_cluster_credentials(DbUser="x", ClusterIdentifier="local", DurationSeconds=100)


def test_who_may_ask_for_a_password(stand_in: Any, redshift_config: Config) -> None:
    """generating-iam-credentials-role-permissions: by the signature, and by a policy for the database user."""
    url = (stand_in.path / "redshift" / "credentials.url").read_text()
    key, secret = (redshift_config[f"aws_{name}"] for name in ("access_key_id", "secret_access_key"))
    asked = {"ClusterIdentifier": "local", "DbUser": "refused"}
    for given, code in ((secret, "AccessDenied"), ("wrong", "SignatureDoesNotMatch")):
        client = boto3.session.Session().client(
            "redshift", endpoint_url=url, region_name="us-east-1", aws_access_key_id=key, aws_secret_access_key=given
        )
        with pytest.raises(botocore.exceptions.ClientError) as refused:
            client.get_cluster_credentials(**asked)
        assert refused.value.response["Error"]["Code"] == code
        client.close()


def test_query_group_of_a_transaction(db):
    """SET LOCAL in one message with BEGIN, or with a statement, holds until the transaction ends (r_query_group)."""
    db.run("SET query_group TO 'run'")
    db.run("BEGIN; SET LOCAL query_group TO 'run load'")
    assert db.value("SHOW query_group") == "run load"
    assert db.value("SET LOCAL query_group TO 'run load orders'; SELECT 1") == 1
    assert db.value("SHOW query_group") == "run load orders"
    db.run("COMMIT")
    assert db.value("SHOW query_group") == "run"
