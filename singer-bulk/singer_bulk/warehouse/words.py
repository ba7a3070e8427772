"""What both warehouses say alike: names, values and the frames of statements; a relation is given by its quoted name.

Where only a clause differs, the dialect has it as data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.load import Table
from singer_bulk.model.table_properties import PLAIN, TableProperties
from singer_bulk.warehouse.dialect import Dialect, Rows

BEGIN, COMMIT, ROLLBACK = "BEGIN", "COMMIT", "ROLLBACK"
# Snowflake takes 1 MB, Redshift 16 (query-size-limits, c_redshift-sql); characters may have four bytes.
MAX_CALL_CHARACTERS = 200_000
# Columns of one schema that are asked for in one question: 300 tables of 80 and what belongs to them. They are some
# 15 MB of memory; of a schema with more, tables are asked for by themselves.
MAX_CATALOG_ROWS = 25_000


def name(stored: str) -> str:
    """Return a name in double quotes; every name is quoted, so the list of reserved words does not matter."""
    return '"' + stored.replace('"', '""') + '"'


def listed(stored: Iterable[str]) -> str:
    """Return the names, quoted, as a list."""
    return ", ".join(map(name, stored))


def literal(value: str | int | None) -> str:
    """Return the value as SQL. A backslash is an escape in the strings of both, so it is doubled like the quote.

    Snowflake: https://docs.snowflake.com/en/sql-reference/data-types-text
    """
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def look(table: str) -> str:
    """Return a query that needs the right to read a table, and reads no row of it."""
    return f"SELECT 1 FROM {table} LIMIT 0"


def count(relation: str, where: str | None = None) -> str:
    """Return the query for the number of rows, of those that meet a condition."""
    return f"SELECT COUNT(*) FROM {relation}{_where(where)}"


def count_each(relations: Iterable[str]) -> str:
    """Return the query for the number of rows of relations, a row for each: its place among them, and the count."""
    return " UNION ALL ".join(f"SELECT {place}, COUNT(*) FROM {relation}" for place, relation in enumerate(relations))


def count_keys(place: int, relation: str, keys: Iterable[str], conditions: Iterable[str]) -> str:
    """Return the query for a number, the rows of a relation, its different keys, and rows that meet each condition.

    An empty condition is met by none. A key with NULL counts once. Of no row the sums are NULL.
    """
    counts = ["COUNT(*)", *(f"COUNT(CASE WHEN {one} THEN 1 END)" if one else "0" for one in conditions)]
    counted = ", ".join(f"{count} AS {name(f'n{number}')}" for number, count in enumerate(counts))
    rows, *others = (f"SUM({name(f'n{number}')})" for number in range(len(counts)))
    keyed = f"SELECT {counted} FROM {relation} GROUP BY {listed(keys)}"
    return f"SELECT {place}, {', '.join([rows, 'COUNT(*)', *others])} FROM ({keyed}) AS keyed"


def only_value(stored: str, relation: str) -> str:
    """Return the scalar subquery for a column of a relation that has one row at most."""
    return f"(SELECT {name(stored)} FROM {relation})"


def insert(relation: str, names: str, rows: str) -> str:
    """Return the statement that adds rows: `rows` is a query or VALUES, `names` the list of their columns."""
    return f"INSERT INTO {relation} ({names}) {rows}"


def update(relation: str, sets: str, where: str | None = None, *, source: str = "") -> str:
    """Return the statement that sets columns, from another relation where there is a `source`."""
    return f"UPDATE {relation} SET {sets}{f' FROM {source}' if source else ''}{_where(where)}"


def delete(relation: str, where: str | None = None, *, using: str = "") -> str:
    """Return the statement that deletes rows inside the transaction.

    TRUNCATE would commit on Redshift, and forget which files were loaded on Snowflake.
    https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html
    https://docs.snowflake.com/en/sql-reference/sql/truncate-table
    """
    return f"DELETE FROM {relation}{f' USING {using}' if using else ''}{_where(where)}"


def in_calls(statements: Iterable[str]) -> Iterator[list[str]]:
    """Yield the statements in parts whose text, joined, is far from what a warehouse takes as one call."""
    part: list[str] = []
    for statement in statements:
        if part and sum(map(len, part)) + len(statement) > MAX_CALL_CHARACTERS:
            yield part
            part = []
        part.append(statement)
    if part:
        yield part


def _where(condition: str | None) -> str:
    """Return the clause; an empty condition is no statement of all rows, but one that the warehouse refuses."""
    return "" if condition is None else f" WHERE {condition}"


def drop_tables(relations: Iterable[str]) -> str:
    """Return the statement that drops those of the tables that are there (Redshift takes a list)."""
    return f"DROP TABLE IF EXISTS {', '.join(relations)}"


def create_table(dialect: Dialect, table: Table, columns: Iterable[Column], properties: TableProperties = PLAIN) -> str:
    """Return the statement. No keys: neither warehouse enforces them, and Redshift's planner believes them."""
    declared = ", ".join(_declared(dialect, column, properties) for column in columns)
    kind = f"{properties.kind} TABLE" if properties.kind else "TABLE"
    clauses = [*properties.clauses]
    if properties.comment is not None and dialect.comments_inline:
        clauses.append(f"COMMENT = {literal(properties.comment)}")
    return " ".join([f"CREATE {kind} IF NOT EXISTS {dialect.table(table)} ({declared})", *clauses, *properties.last])


def made_table(
    dialect: Dialect, table: Table, columns: Sequence[Column], properties: TableProperties = PLAIN
) -> list[str]:
    """Return what makes the table and its comments."""
    made = [create_table(dialect, table, columns, properties), *comments(dialect, table, columns)]
    if properties.comment is not None and not dialect.comments_inline:
        made.append(f"COMMENT ON TABLE {dialect.table(table)} IS {literal(properties.comment)}")
    return made


def grants(dialect: Dialect, relation: Table, properties: TableProperties, *, is_view: bool = False) -> list[str]:
    """Return the statements that let others read a table or a view that has just been made."""
    kind = dialect.view_in_grant if is_view else "TABLE"
    return [f"GRANT SELECT ON {kind} {dialect.table(relation)} TO {grantee}" for grantee in properties.grants]


def create_scratch(dialect: Dialect, table: Table, columns: Iterable[Column]) -> str:
    """Return the statement; the table is gone with the session."""
    declared = ", ".join(f"{name(column.name)} {dialect.types.declared(column.type)}" for column in columns)
    return f"CREATE {dialect.temporary} TABLE {dialect.scratch_table(table)} ({declared})"


def _declared(dialect: Dialect, column: Column, properties: TableProperties = PLAIN) -> str:
    shown = column.comment is not None and dialect.comments_inline
    comment = f" COMMENT {literal(column.comment)}" if shown else ""
    own = "".join(f" {words}" for of, words in properties.of_columns if of == column.name)
    return f"{name(column.name)} {dialect.types.declared(column.type, is_chosen=column.chosen)}{own}{comment}"


def among(tables: Sequence[Table]) -> str:
    """Return the condition that a row of a catalog is of one of the tables."""
    schemas: dict[str, list[str]] = {}
    for table in tables:
        schemas.setdefault(table.schema, []).append(literal(table.name))
    return " OR ".join(
        f"(table_schema = {literal(schema)} AND table_name IN ({', '.join(names)}))"
        for schema, names in schemas.items()
    )


def described(dialect: Dialect, rows: Rows) -> tuple[Column, ...]:
    """Return the columns that `Dialect.describe_table` answered."""
    return tuple(
        Column(
            row[0],
            dialect.types.described(*row[1:5]),
            nullable=row[5] == "YES",
            has_default=row[6] is not None,
            comment=row[7],
        )
        for row in dialect.catalog_rows(rows)
    )


def add_column(dialect: Dialect, table: Table, column: Column, properties: TableProperties = PLAIN) -> str:
    """Return the statement; Redshift takes one column at a time.

    https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
    """
    return f"{_alter(dialect, table)} ADD COLUMN {_declared(dialect, column, properties)}"


def alter_type(dialect: Dialect, table: Table, here: Column, new_type: ColumnType) -> str | None:
    """Return the statement that changes the column's type in place; None if there is none."""
    clause = dialect.type_clause(here.type, new_type)
    return None if clause is None else f"{_alter(dialect, table)} ALTER COLUMN {name(here.name)} {clause}"


def drop_not_null(dialect: Dialect, table: Table, column: str) -> str | None:
    """Return the statement that lets the column be NULL; None if there is none."""
    return f"{_alter(dialect, table)} ALTER COLUMN {name(column)} DROP NOT NULL" if dialect.drops_not_null else None


def rename_column(dialect: Dialect, table: Table, column: str, new_name: str) -> str:
    """Return the statement."""
    return f"{_alter(dialect, table)} RENAME COLUMN {name(column)} TO {name(new_name)}"


def drop_column(dialect: Dialect, table: Table, column: str) -> str:
    """Return the statement; Redshift refuses it while a view uses the column, or a key is on it."""
    return f"{_alter(dialect, table)} DROP COLUMN {name(column)}"


def comment_column(dialect: Dialect, table: Table, column: str, comment: str) -> str:
    """Return the statement that sets the column's comment."""
    return f"COMMENT ON COLUMN {dialect.table(table)}.{name(column)} IS {literal(comment)}"


def comments(dialect: Dialect, table: Table, columns: Iterable[Column]) -> list[str]:
    """Return the statements that set the comments of new columns, where what makes these does not."""
    if dialect.comments_inline:
        return []
    return [comment_column(dialect, table, one.name, one.comment) for one in columns if one.comment is not None]


def _alter(dialect: Dialect, table: Table) -> str:
    return f"ALTER TABLE {dialect.table(table)}"


def create_view(dialect: Dialect, view: Table, query: str) -> str:
    """Return the statement that creates or replaces a view."""
    options, end = dialect.view_clauses
    return f"CREATE OR REPLACE VIEW {dialect.table(view)}{options} AS {query}{end}"


def comment_view(dialect: Dialect, view: Table, comment: str) -> str:
    """Return the statement that sets the view's comment."""
    return f"COMMENT ON VIEW {dialect.table(view)} IS {literal(comment)}"


def drop_view(dialect: Dialect, view: Table) -> str:
    """Return the statement that drops a view, if it is there."""
    return f"DROP VIEW IF EXISTS {dialect.table(view)}"
