"""A table gets the columns that a load needs.

What ALTER TABLE can do, it does: it adds columns, lengthens text and numbers, and drops NOT NULL. Every other change
needs a second column: add it, fill it, compare, swap the names, drop the old one. Redshift does all this in one
transaction, so a crash leaves nothing behind. Snowflake commits each DDL statement, so its steps are ordered such that
every value is in a readable column at any time, and `recover` finishes or undoes what a dead run left.

Two pipelines may alter one table at once: the warehouse refuses the statement of the second one, which describes the
table again and finds the change made. A load whose column is replaced by another run notices that before COMMIT
(`unchanged.py`), and begins again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.added import NARROW, WIDENED
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.model.table_properties import PLAIN, TableProperties
from singer_bulk.model.type_fit import fitting, holds_all
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Executes, Session
from singer_bulk.warehouse.grants import UngrantedError, run_granted, run_together
from singer_bulk.warehouse.open_transaction import all_or_none

logger = logging.getLogger(__name__)

ATTEMPTS = 5  # a further one is needed only if another pipeline altered the table during the last
# The statements of a change follow one another faster, except that the UPDATE of a large table lasts longer. A run that
# is mistaken for dead during its UPDATE finds its column gone, describes the table again and starts over.
DEAD_AFTER_SECONDS = 5
# A load that found the table as it was before a change began commits within this time; its values are still copied.
SETTLE_SECONDS = 1
Columns = Mapping[str, Column]
Pause = Callable[[float], None]


def no_pause(seconds: float) -> None:
    """Do not wait: for callers that know of no other run."""


def describe(session: Executes, dialect: Dialect, table: Table) -> dict[str, Column]:
    """Return the columns of a table by name; empty if the table does not exist."""
    try:
        rows = session.execute(dialect.describe_table(table))
    except WarehouseError as error:
        if error.connection_lost or not dialect.is_missing(error):
            raise
        return {}
    return {column.name: column for column in words.described(dialect, rows)}


def recovered(session: Session, dialect: Dialect, table: Table, pause: Pause = no_pause) -> dict[str, Column]:
    """Return the columns of a table after completing changes that a dead run left half done."""
    for _ in range(ATTEMPTS):
        present = describe(session, dialect, table)
        if not recover(session, dialect, table, present, pause):
            return present
    raise WarehouseError(f"table {table} is changed by other runs all the time; run again", code="TABLE-BUSY")


def table_gone(table: Table) -> WarehouseError:
    """Return the error for a table that was there in this run, and is not any more."""
    return WarehouseError(
        f"table {table} was there before in this run, and is not any more, or may no longer be seen: somebody has "
        "dropped or renamed it, or taken the right to it. Restore it and run again; without it the next run makes a "
        "new one, which has no earlier row",
        code="TABLE-GONE",
    )


def demand_held(table: Table, written: Sequence[Column], present: Columns, *, exactly: bool = False) -> None:
    """Raise unless the columns hold every field that was written for them; another run may have changed them since.

    exactly: no column of another kind will do, whatever it holds.
    """
    for column in written:
        if column.name not in present:
            continue  # only the scratch table has it
        existing = present[column.name].type
        is_held = holds_all(column.type, existing) and not (exactly and column.type.kind is not existing.kind)
        if column.type.as_in_table() != existing and not is_held:
            raise WarehouseError(
                f"table {table}: another run has made column {column.name!r} {existing} while rows were written for "
                f"{column.type}; run again",
                code="TABLE-BUSY",
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
    properties: TableProperties = PLAIN,
) -> dict[str, Column]:
    """Create the table, or give it the columns that it lacks; return its columns.

    Raises ConfigError where the user has frozen the table, or it would have more columns than the warehouse takes;
    WarehouseError where the warehouse refuses a change.
    """
    _demand_filled(table, wanted, present)
    count = len({*present, *(column.name for column in wanted)})
    if dialect.max_columns is not None and count > dialect.max_columns:
        raise ConfigError(
            f"table {table} would have {count} columns, {dialect.max_columns} are the most that it may have; "
            "select fewer properties at the tap, or leave some out by a stream map",
            code="TABLE-COLUMNS",
        )
    for attempt in range(ATTEMPTS):
        try:
            if not present:
                made, grants = (
                    words.made_table(dialect, table, wanted, properties),
                    words.grants(dialect, table, properties),
                )
                run_granted(session, dialect, table, made, grants)
            elif _alter(session, dialect, table, wanted, present, frozen=frozen, pause=pause, properties=properties):
                return dict(present)
        except UngrantedError:
            raise
        except WarehouseError:
            found = recovered(session, dialect, table, pause)
            if attempt == ATTEMPTS - 1 or found == present:
                raise
            logger.info("table %s was altered by another run meanwhile; looking again", table)
            present = found
            continue
        present = describe(session, dialect, table)
        if not present:
            session.execute(
                words.look(dialect.table(table))
            )  # made, and not seen: the error says which right is missing
    raise WarehouseError(f"table {table} changes faster than it can be altered; run again", code="TABLE-BUSY")


def _alter(
    session: Session,
    dialect: Dialect,
    table: Table,
    wanted: Sequence[Column],
    present: Columns,
    *,
    frozen: bool,
    pause: Pause,
    properties: TableProperties,
) -> bool:
    """Make one round of changes; return whether there was none to make."""
    changed = False
    for column in wanted:
        existing = present.get(column.name)
        if existing is None:
            _refuse_if(frozen, table, column, "is missing")
            added = words.add_column(dialect, table, column, properties)
            run_together(session, [added, *words.comments(dialect, table, [column])])
            logger.info("table %s: column %s added (%s)", table, column.name, column.type)
            changed = True
        elif fitting(column.type.as_in_table(), existing.type) is None:
            _refuse_if(frozen, table, column, f"is {existing.type}")
            _refuse_foreign(table, existing, column)
            _retype(session, dialect, table, existing, column, pause)
            changed = True
        elif column.nullable and not existing.nullable:
            _refuse_if(frozen, table, column, "is NOT NULL")
            _relax(session, dialect, table, existing, pause)
            changed = True
    return not changed


def _demand_filled(table: Table, wanted: Sequence[Column], present: Columns) -> None:
    """Raise ConfigError for a NOT NULL of somebody else where the load has no value; it is not ours to drop."""
    filled = {column.name for column in wanted}
    empty = [one for one in present.values() if not (one.nullable or one.has_default or one.name in filled)]
    if empty:
        raise ConfigError(
            f"table {table}: column {empty[0].name!r} is NOT NULL, has no default, and no property of the stream fills "
            "it; fill it by a stream map with a property of that name, or alter the table: let the column be NULL, "
            "give it a default, or drop it",
            code="TABLE-NOT-NULL",
        )


def _refuse_if(frozen: bool, table: Table, column: Column, what: str) -> None:
    if frozen:
        raise ConfigError(
            f"table {table}: column {column.name!r} {what}, and schema_evolution is freeze; "
            f"alter the table (the stream needs {column.type}), or set schema_evolution to evolve",
            code="TABLE-FROZEN",
        )


def _refuse_foreign(table: Table, existing: Column, wanted: Column) -> None:
    """Raise for a column that has come since the SCHEMA was placed, of a type that none of ours is converted from."""
    if existing.type.kind is Kind.OTHER:
        raise ConfigError(
            f"table {table}: column {existing.name!r} is {existing.type}, the stream needs {wanted.type}; another "
            "program has made it during this run: run again, which gives the property a column of its own",
            code="TABLE-BUSY",
        )


def _retype(session: Session, dialect: Dialect, table: Table, existing: Column, wanted: Column, pause: Pause) -> None:
    statement = words.alter_type(dialect, table, existing, wanted.type)
    if statement is not None:
        try:
            session.execute(statement)
            logger.info("table %s: column %s is now %s", table, existing.name, wanted.type)
            return
        except WarehouseError as error:
            # Redshift refuses it for columns with a default and for some encodings.
            # https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
            logger.info("table %s: %s; the column is replaced", table, error)
    _replace(session, dialect, table, existing, replace(wanted, nullable=True), pause)


def _relax(session: Session, dialect: Dialect, table: Table, existing: Column, pause: Pause) -> None:
    logger.warning(
        "table %s: column %s is NOT NULL, and the SCHEMA lets its property be null or missing: NOT NULL is dropped; "
        "schema_evolution freeze would refuse this instead",
        table,
        existing.name,
    )
    statement = words.drop_not_null(dialect, table, existing.name)
    if statement is not None:
        session.execute(statement)
    else:
        _replace(session, dialect, table, existing, replace(existing, nullable=True), pause)
    logger.info("table %s: column %s may be NULL now", table, existing.name)


def _replace(session: Session, dialect: Dialect, table: Table, existing: Column, wanted: Column, pause: Pause) -> None:
    """Replace a column by one of another type that has its values and its name.

    What else somebody has given the column goes with it; that is told before.
    """
    if not dialect.names.is_short(WIDENED + existing.name):
        raise WarehouseError(
            f"table {table}: the name of column {existing.name!r} is too long to replace it; rename it",
            code="TABLE-LONG-NAME",
        )
    logger.warning(
        "table %s: column %s is replaced by one at the end of the table, which has its values and comment; NOT NULL, "
        "keys, default, encoding and rights of the column go with the old one",
        table,
        existing.name,
    )
    if dialect.ddl_is_transactional:
        _replace_in_transaction(session, dialect, table, existing, wanted)
    else:
        _replace_step_by_step(session, dialect, table, existing, wanted, pause)
    logger.info("table %s: column %s is now %s, its values copied", table, existing.name, wanted.type)


def _replace_in_transaction(session: Session, dialect: Dialect, table: Table, existing: Column, wanted: Column) -> None:
    new = dialect.fold(WIDENED) + existing.name
    with all_or_none(session, dialect) as transaction:
        transaction.execute(words.add_column(dialect, table, Column(new, wanted.type)))
        # ADD COLUMN holds a lock on the table until COMMIT: no other run can change a value after this check.
        _demand_lossless(transaction, dialect, table, existing, wanted.type)
        transaction.execute(_filled(dialect, table, new, existing.name, existing.type, wanted.type))
        transaction.execute(words.drop_column(dialect, table, existing.name))
        transaction.execute(words.rename_column(dialect, table, new, existing.name))
        comment = existing.comment or wanted.comment
        if comment is not None:
            transaction.execute(words.comment_column(dialect, table, existing.name, comment))


def _replace_step_by_step(
    session: Session, dialect: Dialect, table: Table, existing: Column, wanted: Column, pause: Pause
) -> None:
    new, old = dialect.fold(WIDENED) + existing.name, dialect.fold(NARROW) + existing.name
    _demand_lossless(session, dialect, table, existing, wanted.type)
    session.execute(
        words.add_column(dialect, table, Column(new, wanted.type, comment=existing.comment or wanted.comment))
    )
    session.execute(_filled(dialect, table, new, existing.name, existing.type, wanted.type))
    # After this no load writes the old column: one that still names it fails and describes the table again.
    session.execute(words.rename_column(dialect, table, existing.name, old))
    _finish(session, dialect, table, existing.name, existing.type, wanted.type, pause)


def _finish(
    session: Session,
    dialect: Dialect,
    table: Table,
    name: str,
    old_type: ColumnType,
    new_type: ColumnType,
    pause: Pause,
) -> None:
    """Complete a change whose old column has been renamed: copy the values that were written to it after the first
    copy, give the new column its name, and drop the old one when its last writer has committed.

    No load begins to write a table that has both columns, but one may have looked before the change and commit now.
    """
    new, old = dialect.fold(WIDENED) + name, dialect.fold(NARROW) + name
    session.execute(_filled(dialect, table, new, old, old_type, new_type, only_empty=True))
    session.execute(words.rename_column(dialect, table, new, name))
    pause(SETTLE_SECONDS)
    session.execute(_filled(dialect, table, name, old, old_type, new_type, only_empty=True))
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


def _demand_lossless(session: Executes, dialect: Dialect, table: Table, existing: Column, new_type: ColumnType) -> None:
    if existing.type != new_type and not is_lossless(session, dialect, table, existing, new_type):
        raise WarehouseError(
            f"table {table}: column {existing.name!r} ({existing.type}) has values that {new_type} does not keep; "
            "set on_type_change to new_column",
            code="TABLE-VALUES",
        )


def is_lossless(
    session: Executes,
    dialect: Dialect,
    table: Table,
    existing: Column,
    new_type: ColumnType,
    before: ColumnType | None = None,
) -> bool:
    """Return whether every value of the column is the same after conversion to the new type and back; `before` is what
    the load will have made of the column by then."""
    source, old_type = words.name(existing.name), existing.type
    if before is not None and before.as_in_table() != existing.type:
        source, old_type = dialect.types.converted(source, existing.type, before), before
    converted, back = _there_and_back(dialect, source, old_type, new_type)
    lost = f"{source} IS NOT NULL AND ({converted} IS NULL OR {back} IS NULL OR {back} <> {source})"
    return _answers(session, words.count(dialect.table(table), lost), 0)


def is_same(session: Executes, dialect: Dialect, value: str, old_type: ColumnType, new_type: ColumnType) -> bool:
    """Return whether a value of the old type, given as a file has it, is the same after conversion and back."""
    source = f"CAST({words.literal(value)} AS {dialect.types.declared(old_type)})"
    _, back = _there_and_back(dialect, source, old_type, new_type)
    return _answers(session, f"SELECT CASE WHEN {back} = {source} THEN 1 ELSE 0 END", 1)


def _answers(session: Executes, query: str, number: int) -> bool:
    """Return whether the answer is the number; it is not where a value is refused by the new type."""
    try:
        return int(session.execute(query)[0][0]) == number
    except WarehouseError as error:
        if error.connection_lost:
            raise
        return False


def _there_and_back(dialect: Dialect, source: str, old_type: ColumnType, new_type: ColumnType) -> tuple[str, str]:
    converted = dialect.types.converted(source, old_type, new_type)
    return converted, dialect.types.converted(converted, new_type, old_type)


def recover(session: Session, dialect: Dialect, table: Table, present: Columns, pause: Pause = no_pause) -> bool:
    """Finish or undo the changes that a dead run left half done; return whether there were any.

    A run that is alive takes its next step within DEAD_AFTER_SECONDS, so this waits that long first.
    """
    if not half_done(dialect, present):
        return False
    waited = 0
    while waited < DEAD_AFTER_SECONDS:
        pause(1.0)
        now = describe(session, dialect, table)
        if not half_done(dialect, now):
            return True
        waited, present = (waited + 1, present) if now == present else (0, now)
    for name in half_done(dialect, present):
        logger.warning("table %s: an earlier run died while it changed column %s; completing that", table, name)
        try:
            _recover(session, dialect, table, present, name, pause)
        except WarehouseError as error:
            if error.connection_lost or describe(session, dialect, table) == present:
                raise
            logger.info("table %s: another run went on with the change of %s (%s)", table, name, error)
            return True
    return True


def half_done(dialect: Dialect, present: Columns) -> list[str]:
    """Return the columns whose change is under way, by a run that may be dead."""
    prefixes = [dialect.fold(prefix) for prefix in (WIDENED, NARROW)]
    return sorted({name.removeprefix(prefix) for name in present for prefix in prefixes if name.startswith(prefix)})


def _recover(session: Session, dialect: Dialect, table: Table, present: Columns, name: str, pause: Pause) -> None:
    new, old = dialect.fold(WIDENED) + name, dialect.fold(NARROW) + name
    column, widened, narrow = present.get(name), present.get(new), present.get(old)
    if column is None and widened is not None and narrow is not None:
        _finish(session, dialect, table, name, narrow.type, widened.type, pause)
    elif column is None:
        session.execute(words.rename_column(dialect, table, old if narrow is not None else new, name))
    else:
        if widened is not None:
            session.execute(words.drop_column(dialect, table, new))
        if narrow is not None:
            session.execute(_filled(dialect, table, name, old, narrow.type, column.type, only_empty=True))
            session.execute(words.drop_column(dialect, table, old))
