"""Which step of a load is a statement? The names are those of `faults.py`."""

from __future__ import annotations

import re

# The first table of a statement.
_TARGET = re.compile(r'"[^"]+"(?:\."[^"]+")*')
_VERBS = {"SHOW": "CATALOG", "DESC": "CATALOG", "WITH": "CHOOSE"}
# What is in a query, and which step that is; the first that fits.
_QUERIES = (
    ("SELECT table_schema", "UNCHANGED"), ("svv_columns", "CATALOG"), ("information_schema.columns", "CATALOG"),
    ("load_error", "CATALOG"), ("pg_namespace", "SCHEMA"), ("schemata", "SCHEMA"), ("_singer_loads__", "READ FENCE"),
    ("AS keyed", "LOOK"), ("_singer_turn_", "ROWS"), ("HAVING", "KEYS"), ("_singer_loads", "READ LEDGER"),
    ("NOT EXISTS", "LACKING"),
)  # fmt: skip


def step_of(sql: str) -> str:
    """Return which step of a load a statement is."""
    verb, lowered = sql.partition(" ")[0], sql.lower()
    target = _TARGET.search(lowered)
    scratch = target is not None and "_singer_scratch_" in target[0]
    if verb == "SELECT":
        return next((step for part, step in _QUERIES if part.lower() in lowered), "COUNT")
    if verb in ("CREATE", "COPY"):
        return f"{verb} SCRATCH" if scratch else verb
    if verb in ("INSERT", "UPDATE") and target is not None:
        if "_singer_loads__" in target[0]:
            is_lock = "(select max(" in lowered
            return "MAKE FENCE" if verb == "INSERT" else "LOCK" if is_lock else "MOVE FENCE"
        if "_singer_loads" in target[0]:
            return "WRITE LEDGER" if verb == "INSERT" else "LOCK"
        if "_singer_turn_" in target[0]:
            return "ROWS" if verb == "INSERT" else "LOCK"
        return "CHOOSE" if scratch else verb
    return _VERBS.get(verb, verb)
