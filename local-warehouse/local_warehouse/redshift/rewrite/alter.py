"""What does ALTER TABLE mean in PostgreSQL, and when is it refused?

Sources: r_ALTER_TABLE, r_ALTER_TABLE_APPEND, t_Defining_constraints
"""

from __future__ import annotations

from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.grammar.lexer import Reader, Token
from local_warehouse.redshift.grammar.names import LongNames, name_of
from local_warehouse.redshift.postgres.connection import literal, quoted
from local_warehouse.redshift.rewrite.ddl import Key, TableReader, layout_statements, note_column
from local_warehouse.redshift.rewrite.plans import Plan

IN_BLOCK = "ALTER TABLE ALTER COLUMN cannot run inside a transaction block"
APPEND_IN_BLOCK = "ALTER TABLE APPEND cannot run inside a transaction block"


def alter_table(tokens: list[Token], names: LongNames, case_sensitive: bool) -> Plan:
    """How an ALTER TABLE is carried out."""
    reader = Reader(tokens)
    part = TableReader(reader, names, case_sensitive)
    reader.accept("ALTER")
    reader.accept("TABLE")
    table = part.table()
    head = f"ALTER TABLE {table}"
    if reader.accept("ADD"):
        return _add(head, table, part)
    if reader.accept("ALTER"):
        return _alter_column(head, table, part)
    if reader.accept("APPEND", "FROM"):
        return _append(table, part)
    if reader.accept("DROP"):
        return _drop(head, table, part)
    if reader.accept("RENAME"):
        return Plan([_rename(head, part)])
    if reader.accept("OWNER", "TO"):
        return Plan([f"{head} OWNER TO {quoted(name_of(reader.peek(), case_sensitive=True))}"])
    raise NotSupported(f"ALTER TABLE {reader.peek().word()}")


def _add(head: str, table: str, part: TableReader) -> Plan:
    reader = part.reader
    if reader.sees("CONSTRAINT") or reader.peek().word() in ("PRIMARY", "UNIQUE", "FOREIGN"):
        key = part.table_key()
        if key.kind == "p":
            columns = ", ".join(literal(column) for column in key.columns)
            before = [f"SELECT pg_catalog.rs_require_not_null({literal(table)}, ARRAY[{columns}])"]
            return _keys(table, part, key, before)
        return _keys(table, part, key, [])
    reader.accept("COLUMN")
    column = part.column(table.split(".")[-1].strip('"'))
    for wrong, what in ((part.layout.keys, "PRIMARY KEY, UNIQUE or REFERENCES"), (column.identity, "IDENTITY")):
        if wrong:
            raise RedshiftError("0A000", f"ALTER TABLE ADD COLUMN does not support columns with {what}")
    if column.distkey or column.sortkey:
        raise RedshiftError("0A000", "ALTER TABLE ADD COLUMN does not support DISTKEY or SORTKEY")
    if column.not_null and (" DEFAULT " not in column.attributes or " DEFAULT NULL" in column.attributes.upper()):
        raise RedshiftError(
            "42601", "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"
        )
    note_column(column, part.layout)
    add = f"{head} ADD COLUMN {quoted(column.name)} {column.type}{column.attributes}"
    return Plan([add, *layout_statements(table, part.layout, False)])


def _keys(table: str, part: TableReader, key: Key, before: list[str]) -> Plan:
    part.layout.keys.append(key)
    return _echo(table, part, before)


def _echo(table: str, part: TableReader, before: list[str]) -> Plan:
    """Nothing but what the system views show changes; a statement without rows carries the command tag."""
    return Plan(
        ["RESET rs.nothing"], before=[*before, *layout_statements(table, part.layout, False)], tag="ALTER TABLE"
    )


def _alter_column(head: str, table: str, part: TableReader) -> Plan:
    reader = part.reader
    if reader.accept("DISTKEY") or reader.accept("DISTSTYLE", "KEY", "DISTKEY"):
        part.layout.distkey = part.name()
        return _echo(table, part, [])
    if reader.peek().word() in ("DISTSTYLE", "SORTKEY", "COMPOUND", "INTERLEAVED", "ENCODE"):
        part.table_attributes()
        return _echo(table, part, [])
    reader.accept("COLUMN")
    column = part.name()
    if reader.accept("ENCODE"):
        part.layout.encodings[column] = part.encoding()
        while reader.accept(",", "ALTER", "COLUMN"):
            column = part.name()
            if not reader.accept("ENCODE") or column in part.layout.encodings:
                raise syntax_error(reader.peek().text)
            part.layout.encodings[column] = part.encoding()
        return _echo(table, part, [])
    if reader.sees("SET") or reader.sees("DROP"):
        raise RedshiftError("0A000", "ALTER COLUMN SET/DROP DEFAULT is not supported")
    if not reader.accept("TYPE"):
        raise syntax_error(reader.peek().text)
    kind = part.type(table, column)
    if reader.sees("USING"):
        raise RedshiftError("0A000", "ALTER COLUMN TYPE does not support USING expression")
    if not kind.startswith("varchar"):
        raise RedshiftError(
            "0A000", f'cannot alter type of column "{column}": only the size of VARCHAR columns can be changed'
        )
    check = f"SELECT pg_catalog.rs_check_resize({literal(table)}, {literal(column)}, {kind[8:-1]})"
    return Plan([f"{head} ALTER COLUMN {quoted(column)} TYPE {kind}"], before=[check], outside_block=IN_BLOCK)


def _append(table: str, part: TableReader) -> Plan:
    source = part.table()
    options = {part.reader.next().word() for _ in range(len(part.reader.tokens) - part.reader.at)}
    if options - {"IGNOREEXTRA", "FILLTARGET"} or len(options) > 1:
        raise syntax_error(" ".join(sorted(options)).lower())
    mode = options.pop() if options else ""
    move = f"SELECT pg_catalog.rs_append({literal(table)}, {literal(source)}, {literal(mode)})"
    return Plan(["RESET rs.nothing"], before=[move], outside_block=APPEND_IN_BLOCK, tag="ALTER TABLE APPEND")


def _drop(head: str, table: str, part: TableReader) -> Plan:
    reader = part.reader
    kind = "CONSTRAINT" if reader.accept("CONSTRAINT") else "COLUMN"
    reader.accept("COLUMN")
    column = part.name()
    behaviour = " CASCADE" if reader.accept("CASCADE") else (" RESTRICT" if reader.accept("RESTRICT") else "")
    if not reader.ended():
        raise syntax_error(reader.peek().text)
    check = f"SELECT pg_catalog.rs_check_drop({literal(table)}, {literal(column)})"
    return Plan([f"{head} DROP {kind} {quoted(column)}{behaviour}"], before=[check] if kind == "COLUMN" else [])


def _rename(head: str, part: TableReader) -> str:
    reader = part.reader
    if reader.accept("TO"):
        new_name = part.name()
        if new_name.startswith("#"):
            raise RedshiftError("42602", "a permanent table cannot be renamed to a name that begins with '#'")
        renamed = f"{head} RENAME TO {quoted(new_name)}"
    else:
        reader.accept("COLUMN")
        old = part.name()
        if not reader.accept("TO"):
            raise syntax_error(reader.peek().text)
        renamed = f"{head} RENAME COLUMN {quoted(old)} TO {quoted(part.name())}"
    if not reader.ended():
        raise syntax_error(reader.peek().text)
    return renamed
