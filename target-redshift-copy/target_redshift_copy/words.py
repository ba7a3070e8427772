"""Values and names as Redshift reads them in a statement."""

from __future__ import annotations


def literal(value: str | int | None) -> str:
    """Return the value as SQL. A backslash is an escape in Redshift's strings, so it is doubled like the quote."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def name(stored: str) -> str:
    """Return a name in double quotes; every name is quoted, so the list of reserved words does not matter."""
    return '"' + stored.replace('"', '""') + '"'
