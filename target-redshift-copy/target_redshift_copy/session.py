"""The connection to Redshift: psycopg2, with its exceptions turned into ours in one place."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Sequence
from typing import Any

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.label import Label
from singer_bulk.model.load import Table
from singer_bulk.model.runtime import STANDARD
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.words import BEGIN, COMMIT, ROLLBACK, in_calls, literal

from target_redshift_copy.config import GROUP_CHARACTERS, RedshiftSettings
from target_redshift_copy.copy_access import masked
from target_redshift_copy.parameters import parameters_of
from target_redshift_copy.remedies import INSUFFICIENT_PRIVILEGE, Remedies
from target_redshift_copy.sign_in import Login, SignIn
from target_redshift_copy.sign_in_settings import BY_IAM, SignInSettings, Way

# An idle connection through a NAT gateway is dropped without a word (mgmt: connecting-drop-issues).
KEEPALIVES_IDLE_SECONDS = 200
CONNECT_TIMEOUT_SECONDS = 60
# How long a lost session is waited for, in steps.
GONE_ATTEMPTS, GONE_SECONDS = 60, 0.5
# Whether a process has a transaction: SVV_TRANSACTIONS shows each user the locks of all (r_SVV_TRANSACTIONS), and is
# there on Serverless, where STV tables are refused (mgmt: serverless-monitoring). Without a lock nothing was written.
OPEN_TRANSACTIONS = (
    "SELECT 1 FROM svv_transactions WHERE pid = {process}",
    "SELECT 1 FROM stv_sessions WHERE process = {process}",
)

# Another transaction was in the way (c_serial_isolation): 1023 is a serializable violation, 1018 a table that came
# after our snapshot; a deadlock ends one of the two.
CONFLICTS = {"40001", "40P01"}
# statement_timeout: https://docs.aws.amazon.com/redshift/latest/dg/r_statement_timeout.html
CANCELED = "57014"
CONFLICT_WORDS = re.compile(
    "Serializable isolation violation|deadlock detected|conflict with concurrent transaction|"
    # psycopg2 shows "1018" and, behind DETAIL, "Relation does not exist"; the page names the relation or does not.
    r"\b1018\b.*\bRelation\b.*\bdoes not exist",
    re.IGNORECASE,
)

# What libpq says of CREATE USER .. PASSWORD 'sha256|..'.
# https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html https://github.com/psycopg/psycopg2/issues/1758
UNKNOWN_METHOD = re.compile(r"authentication (?:method|request) \d+ (?:is )?not supported", re.IGNORECASE)

# "8001", which is the code of much else, with this text behind DETAIL. VARCHAR columns count "by a number of factors".
# https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html#r_CREATE_TABLE_usage
TOO_WIDE = re.compile(r"combined length of columns processed", re.IGNORECASE)
TOO_WIDE_REMEDY = (
    "the columns of this table are together too wide for MERGE and INSERT .. SELECT: make fewer or narrower ones "
    "(leave properties out by stream_maps; a smaller varchar_default_bytes, or maxLength in the SCHEMA, for a new "
    "table), or load the stream by append-only, which needs COPY alone"
)

# What a cluster says that has no space left, be it of tables or of a query's own.
# https://repost.aws/knowledge-center/redshift-high-disk-usage
DISK_FULL = re.compile(r"\bdisk full\b", re.IGNORECASE)
DISK_FULL_REMEDY = (
    "free space in the cluster: drop tables or their old rows and run VACUUM DELETE ONLY, or give it more nodes "
    "(SVV_TABLE_INFO and PERCENTAGEDISKSPACEUSED show what takes it)"
)

logger = logging.getLogger(__name__)


class RedshiftSession:
    """One connection in autocommit."""

    def __init__(
        self, settings: RedshiftSettings, sign_in: SignIn, remedies: Remedies, label: Label | None = None
    ) -> None:
        import psycopg2

        login = sign_in.login()  # of this connection: the password of an earlier one may have ended
        self._remedies = remedies.of(login.account, login.place.database)
        try:
            self._connection = psycopg2.connect(**_arguments(sign_in.settings, login))
        except psycopg2.OperationalError as error:
            sign_in.refused()
            raise ConfigError(_connect_problem(sign_in.way, login, str(error)), code="RS-CONNECT") from error
        self._connection.autocommit = True
        timeout = settings.statement_timeout_seconds
        self._timeout = "DEFAULT" if timeout is None else str(timeout * 1000)
        self._label = label or Label(settings.query_group, GROUP_CHARACTERS)
        self._group = self._labelled = self._label.of_session
        self.execute(parameters_of(settings, self._group))

    def lock(self, statements: Sequence[str], max_seconds: int) -> Rows:
        """Run the statement that waits for locks, bounded by the transaction's own statement_timeout (r_SET)."""
        self.execute(f"SET LOCAL statement_timeout TO {max_seconds * 1000}")
        try:
            # In one message: whichever of the two values its time is measured by, the lock has waited by then.
            return self.execute(f"{'; '.join(statements)}; SET LOCAL statement_timeout TO {self._timeout}")
        except WarehouseError as error:
            error.waited = error.sql_code == CANCELED
            raise

    def holders(self, tables: Sequence[Table]) -> str:
        """Return the sessions that SVV_TRANSACTIONS, which all users see whole, shows with locks of the tables."""
        try:
            names = " OR ".join(
                f"(nspname = {literal(table.schema)} AND relname = {literal(table.name)})" for table in tables
            )
            found = self.execute(
                f"SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {names}"
            )
            held = ", ".join(str(int(row[0])) for row in found)
            rows = self.execute(
                "SELECT DISTINCT pid, txn_owner, txn_start FROM svv_transactions "
                f"WHERE granted AND relation IN ({held})"
            )
        except WarehouseError as error:
            if error.connection_lost:
                raise
            logger.debug("who holds the locks cannot be seen: %s", error)
            return ""
        return ", ".join(
            f"held by process {pid} of user {str(owner).strip()} since {begun}" for pid, owner, begun in rows
        )

    def execute_all(self, statements: Sequence[str]) -> None:
        """Run statements in one message, which is a transaction: of those before the one that fails nothing stays."""
        for part in in_calls(statements):
            self.execute("; ".join(part))

    def execute_together(self, calls: Sequence[Sequence[str]], at_once: int) -> None:
        """Run the calls one after the other: no session of Redshift runs two statements side by side."""
        for call in calls:
            self.execute_all(call)

    def execute(self, sql: str) -> Rows:
        """Run one statement; return its rows, or how many it has written where the answer says it."""
        import psycopg2

        try:
            with self._connection.cursor() as cursor:
                cursor.execute(self._in_group(sql))
                if cursor.description is None:
                    return [] if cursor.rowcount < 0 else [(cursor.rowcount,)]
                rows: Rows = cursor.fetchall()
                return rows
        except psycopg2.Error as error:
            text = " ".join(masked(str(error)).split())
            lost = bool(self._connection.closed) or isinstance(error, psycopg2.InterfaceError)
            conflict = error.pgcode in CONFLICTS or CONFLICT_WORDS.search(text) is not None
            remedy = self._remedies.remedy(text, sql) if error.pgcode == INSUFFICIENT_PRIVILEGE else None
            if TOO_WIDE.search(text):
                problem = f"Redshift: {text}; {TOO_WIDE_REMEDY}"
                raise WarehouseError(problem, code="RS-WIDE", sql_code=error.pgcode) from error
            if DISK_FULL.search(text):
                problem = f"Redshift: {text}; {DISK_FULL_REMEDY}"
                raise WarehouseError(problem, code="RS-SPACE", sql_code=error.pgcode) from error
            raise WarehouseError(
                f"Redshift: {text}; {remedy}" if remedy else f"Redshift: {text}",
                code="RS-LOST" if lost else "RS-CONFLICT" if conflict else "RS-RIGHT" if remedy else "RS-SQL",
                sql_code=error.pgcode,
                connection_lost=lost,
                conflict=conflict and not lost,
            ) from error

    def _in_group(self, sql: str) -> str:
        """Return the call with what sets the query group before it, in a transaction and where it is another one.

        It is in one message with it, so it costs no answer, and ends with the transaction. Outside of one some
        statements may not stand in a message with others, which is a transaction itself (ALTER COLUMN TYPE).
        https://docs.aws.amazon.com/redshift/latest/dg/r_query_group.html
        """
        text = self._label.text
        if sql in (COMMIT, ROLLBACK):
            self._labelled = self._group
        elif text != self._labelled and (sql == BEGIN or self._is_in_transaction()):
            self._labelled = text
            group = f"SET LOCAL query_group TO {literal(text) if text else 'DEFAULT'}"
            return f"{sql}; {group}" if sql == BEGIN else f"{group}; {sql}"
        return sql

    def _is_in_transaction(self) -> bool:
        from psycopg2.extensions import TRANSACTION_STATUS_INTRANS

        return bool(self._connection.info.transaction_status == TRANSACTION_STATUS_INTRANS)

    def close(self) -> None:
        """End the session; the server rolls back what is open."""
        self._connection.close()

    def transaction(self) -> str:
        """Return the process that serves this session: it has one transaction at a time."""
        return str(self._connection.get_backend_pid())

    def end_transaction(self, name: str) -> None:
        """End the process of a lost session, and wait until its transaction is gone."""
        try:
            self.execute(f"SELECT pg_terminate_backend({int(name)})")
        except WarehouseError as error:
            if error.connection_lost:
                raise
            # It is gone already, or it is not ours to end: the transactions tell.
            logger.debug("session %s was not ended: %s", name, error)
        for _ in range(GONE_ATTEMPTS):
            if not self._is_open(int(name)):
                return
            STANDARD.sleep(GONE_SECONDS)
        raise WarehouseError(f"Redshift: the lost session {name} is still there", code="RS-OPEN")

    def _is_open(self, process: int) -> bool:
        """Return whether a process has a transaction; raises WarehouseError if no view shows it."""
        refusals = []
        for query in OPEN_TRANSACTIONS:
            try:
                return bool(self.execute(query.format(process=process)))
            except WarehouseError as error:
                if error.connection_lost:
                    raise
                refusals.append(error.text)
        raise WarehouseError(
            f"Redshift: nothing shows this user whether the lost session {process} has ended: {'; '.join(refusals)}; "
            f"{self._remedies.recovery()}",
            code="RS-OPEN",
        )


def _arguments(settings: SignInSettings, login: Login) -> dict[str, Any]:
    arguments = {
        "host": login.place.host,
        "port": login.place.port,
        "user": login.user,
        "password": login.password,
        "dbname": login.place.database,
        "sslmode": settings.sslmode,
        "connect_timeout": CONNECT_TIMEOUT_SECONDS,
        "keepalives_idle": KEEPALIVES_IDLE_SECONDS,
        "application_name": "target-redshift-copy",
    }
    if settings.sslmode.startswith("verify"):
        arguments["sslrootcert"] = os.path.expanduser(settings.sslrootcert or public_authorities())
    return arguments


def public_authorities() -> str:
    """Return the file of certificates that boto3 trusts; Amazon's authorities are in it."""
    import certifi

    return certifi.where()


def _connect_problem(way: Way, login: Login, text: str) -> str:
    place = login.place
    where = f"Redshift at {place.host}:{place.port}, database {place.database!r}, user {login.user!r}"
    reason = " ".join(masked(text).split())
    return f"cannot connect to {where}: {reason}; {_connect_remedy(way, login, reason)}"


def _connect_remedy(way: Way, login: Login, reason: str) -> str:
    lowered = reason.lower()
    if UNKNOWN_METHOD.search(reason):
        return (
            "the password of this user is kept as SHA-256, which libpq does not know; sign in by IAM (set "
            "cluster_identifier or workgroup_name, and no password), or give the user a password that is kept as MD5 "
            f"(ALTER USER {login.account} PASSWORD 'md5...' or a plain one)"
        )
    if "password" in lowered and way in BY_IAM:
        return (
            "the user that the password by IAM is for cannot log in: make it, or set auto_create_user to true"
            if way is Way.CLUSTER_USER
            else "check that database and cluster or workgroup belong together"
        )
    if "password" in lowered:
        return "check user and password" if way is Way.PASSWORD else f"check {way.value}: is it of this database?"
    if "ssl" in lowered or "certificate" in lowered:
        return "check sslmode and sslrootcert"
    return "check host, port and database, and that the network lets you through"
