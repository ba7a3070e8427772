"""Values and names as Snowflake reads them in a statement."""

from __future__ import annotations


def literal(value: str | int | None) -> str:
    """Return the value as SQL. A backslash is an escape in Snowflake's strings (data-types-text)."""
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def name(stored: str) -> str:
    """Return a name in double quotes, as it is stored."""
    return '"' + stored.replace('"', '""') + '"'
