"""Tables whose columns of fixed width are together too wide for INSERT and SELECT: they can be made, and not used.

VARCHAR columns count too, "by a number of factors" that the guide does not give; here they do not.
Source: r_CREATE_TABLE_NEW (Usage notes: limits for table columns)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from local_warehouse.redshift.errors import RedshiftError
from local_warehouse.redshift.grammar.references import last_part
from local_warehouse.redshift.postgres.connection import literal

MAX_WIDTH = 65_535
# What can make a table wide: some CHAR column of a thousand bytes or more, or a copy of a table.
_SUSPICIOUS = re.compile(r"char\s*\(\s*\d{4}|\blike\b", re.IGNORECASE)
Ask = Callable[[str], list[list[str | None]]]
_WIDTHS = (
    "SELECT relname FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid WHERE relkind = 'r' AND attnum > 0"
    " AND NOT attisdropped AND {} GROUP BY c.oid, relname"
    " HAVING sum(CASE WHEN atttypid = 'bpchar'::regtype THEN atttypmod - 4 WHEN attlen > 0 THEN attlen ELSE 0 END)"
    f" > {MAX_WIDTH}"
)


def found(sql: str, ask: Ask) -> set[str]:
    """The names of tables that are too wide, looked for where a statement of DDL may have made one."""
    if not sql.startswith(("CREATE", "ALTER")) or not _SUSPICIOUS.search(sql):
        return set()
    return {str(name) for (name,) in ask(_WIDTHS.format("true"))}


def refuse(tables: Iterable[str], known: set[str], ask: Ask, pid: int) -> None:
    """Raise RedshiftError 8001 if one of the tables is too wide; `known` are names that such tables have or had."""
    for table in tables:
        if last_part(table) in known and ask(_WIDTHS.format(f"c.oid = to_regclass({literal(table)})")):
            detail = (
                "The combined length of columns processed in the SQL statement\n"
                f"exceeded the query-processing limit of {MAX_WIDTH} characters (pid:{pid})"
            )
            raise RedshiftError("XX000", "8001", detail)
