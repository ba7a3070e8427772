"""How does a transaction see catalogs that others have changed since its snapshot?  Over a connection of its own.

Catalogs are read-committed in Redshift while tables keep to the snapshot (c_serial_isolation). PostgreSQL reads both by
the snapshot, so a query of system tables alone is answered by a second connection of the same user with the same
settings. A transaction that has changed the catalog itself sees its own changes, by its snapshot.
"""

from __future__ import annotations

from collections.abc import Callable

from local_warehouse.redshift.postgres.connection import Admin, literal

NAME = "rs_catalog"  # what the system views leave out of the sessions
_SETTINGS = (
    "SELECT name, setting FROM pg_settings WHERE source = 'session' AND context = 'user'"
    " AND name NOT IN ('application_name', 'default_transaction_isolation', 'transaction_isolation')"
)


class FreshCatalog:
    """The second connection of one session, opened when it is first needed."""

    def __init__(self, open_one: Callable[[], Admin]) -> None:
        self._open = open_one
        self._admin: Admin | None = None

    def connection(self, ask: Callable[[str], list[list[str | None]]]) -> Admin:
        """The connection, with the settings that the session has now; `ask` runs a statement in the session."""
        if self._admin is None:
            self._admin = self._open()
            # What the transaction itself has locked would be waited for without end: the columns of a late-binding
            # view over such a table are not shown.
            self._admin.run("SET lock_timeout = '1ms'")
        for name, value in ask(_SETTINGS):
            self._admin.run(f"SELECT set_config({literal(name)}, {literal(value)}, false)")
        return self._admin

    def sync(self) -> None:
        """End what the extended protocol has left open."""
        if self._admin is not None:
            self._admin.channel.write(b"S")
            self._admin.channel.flush()
            self._admin.finish(ignore=True)

    def close(self) -> None:
        if self._admin is not None:
            self._admin.close()
