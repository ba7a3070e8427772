"""A table gets the columns that a load needs.

What ALTER can do, it does: columns are added, text and numbers grow, NOT NULL goes. What it cannot do is done by a
second column: add it, fill it, compare, swap the names, drop the old one. Redshift does all this in one transaction,
so a crash leaves nothing behind. Snowflake commits each DDL, so there the steps are ordered such that every value
stands in a readable column at any time, and `recover` finishes or undoes what a dead run left.

Two pipelines may alter one table at once: whoever comes second is refused by the warehouse, looks at the table again
and finds its work done. A load that fills a column which another run swaps meanwhile notices it before COMMIT
(`demand_unchanged`), and begins again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.added import NARROW, WIDENED
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.load import Table
from singer_bulk.model.type_fit import fitting, holds_all
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Executes, Session
from singer_bulk.warehouse.open_transaction import all_or_none

logger = logging.getLogger(__name__)

ATTEMPTS = 5  # of looking again: each needs another pipeline that has just altered the table
# A change moves on from one statement to the next in less, but for its UPDATE of a large table; a run that is taken
# for dead while that lasts finds its column gone, looks at the table again and starts over.
DEAD_AFTER_SECONDS = 5
Columns = Mapping[str, Column]
Pause = Callable[[float], None]


def no_pause(seconds: float) -> None:
    """Wait for nobody."""


def describe(session: Executes, dialect: Dialect, table: Table) -> dict[str, Column]:
    """Return the columns of a table by name; empty if it is not there."""
    rows = session.execute(dialect.describe_table(table))
    return {column.name: column for column in words.described(dialect, rows)}


def settled(session: Session, dialect: Dialect, table: Table, pause: Pause = no_pause) -> dict[str, Column]:
    """Return the columns of a table, when no change of one is half done."""
    for _ in range(ATTEMPTS):
        present = describe(session, dialect, table)
        if not recover(session, dialect, table, present, pause):
            return present
    raise WarehouseError(f"table {table} is changed by other runs all the time; run again")


def demand_unchanged(session: Executes, dialect: Dialect, table: Table, names: Collection[str], known: Columns) -> None:
    """Raise a conflict unless the named columns are what they were when the load began to fill them.

    Asked before COMMIT: where DDL is no part of a transaction, another run may swap a column that this one has just
    written for a wider one, and these values would not be among those that it copied. Where DDL waits for the lock that
    COPY took, the columns are what COPY met; that may be others than those the rows were written for (`demand_held`).
    """
    found = describe(session, dialect, table)
    changed = [name for name in names if name not in found or found[name].type != known[name].type]
    if changed or _half_done(dialect, found):
        raise WarehouseError(f"table {table}: another run is changing its columns {changed or ''}", conflict=True)


def demand_held(table: Table, written: Sequence[Column], present: Columns) -> None:
    """Raise unless the columns hold every field that was written for them; another run may have changed them since."""
    for column in written:
        if column.name not in present:
            continue  # a scratch table's alone
        here = present[column.name].type
        if column.type.stored() != here and not holds_all(column.type, here):
            raise WarehouseError(
                f"table {table}: another run has made column {column.name!r} {here} while rows were written for "
                f"{column.type}; run again"
            )


def fit_table(
    session: Session,
    dialect: Dialect,
    table: Table,
    wanted: Sequence[Column],
    present: Columns,
    *,
    frozen: bool,
    pause: Pause = no_pause,
) -> dict[str, Column]:
    """Create the table, or give it the columns that it lacks; return its columns.

    Raises ConfigError where the user has frozen the table, or it would have more columns than the warehouse takes;
    WarehouseError where the warehouse refuses a change.
    """
    count = len({*present, *(column.name for column in wanted)})
    if dialect.max_columns is not None and count > dialect.max_columns:
        raise ConfigError(
            f"table {table} would have {count} columns, {dialect.max_columns} are the most that it may have; "
            "select fewer properties at the tap, or leave some out by a stream map"
        )
    for attempt in range(ATTEMPTS):
        try:
            if not present:
                session.execute(words.create_table(dialect, table, wanted))
                _comment(session, dialect, table, wanted)
            elif _alter(session, dialect, table, wanted, present, frozen=frozen):
                return dict(present)
        except WarehouseError:
            found = settled(session, dialect, table, pause)
            if attempt == ATTEMPTS - 1 or found == present:
                raise
            logger.info("table %s was altered by another run meanwhile; looking again", table)
            present = found
            continue
        present = describe(session, dialect, table)
    raise WarehouseError(f"table {table} changes faster than it can be altered; run again")


def _alter(
    session: Session, dialect: Dialect, table: Table, wanted: Sequence[Column], present: Columns, *, frozen: bool
) -> bool:
    """Make one round of changes; return whether there was none to make."""
    changed = False
    for column in wanted:
        here = present.get(column.name)
        if here is None:
            _refuse_if(frozen, table, column, "is missing")
            session.execute(words.add_column(dialect, table, column))
            _comment(session, dialect, table, [column])
            logger.info("table %s: column %s added (%s)", table, column.name, column.type)
            changed = True
        elif fitting(column.type.stored(), here.type) is None:
            _refuse_if(frozen, table, column, f"is {here.type}")
            _retype(session, dialect, table, here, column)
            changed = True
        elif column.nullable and not here.nullable:
            _refuse_if(frozen, table, column, "is NOT NULL")
            _relax(session, dialect, table, here)
            changed = True
    for here in present.values():
        if not here.nullable and not here.has_default and here.name not in {column.name for column in wanted}:
            # The stream no longer has it: its rows will be NULL there.
            _refuse_if(frozen, table, here, "is NOT NULL")
            _relax(session, dialect, table, here)
            changed = True
    return not changed


def _refuse_if(frozen: bool, table: Table, column: Column, what: str) -> None:
    if frozen:
        raise ConfigError(
            f"table {table}: column {column.name!r} {what}, and schema_evolution is freeze; "
            f"alter the table (the stream needs {column.type}), or set schema_evolution to evolve"
        )


def _comment(session: Session, dialect: Dialect, table: Table, columns: Sequence[Column]) -> None:
    for column in columns:
        if column.comment is not None and not dialect.comments_inline:
            session.execute(words.comment_column(dialect, table, column.name, column.comment))


def _retype(session: Session, dialect: Dialect, table: Table, here: Column, wanted: Column) -> None:
    statement = words.alter_type(dialect, table, here, wanted.type)
    if statement is not None:
        try:
            session.execute(statement)
            logger.info("table %s: column %s is now %s", table, here.name, wanted.type)
            return
        except WarehouseError as error:
            # Redshift refuses it for columns with a default and for some encodings (r_ALTER_TABLE).
            logger.info("table %s: %s; the column is replaced", table, error)
    _replace(session, dialect, table, here, replace(wanted, nullable=True))


def _relax(session: Session, dialect: Dialect, table: Table, here: Column) -> None:
    statement = words.drop_not_null(dialect, table, here.name)
    if statement is not None:
        session.execute(statement)
    else:
        _replace(session, dialect, table, here, replace(here, nullable=True))
    logger.info("table %s: column %s may be NULL now", table, here.name)


def _replace(session: Session, dialect: Dialect, table: Table, here: Column, wanted: Column) -> None:
    """Put a column of another type in the place of one, with its values."""
    if not dialect.names.is_short(WIDENED + here.name):
        raise WarehouseError(f"table {table}: the name of column {here.name!r} is too long to replace it; rename it")
    if dialect.ddl_is_transactional:
        _replace_in_transaction(session, dialect, table, here, wanted)
    else:
        _replace_step_by_step(session, dialect, table, here, wanted)
    logger.info("table %s: column %s is now %s, its values copied", table, here.name, wanted.type)


def _replace_in_transaction(session: Session, dialect: Dialect, table: Table, here: Column, wanted: Column) -> None:
    new = dialect.fold(WIDENED) + here.name
    with all_or_none(session, dialect) as transaction:
        transaction.execute(words.add_column(dialect, table, Column(new, wanted.type)))
        # ADD COLUMN has locked the table until the end: what is asked now stays true.
        _demand_lossless(transaction, dialect, table, here, wanted.type)
        transaction.execute(_filled(dialect, table, new, here.name, here.type, wanted.type))
        transaction.execute(words.drop_column(dialect, table, here.name))
        transaction.execute(words.rename_column(dialect, table, new, here.name))
        comment = here.comment or wanted.comment
        if comment is not None:
            transaction.execute(words.comment_column(dialect, table, here.name, comment))


def _replace_step_by_step(session: Session, dialect: Dialect, table: Table, here: Column, wanted: Column) -> None:
    new, old = dialect.fold(WIDENED) + here.name, dialect.fold(NARROW) + here.name
    _demand_lossless(session, dialect, table, here, wanted.type)
    session.execute(words.add_column(dialect, table, Column(new, wanted.type, comment=here.comment or wanted.comment)))
    session.execute(_filled(dialect, table, new, here.name, here.type, wanted.type))
    # From here on nobody writes the old column: a load that names it fails and looks at the table again.
    session.execute(words.rename_column(dialect, table, here.name, old))
    _finish(session, dialect, table, here.name, here.type, wanted.type)


def _finish(
    session: Session, dialect: Dialect, table: Table, name: str, old_type: ColumnType, new_type: ColumnType
) -> None:
    """Complete a change whose old column has been renamed: rows that came late, the new name, the end of the old."""
    new, old = dialect.fold(WIDENED) + name, dialect.fold(NARROW) + name
    session.execute(_filled(dialect, table, new, old, old_type, new_type, only_empty=True))
    session.execute(words.rename_column(dialect, table, new, name))
    session.execute(words.drop_column(dialect, table, old))


def _filled(
    dialect: Dialect,
    table: Table,
    new: str,
    old: str,
    old_type: ColumnType,
    new_type: ColumnType,
    *,
    only_empty: bool = False,
) -> str:
    source = words.name(old)
    where = f"{words.name(new)} IS NULL AND {source} IS NOT NULL" if only_empty else None
    value = dialect.types.converted(source, old_type, new_type)
    return words.update(dialect.table(table), f"{words.name(new)} = {value}", where)


def _demand_lossless(session: Executes, dialect: Dialect, table: Table, here: Column, new_type: ColumnType) -> None:
    if here.type != new_type and not is_lossless(session, dialect, table, here, new_type):
        raise WarehouseError(
            f"table {table}: column {here.name!r} ({here.type}) has values that {new_type} does not keep; "
            "set on_type_change to new_column"
        )


def is_lossless(session: Executes, dialect: Dialect, table: Table, here: Column, new_type: ColumnType) -> bool:
    """Return whether every value of the column comes back from the new type."""
    source = words.name(here.name)
    there = dialect.types.converted(source, here.type, new_type)
    back = dialect.types.converted(there, new_type, here.type)
    lost = f"{source} IS NOT NULL AND ({there} IS NULL OR {back} IS NULL OR {back} <> {source})"
    query = words.count(dialect.table(table), lost)
    try:
        return int(session.execute(query)[0][0]) == 0
    except WarehouseError as error:
        if error.connection_lost:
            raise
        return False  # a value that the new type refuses


def recover(session: Session, dialect: Dialect, table: Table, present: Columns, pause: Pause = no_pause) -> bool:
    """Finish or undo the changes that a dead run left half done; return whether there were any.

    A run that is alive moves on within some seconds, and is waited for.
    """
    if not _half_done(dialect, present):
        return False
    waited = 0
    while waited < DEAD_AFTER_SECONDS:
        pause(1.0)
        now = describe(session, dialect, table)
        if not _half_done(dialect, now):
            return True
        waited, present = (waited + 1, present) if now == present else (0, now)
    for name in _half_done(dialect, present):
        logger.warning("table %s: an earlier run died while it changed column %s; completing that", table, name)
        try:
            _recover(session, dialect, table, present, name)
        except WarehouseError as error:
            if error.connection_lost or describe(session, dialect, table) == present:
                raise
            logger.info("table %s: another run went on with the change of %s (%s)", table, name, error)
            return True
    return True


def _half_done(dialect: Dialect, present: Columns) -> list[str]:
    """Return the columns whose change is under way."""
    prefixes = [dialect.fold(prefix) for prefix in (WIDENED, NARROW)]
    return sorted({name.removeprefix(prefix) for name in present for prefix in prefixes if name.startswith(prefix)})


def _recover(session: Session, dialect: Dialect, table: Table, present: Columns, name: str) -> None:
    new, old = dialect.fold(WIDENED) + name, dialect.fold(NARROW) + name
    column, widened, narrow = present.get(name), present.get(new), present.get(old)
    if column is None and widened is not None and narrow is not None:
        _finish(session, dialect, table, name, narrow.type, widened.type)
    elif column is None:
        session.execute(words.rename_column(dialect, table, old if narrow is not None else new, name))
    else:
        if widened is not None:
            session.execute(words.drop_column(dialect, table, new))
        if narrow is not None:
            session.execute(_filled(dialect, table, name, old, narrow.type, column.type, only_empty=True))
            session.execute(words.drop_column(dialect, table, old))
