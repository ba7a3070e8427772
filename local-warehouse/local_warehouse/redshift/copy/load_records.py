"""What does a COPY leave in the system tables, whether it succeeded or not?

Sources: r_STL_LOAD_ERRORS, SYS_LOAD_ERROR_DETAIL, SYS_LOAD_HISTORY, r_STL_LOAD_COMMITS
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from local_warehouse.redshift.copy.load_columns import LoadColumn
from local_warehouse.redshift.copy.records import BadRecord
from local_warehouse.redshift.copy.sources import Source
from local_warehouse.redshift.grammar.copy_statement import Copy
from local_warehouse.redshift.postgres.connection import literal


@dataclass
class LoadError:
    """One row of stl_load_errors."""

    url: str
    record: BadRecord
    column: LoadColumn | None


@dataclass
class FileCount:
    """How many rows a file put on the stage, and how many of its records are none."""

    source: Source
    rows: int = 0
    errors: int = 0
    bytes: int = 0


@dataclass
class Outcome:
    """What a COPY did, for the system tables and the notice."""

    table_id: int
    table: str
    loaded: int = 0
    errors: list[LoadError] = field(default_factory=list)
    files: list[FileCount] = field(default_factory=list)
    started: float = field(default_factory=time.time)
    failed: bool = False


def record_sql(outcome: Outcome, copy: Copy, query: int, session: int, user: str, database: str) -> str:
    """The rows that a COPY leaves in the system tables."""
    started = f"to_timestamp({outcome.started})::timestamp"
    user_id = f"(SELECT usesysid::int FROM pg_user WHERE usename = {literal(user)})"
    statements = []
    for error in outcome.errors[:1000]:
        record, column = error.record, error.column
        described = (column.name, column.type, column.shown_length) if column else ("", "", "")
        values = [user_id, "0", str(outcome.table_id), started, str(session), str(query)]
        values += [literal(error.url), str(record.line), *map(literal, described), str(record.position)]
        values += [literal(_dots(record.raw)), literal(_dots(record.value)), str(record.code)]
        values += [literal(record.reason[:512]), "0", "0", str(query), literal(database)]
        statements.append(f"INSERT INTO pg_catalog.rs_load_error VALUES ({', '.join(values)})")
    for count in outcome.files:
        values = [
            user_id,
            str(query),
            literal(count.source.url),
            str(count.bytes),
            str(count.rows + count.errors),
            str(count.errors),
        ]
        values += ["clock_timestamp()::timestamp", "1", literal("CSV" if copy.csv else "Text")]
        statements.append(f"INSERT INTO pg_catalog.rs_load_file VALUES ({', '.join(values)})")
    status = "aborted" if outcome.failed else "completed"
    total = sum(count.bytes for count in outcome.files)
    values = [
        user_id,
        str(query),
        str(query),
        str(session),
        literal(database),
        literal(status),
        literal(outcome.table),
        started,
    ]
    values += [
        "clock_timestamp()::timestamp",
        literal(copy.source),
        literal("CSV" if copy.csv else "Text"),
        str(outcome.loaded),
    ]
    values += [str(total), str(len(outcome.files)), str(total), str(len(outcome.errors))]
    statements.append(f"INSERT INTO pg_catalog.rs_load VALUES ({', '.join(values)})")
    return "; ".join(statements)


def _dots(text: str) -> str:
    """At most 1024 characters, with a dot for each that is no printable ASCII: as in raw_line."""
    return "".join(letter if " " <= letter <= "~" or letter == "\t" else "." for letter in text[:1024])
