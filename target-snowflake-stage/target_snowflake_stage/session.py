"""The connection to Snowflake: its connector, 4.x or 5.x, with its exceptions turned into ours in one place."""

from __future__ import annotations

import base64
import logging
import os
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.identity.masks import masks
from singer_bulk.identity.references import resolved
from singer_bulk.model.label import Label
from singer_bulk.model.load import Table
from singer_bulk.model.runtime import STANDARD
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.words import in_calls

from target_snowflake_stage.address_space import demand_address_space
from target_snowflake_stage.config import SnowflakeSettings
from target_snowflake_stage.identity import sign_in_arguments
from target_snowflake_stage.login_errors import connect_problem, no_news
from target_snowflake_stage.parameters import SESSION_PARAMETERS
from target_snowflake_stage.private_key import read_private_key
from target_snowflake_stage.remedies import Remedies
from target_snowflake_stage.sql import masked

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
_SAME_NAMES = ("account", "user", "role", "warehouse", "database", "host", "port", "protocol")
AWS_SDK = "botocore."
# Ids of queries that nobody has taken; a load has 50 statements at once at most.
MOST_IDS = 200
# Packages that the connector can hand results over in; each is imported with it where it is installed.
_RESULT_FORMATS = ("numpy", "pandas", "pyarrow", "sqlalchemy")

logger = logging.getLogger(__name__)


class SnowflakeSession:
    """One connection in autocommit."""

    def __init__(
        self, settings: SnowflakeSettings, remedies: Remedies, lock_seconds: int, label: Label | None = None
    ) -> None:
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

        settings = resolved(settings)  # at each connection: what a reference leads to may have an end
        self._remedies = replace(remedies, user=settings.user)
        key = read_private_key(settings)
        if key is not None:  # as a library may write it that is given it
            masks.hide([repr(key)[2:-1], base64.b64encode(key).decode(), key.hex()])
        self._label = label or Label(settings.query_tag)
        self._tag = self._label.of_session
        self.ran: list[str] = []  # ids of queries, until somebody takes them
        arguments = connect_arguments(settings, key, lock_seconds, self._tag)
        try:
            with no_news(settings):
                self._connection = snowflake.connector.connect(**arguments)
        except Exception as error:
            # 4.x lets those of the AWS SDK through, which it asks for the identity of a workload.
            if not isinstance(error, Error) and not type(error).__module__.startswith(AWS_SDK):
                raise
            raise ConfigError(
                connect_problem(settings, error, key, arguments.get("token")), code="SF-CONNECT"
            ) from None

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
            cursor.execute_async(sql, num_statements=statement_count, **self._tagged())
            self.ran.append(str(cursor.sfqid))
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
            cursor.execute(sql, **several, **self._tagged())
            self.ran[:] = [*self.ran[-MOST_IDS:], str(cursor.sfqid)]
            return [tuple(row) for row in cursor.fetchall()]

    def _tagged(self) -> dict[str, Any]:
        """Return what tags a statement otherwise than the session: it goes with its request, and costs none.

        https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api
        """
        tag = self._label.text
        return {} if tag == self._tag else {"_statement_params": {"QUERY_TAG": tag}}

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


def connect_arguments(settings: SnowflakeSettings, key: bytes | None, lock_seconds: int, tag: str) -> dict[str, Any]:
    values = {name: getattr(settings, name) for name in _SAME_NAMES}
    arguments = {name: value for name, value in values.items() if value is not None}
    own = {name.upper(): value for name, value in (settings.session_parameters or {}).items()}
    if settings.statement_timeout_seconds is not None:
        own["STATEMENT_TIMEOUT_IN_SECONDS"] = settings.statement_timeout_seconds
    ours = SESSION_PARAMETERS | {"LOCK_TIMEOUT": lock_seconds, "QUERY_TAG": tag}
    arguments["session_parameters"] = own | ours
    # 5.x warns while this is unset. A session that ends with a statement running is given up, and so is what it does.
    arguments["enable_server_session_keep_alive_auto_detection"] = False
    arguments["application"] = "target_snowflake_stage"
    arguments["login_timeout"] = LOGIN_TIMEOUT_SECONDS
    return arguments | sign_in_arguments(settings, key) | token_cache(settings)


def token_cache(settings: SnowflakeSettings) -> dict[str, Any]:
    """Return whether the connector keeps tokens in its cache: 5.x does unless it is told not to, 4.x never asks MFA for
    one unless it is told to by another name, which 5.x warns of."""
    import snowflake.connector

    kept = {"client_store_temporary_credential": settings.client_store_temporary_credential}
    if settings.client_store_temporary_credential and snowflake.connector.__version__.startswith("4."):
        kept["client_request_mfa_token"] = True
    return kept
