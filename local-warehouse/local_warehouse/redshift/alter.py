"""What does ALTER TABLE mean in PostgreSQL, and when is it refused?

Sources: r_ALTER_TABLE, r_ALTER_TABLE_APPEND, t_Defining_constraints
"""

from __future__ import annotations

from local_warehouse.redshift.backend import literal, quoted
from local_warehouse.redshift.ddl import TableReader, layout_statements, note_column
from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.lexer import Reader, Token
from local_warehouse.redshift.names import LongNames

IN_BLOCK = "ALTER TABLE ALTER COLUMN cannot run inside a transaction block"
APPEND_IN_BLOCK = "ALTER TABLE APPEND cannot run inside a transaction block"

Altered = tuple[list[str], str, bool]  # statements, text of the refusal in a block, does it commit


def alter_table(tokens: list[Token], names: LongNames, case_sensitive: bool) -> Altered:
    """The backend's statements for an ALTER TABLE."""
    reader = Reader(tokens)
    part = TableReader(reader, names, case_sensitive)
    reader.accept("ALTER")
    reader.accept("TABLE")
    table = part.table()
    head = f"ALTER TABLE {table}"
    if reader.accept("ADD"):
        return _add(head, table, part), "", False
    if reader.accept("ALTER"):
        return _alter_column(head, table, part)
    if reader.accept("APPEND", "FROM"):
        return _append(table, part)
    if reader.accept("DROP"):
        return [_drop(head, part)], "", False
    if reader.accept("RENAME"):
        return [_rename(head, part)], "", False
    if reader.accept("OWNER", "TO"):
        return [f"{head} OWNER TO {quoted(part.name())}"], "", False
    raise NotSupported(f"ALTER TABLE {reader.peek().word()}")


def _add(head: str, table: str, part: TableReader) -> list[str]:
    reader = part.reader
    if reader.sees("CONSTRAINT") or reader.peek().word() in ("PRIMARY", "UNIQUE", "FOREIGN"):
        key = part.table_key()
        if key.kind == "p":
            columns = ", ".join(literal(column) for column in key.columns)
            return [
                f"SELECT pg_catalog.rs_require_not_null({literal(table)}, ARRAY[{columns}])",
                *_keys(table, part, key),
            ]
        return _keys(table, part, key)
    reader.accept("COLUMN")
    column = part.column(table.split(".")[-1].strip('"'))
    for wrong, what in ((part.layout.keys, "PRIMARY KEY, UNIQUE or REFERENCES"), (column.identity, "IDENTITY")):
        if wrong:
            raise RedshiftError("0A000", f"ALTER TABLE ADD COLUMN does not support columns with {what}")
    if column.distkey or column.sortkey:
        raise RedshiftError("0A000", "ALTER TABLE ADD COLUMN does not support DISTKEY or SORTKEY")
    if column.not_null and " DEFAULT " not in column.attributes:
        raise RedshiftError(
            "42601", "ALTER TABLE ADD COLUMN defined as NOT NULL must have a non-null default expression"
        )
    note_column(column, part.layout)
    return [
        f"{head} ADD COLUMN {quoted(column.name)} {column.type}{column.attributes}",
        *layout_statements(table, part.layout, False),
    ]


def _keys(table: str, part: TableReader, key: object) -> list[str]:
    part.layout.keys.append(key)  # type: ignore[arg-type]
    return layout_statements(table, part.layout, False)


def _alter_column(head: str, table: str, part: TableReader) -> Altered:
    reader = part.reader
    if reader.accept("DISTKEY") or reader.accept("DISTSTYLE", "KEY", "DISTKEY"):
        part.layout.distkey = part.name()
        return ["SELECT 1 WHERE false", *layout_statements(table, part.layout, False)], "", False
    if reader.peek().word() in ("DISTSTYLE", "SORTKEY", "COMPOUND", "INTERLEAVED", "ENCODE"):
        part.table_attributes()
        return ["SELECT 1 WHERE false", *layout_statements(table, part.layout, False)], "", False
    reader.accept("COLUMN")
    column = part.name()
    if reader.accept("ENCODE"):
        part.layout.encodings[column] = part.encoding()
        return ["SELECT 1 WHERE false", *layout_statements(table, part.layout, False)], "", False
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
    return [f"{head} ALTER COLUMN {quoted(column)} TYPE {kind}", check], IN_BLOCK, False


def _append(table: str, part: TableReader) -> Altered:
    source = part.table()
    options = {part.reader.next().word() for _ in range(len(part.reader.tokens) - part.reader.at)}
    if options - {"IGNOREEXTRA", "FILLTARGET"} or len(options) > 1:
        raise syntax_error(" ".join(sorted(options)).lower())
    mode = options.pop() if options else ""
    return [f"SELECT pg_catalog.rs_append({literal(table)}, {literal(source)}, {literal(mode)})"], APPEND_IN_BLOCK, True


def _drop(head: str, part: TableReader) -> str:
    reader = part.reader
    kind = "CONSTRAINT" if reader.accept("CONSTRAINT") else "COLUMN"
    reader.accept("COLUMN")
    name = quoted(part.name())
    behaviour = " CASCADE" if reader.accept("CASCADE") else (" RESTRICT" if reader.accept("RESTRICT") else "")
    if not reader.ended():
        raise syntax_error(reader.peek().text)
    return f"{head} DROP {kind} {name}{behaviour}"


def _rename(head: str, part: TableReader) -> str:
    reader = part.reader
    if reader.accept("TO"):
        renamed = f"{head} RENAME TO {quoted(part.name())}"
    else:
        reader.accept("COLUMN")
        old = part.name()
        if not reader.accept("TO"):
            raise syntax_error(reader.peek().text)
        renamed = f"{head} RENAME COLUMN {quoted(old)} TO {quoted(part.name())}"
    if not reader.ended():
        raise syntax_error(reader.peek().text)
    return renamed
