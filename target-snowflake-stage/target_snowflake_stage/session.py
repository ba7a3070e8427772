"""The connection to Snowflake: its connector, 4.x or 5.x, with its exceptions turned into ours in one place."""

from __future__ import annotations

import logging
import os
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.load import Table
from singer_bulk.model.runtime import STANDARD
from singer_bulk.warehouse.dialect import LOCK_SECONDS, Rows
from singer_bulk.warehouse.words import in_calls

from target_snowflake_stage.address_space import demand_address_space
from target_snowflake_stage.config import SnowflakeSettings
from target_snowflake_stage.private_key import read_private_key, registration
from target_snowflake_stage.remedies import Remedies
from target_snowflake_stage.sql import masked

# What an account or a user may have set otherwise, and our statements depend on. docs/session-parameters.md goes
# through the whole list, https://docs.snowflake.com/en/sql-reference/parameters.
# TIMEZONE: a value without offset is read in the session's (date-time-input-output), Los Angeles by default.
# TRANSACTION_ABORT_ON_ERROR: a failed statement otherwise leaves the transaction open and COMMIT keeps the rest
# (sql-reference/transactions). LOCK_TIMEOUT: 12 hours by default, in which nobody would hear of us; a run that waits
# less in all (`lock_wait_seconds`) has less.
# *_INPUT_FORMAT: literals in TIMESTAMP_TZ columns, those of the ledger, are read by it (date-time-input-output).
# ROWS_PER_RESULTSET: what a query answers is cut off there, be it a catalog or a STATE in parts; 0: no limit.
SESSION_PARAMETERS = {
    "QUERY_TAG": "target-snowflake-stage",
    "TIMEZONE": "UTC",
    "AUTOCOMMIT": True,
    "TRANSACTION_ABORT_ON_ERROR": True,
    "LOCK_TIMEOUT": LOCK_SECONDS,
    "DATE_INPUT_FORMAT": "AUTO",
    "TIME_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_INPUT_FORMAT": "AUTO",
    "TIMESTAMP_TYPE_MAPPING": "TIMESTAMP_NTZ",
    "BINARY_INPUT_FORMAT": "HEX",
    "TWO_DIGIT_CENTURY_START": 1970,
    "QUOTED_IDENTIFIERS_IGNORE_CASE": False,
    "ERROR_ON_NONDETERMINISTIC_MERGE": True,
    "ROWS_PER_RESULTSET": 0,
}

# Of a login, with all of its retries; the connector's own default lets a port that never answers wait for two minutes.
LOGIN_TIMEOUT_SECONDS = 60

# How long a transaction of a lost session is waited for, in steps.
GONE_ATTEMPTS, GONE_SECONDS = 60, 0.5

# How long after the last look at a query that runs beside others the next one is taken: twice as long each time.
FIRST_LOOK_SECONDS, LAST_LOOK_SECONDS = 0.1, 1.0
# Looks in a row at a query that the server does not know, or calls neither running nor ended; the connector's take as
# long.
MAX_UNCLEAR = 100

# The connection or the session is gone: network errors of the connector (250001 to 250003), session expired or
# unknown (390111, 390112, 390104), the token that renews it unknown, expired or invalid (390113 to 390115), token
# expired (390195).
LOST = {"250001", "250002", "250003", "251012", "390104", "390111", "390112", "390113", "390114", "390115", "390195"}
# Waited for a lock as long as LOCK_TIMEOUT allows, or did not because 20 statements wait for it already (625).
# https://github.com/brooklyn-data/dbt_artifacts/issues/431
WAITED = {"625"}
# What ends a wait for a lock, and may end a statement for other reasons: STATEMENT_TIMEOUT_IN_SECONDS, whose time runs
# while it waits (630), and the end of its transaction by somebody else (615).
# https://github.com/estuary/flow/issues/238 https://github.com/snowflakedb/snowflake-connector-net/issues/560
LOCK_ENDED = {"630", "615"}
# Deadlock (603), the transaction was aborted (615), the table was changed under us.
CONFLICTS = {"603", "615", "200001"}

# Settings that the connector knows by the same name.
_SAME_NAMES = (
    "account", "user", "password", "authenticator", "token", "role", "warehouse", "database",
    "host", "port", "protocol",
)  # fmt: skip
# Packages that the connector can hand results over in; each is imported with it where it is installed.
_RESULT_FORMATS = ("numpy", "pandas", "pyarrow", "sqlalchemy")

logger = logging.getLogger(__name__)


class SnowflakeSession:
    """One connection in autocommit."""

    def __init__(self, settings: SnowflakeSettings, remedies: Remedies, lock_seconds: int) -> None:
        # The connector tells of each request and of clouds that it does not run in, and logs as an ERROR what it also
        # raises: its exceptions come out under our name, once. Set before the import, which tells of them, too.
        logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)
        if "snowflake.connector" not in sys.modules:
            demand_address_space()
        import_connector()
        import snowflake.connector

        # Looking for the cloud we run in takes seconds where there is none, and serves the connector's telemetry only.
        os.environ.setdefault("SNOWFLAKE_DISABLE_PLATFORM_DETECTION", "true")
        from snowflake.connector.errors import Error

        self._remedies = remedies
        key = read_private_key(settings)
        try:
            self._connection = snowflake.connector.connect(**_arguments(settings, key, lock_seconds))
        except Error as error:
            raise ConfigError(connect_problem(settings, error, key), code="SF-CONNECT") from None

    def execute_all(self, statements: Sequence[str]) -> None:
        """Run statements in one request, each of which commits by itself.

        https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example
        """
        for part in in_calls(statements):
            self._execute("; ".join(part), len(part))

    def execute_together(self, calls: Sequence[Sequence[str]], at_once: int) -> None:
        """Run calls as queries that the session does not wait for, so many at a time; what they answer is not fetched.

        https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-example#performing-an-asynchronous-query
        """
        waiting, running = deque(calls), deque[str]()
        while waiting or running:
            if waiting and len(running) < at_once:
                call = waiting.popleft()
                running.append(self._begin("; ".join(call), len(call)))
            else:
                self._end(running.popleft())

    def _begin(self, sql: str, statement_count: int) -> str:
        """Start a query; return its id."""
        with self._told(sql), self._connection.cursor() as cursor:
            cursor.execute_async(sql, num_statements=statement_count)
            return str(cursor.sfqid)

    def _end(self, query: str) -> None:
        """Wait for a query; raises WarehouseError if it has failed, or if nothing says what it does."""
        unclear, seconds = 0, FIRST_LOOK_SECONDS
        while unclear < MAX_UNCLEAR:
            status = self._status(query)
            if status.name == "SUCCESS":
                return
            is_clear = status.name != "NO_DATA" and self._connection.is_still_running(status)
            unclear = 0 if is_clear else unclear + 1
            STANDARD.sleep(seconds)
            seconds = min(seconds * 2, LAST_LOOK_SECONDS)
        raise WarehouseError(f"Snowflake: nothing says what query {query} does", code="SF-LOST", connection_lost=True)

    def _status(self, query: str) -> Any:
        """Return what a query does. The connector 4.x takes answers apart that it did not get."""
        try:
            with self._told(query):
                return self._connection.get_query_status_throw_if_error(query)
        except (TypeError, ValueError, KeyError, AttributeError) as odd:
            problem = f"Snowflake: what query {query} does cannot be read ({type(odd).__name__})"
            raise WarehouseError(problem, code="SF-LOST", connection_lost=True) from odd

    def execute(self, sql: str) -> Rows:
        """Run one statement; return its rows."""
        return self._execute(sql)

    def _execute(self, sql: str, statement_count: int = 1) -> Rows:
        """Run statements; return the rows of the first."""
        several = {"num_statements": statement_count} if statement_count > 1 else {}
        with self._told(sql), self._connection.cursor() as cursor:
            cursor.execute(sql, **several)
            return [tuple(row) for row in cursor.fetchall()]

    @contextmanager
    def _told(self, sql: str) -> Iterator[None]:
        """Raise what the connector raises meanwhile as WarehouseError; `sql` is what it was raised for."""
        from snowflake.connector.errors import Error

        try:
            yield
        except Error as error:
            text = " ".join(masked(str(error.raw_msg or error.msg)).split())
            query = f" (query {error.sfqid})" if error.sfqid else ""
            sql_code = str(error.errno).lstrip("0")
            lost, waited = sql_code in LOST, sql_code in WAITED
            conflict = waited or sql_code in CONFLICTS
            advice = None if lost or conflict else self._remedies.remedy(text, sql)
            raise WarehouseError(
                f"Snowflake: {text}{query}; {advice}" if advice else f"Snowflake: {text}{query}",
                code="SF-LOST" if lost else "SF-CONFLICT" if conflict else "SF-RIGHT" if advice else "SF-SQL",
                sql_code=sql_code,
                connection_lost=lost,
                conflict=conflict,
                waited=waited,
            ) from None

    def lock(self, statements: Sequence[str], max_seconds: int) -> Rows:
        """Run statements that wait for locks: LOCK_TIMEOUT bounds each, which the session has from its beginning."""
        try:
            answers = [self._execute("; ".join(part), len(part)) for part in in_calls(statements)]
        except WarehouseError as error:
            error.waited = error.waited or error.sql_code in LOCK_ENDED
            raise
        return answers[0]

    def holders(self, tables: Sequence[Table]) -> str:
        """Return the transactions that SHOW LOCKS shows with locks of the tables: those of this user."""
        try:
            rows = self.execute("SHOW LOCKS")
        except WarehouseError as error:
            if error.connection_lost:
                raise
            logger.debug("who holds the locks cannot be seen: %s", error)
            return ""
        names = tuple(table.name for table in tables)
        held = [
            row for row in rows if str(row[0]).replace('"', "").endswith(names) and str(row[4]).upper() == "HOLDING"
        ]
        return ", ".join(f"held by transaction {row[2]} of session {row[7]} since {row[3]}" for row in held)

    def transaction(self) -> str:
        """Return the id of the open transaction."""
        return str(self.execute("SELECT CURRENT_TRANSACTION()")[0][0])

    def end_transaction(self, name: str) -> None:
        """Abort a transaction whose session was lost: it would hold its locks for minutes (transactions)."""
        for _ in range(GONE_ATTEMPTS):
            if name not in {str(row[0]) for row in self.execute("SHOW TRANSACTIONS")}:
                return
            try:
                self.execute(f"SELECT SYSTEM$ABORT_TRANSACTION({int(name)})")
            except WarehouseError as error:
                if error.connection_lost:
                    raise
                # It may have ended since; the next look tells.
                logger.debug("transaction %s was not aborted: %s", name, error)
            STANDARD.sleep(GONE_SECONDS)
        raise WarehouseError(f"Snowflake: the transaction {name} of a lost session is still there", code="SF-OPEN")

    def close(self) -> None:
        """End the session; the server rolls back what is open."""
        self._connection.close()


def import_connector() -> None:
    """Import the connector as if what it only offers results in were not installed: half of its import otherwise."""
    hidden = {name: None for name in _RESULT_FORMATS if name not in sys.modules}
    sys.modules.update(hidden)  # type: ignore[arg-type]  # None: "not installed", by the documentation of sys.modules
    try:
        import snowflake.connector  # noqa: F401
    finally:
        for name in hidden:
            del sys.modules[name]


def _arguments(settings: SnowflakeSettings, key: bytes | None, lock_seconds: int) -> dict[str, Any]:
    values = {name: getattr(settings, name) for name in _SAME_NAMES}
    arguments = {name: value for name, value in values.items() if value is not None}
    arguments["session_parameters"] = SESSION_PARAMETERS | {"LOCK_TIMEOUT": lock_seconds}
    # 5.x warns while this is unset. A session that ends with a statement running is given up, and so is what it does.
    arguments["enable_server_session_keep_alive_auto_detection"] = False
    arguments["application"] = "target_snowflake_stage"
    arguments["login_timeout"] = LOGIN_TIMEOUT_SECONDS
    if key is not None:
        arguments["private_key"] = key
        arguments.setdefault("authenticator", "SNOWFLAKE_JWT")
    return arguments


def connect_problem(settings: SnowflakeSettings, error: Any, key: bytes | None) -> str:
    """Return what is wrong where Snowflake cannot be reached, and what to do; no secret is in it."""
    reason = " ".join(masked(str(error.raw_msg or error.msg)).split())
    for secret in (settings.password, settings.token, settings.private_key_passphrase):
        if secret:
            reason = reason.replace(secret, "***")
    where = f"Snowflake account {settings.account!r}, user {settings.user!r}"
    return f"cannot connect to {where}: {reason}; {_connect_remedy(settings, reason.lower(), key)}"


# What the words of a refused login point to, and what to do; the first that fits.
_CONNECT_REMEDIES = (
    (("missing required parameter",), "set 'private_key_path' or 'password', or 'token' with 'authenticator'"),
    (("incorrect username or password", "password"), "check user and password"),
    (("oauth", "token"), "get another token for 'token', and check 'authenticator'"),
    (
        ("does not exist or not authorized",),
        "check role, warehouse and database, and that they are granted to the user",
    ),
    (("account",), "check account, as in organization-account"),
    (
        ("connect", "timed out", "timeout", "refused", "resolve", "ssl", "http", "certificate", "request", "dns"),
        "check account, or host, port and protocol, and that the network lets you through",
    ),
)


def _connect_remedy(settings: SnowflakeSettings, reason: str, key: bytes | None) -> str:
    if "jwt" in reason and key is not None:
        return f"check account and user, and {registration(key, settings.user)}"
    if settings.role and "role" in reason:
        return f"correct the setting 'role', or {Remedies(settings.role, settings.warehouse, settings.user).of_role()}"
    for words, advice in _CONNECT_REMEDIES:
        if any(word in reason for word in words):
            return advice
    return "check account, user and credentials, role, warehouse and database"
