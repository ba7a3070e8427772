"""What does CREATE TABLE or ALTER TABLE mean in PostgreSQL?  Types, attributes and keys, rewritten by token.

Keys, DISTKEY, SORTKEY and ENCODE are stored for the system views and never enforced.
Sources: r_CREATE_TABLE_NEW, r_ALTER_TABLE, r_Character_types, r_Numeric_types201
"""

from __future__ import annotations

from dataclasses import dataclass, field

from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.grammar.lexer import Reader, Token, split_at_commas, text_of
from local_warehouse.redshift.grammar.names import LongNames, name_of
from local_warehouse.redshift.grammar.references import SYSTEM_SCHEMAS
from local_warehouse.redshift.grammar.reserved import RESERVED
from local_warehouse.redshift.postgres.connection import literal, quoted
from local_warehouse.redshift.rewrite.column_types import REFUSED_TYPES, TWO_WORDS, TYPES, ZONED, sized

MAX_COLUMNS = 1600
SYSTEM_COLUMNS = {"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}

ATTRIBUTES = {
    "DEFAULT", "IDENTITY", "GENERATED", "ENCODE", "DISTKEY", "SORTKEY", "NOT", "NULL", "UNIQUE", "PRIMARY",
    "REFERENCES", "COLLATE", "CHECK", "CONSTRAINT",
}  # fmt: skip
ENCODINGS = {
    "AUTO", "RAW", "AZ64", "BYTEDICT", "DELTA", "DELTA32K", "LZO", "MOSTLY8", "MOSTLY16", "MOSTLY32", "RUNLENGTH",
    "TEXT255", "TEXT32K", "ZSTD",
}  # fmt: skip


@dataclass
class Key:
    """A key that is stored, not enforced: kind p, u or f."""

    kind: str
    columns: list[str]
    name: str = ""
    target: str = ""
    target_columns: list[str] = field(default_factory=list)


@dataclass
class Column:
    """One column definition."""

    name: str
    type: str
    attributes: str = ""
    encoding: str = ""
    distkey: bool = False
    sortkey: bool = False
    not_null: bool = False
    identity: bool = False


@dataclass
class Layout:
    """What the system views must echo of a table."""

    keys: list[Key] = field(default_factory=list)
    encodings: dict[str, str] = field(default_factory=dict)
    distkey: str = ""
    diststyle: str = ""
    sortkeys: list[str] = field(default_factory=list)
    interleaved: bool = False
    parent: str = ""  # the table of LIKE


class TableReader:
    """Reads the parts of CREATE TABLE and ALTER TABLE."""

    def __init__(self, reader: Reader, names: LongNames, case_sensitive: bool) -> None:
        self.reader = reader
        self.names = names
        self.case_sensitive = case_sensitive
        self.layout = Layout()
        self.parent = ""

    def name(self) -> str:
        return self._name(self.reader.next())

    def _name(self, token: Token) -> str:
        if token.kind not in ("word", "quoted") or (token.kind == "word" and token.word() in RESERVED):
            raise syntax_error(token.text)
        return self.names.alias(name_of(token, self.case_sensitive))

    def table(self) -> str:
        parts = [quoted(self.name())]
        while self.reader.accept("."):  # database.schema.table; another database is the backend's to refuse
            parts.append(quoted(self.name()))
        return ".".join(parts)

    def type(self, table: str, column: str) -> str:
        """The backend's spelling of the type that comes next."""
        word = self.reader.next().word()
        if (word, self.reader.peek().word()) in TWO_WORDS:
            word += " " + self.reader.next().word()
        if word == "NATIONAL":
            self.reader.next()
            word = "VARCHAR" if self.reader.accept("VARYING") else "CHAR"
        elif word == "CHAR" and self.reader.accept("VARYING"):
            word = "VARCHAR"
        arguments = [part[0].word() for part in split_at_commas(self.reader.group())] if self.reader.sees("(") else []
        if word in REFUSED_TYPES:
            raise NotSupported(f"type {word}")
        if self.reader.sees("["):
            raise RedshiftError("0A000", f'Column "{table}.{column}" has unsupported type "{word.lower()}[]".')
        if word not in TYPES:
            raise RedshiftError("0A000", f'Column "{table}.{column}" has unsupported type "{word.lower()}".')
        if word in ZONED:
            if self.reader.accept("WITH", "TIME", "ZONE"):
                return ZONED[word]
            self.reader.accept("WITHOUT", "TIME", "ZONE")
        return sized(TYPES[word], arguments)

    def column(self, table: str) -> Column:
        name = self.name()
        if name in SYSTEM_COLUMNS:
            raise RedshiftError("42701", f'column name "{name}" conflicts with a system column name')
        column = Column(name, self.type(table, name))
        while not self.reader.ended():
            self._attribute(column)
        return column

    def _attribute(self, column: Column) -> None:
        reader = self.reader
        word = reader.next().word()
        if word == "CONSTRAINT":
            self.name()
        elif word == "DEFAULT":
            column.attributes += " DEFAULT " + self._expression()
        elif word == "IDENTITY":
            column.attributes += _identity("ALWAYS", reader.group() if reader.sees("(") else [], column)
        elif word == "GENERATED":
            if not reader.accept("BY", "DEFAULT", "AS", "IDENTITY"):
                raise syntax_error(reader.peek().text)
            column.attributes += _identity("BY DEFAULT", reader.group(), column)
        elif word == "ENCODE":
            column.encoding = self.encoding()
        elif word == "DISTKEY":
            column.distkey = True
        elif word == "SORTKEY":
            column.sortkey = True
        elif word == "NOT" and reader.accept("NULL"):
            column.attributes += " NOT NULL"
            column.not_null = True
        elif word == "NULL":
            pass
        elif word == "UNIQUE":
            self.layout.keys.append(Key("u", [column.name]))
        elif word == "PRIMARY" and reader.accept("KEY"):
            column.attributes += "" if column.not_null else " NOT NULL"
            column.not_null = True
            self.layout.keys.append(Key("p", [column.name]))
        elif word == "REFERENCES":
            self.layout.keys.append(self._references([column.name], ""))
        elif word == "COLLATE":
            if reader.next().word() != "CASE_SENSITIVE":
                raise NotSupported("COLLATE CASE_INSENSITIVE")
        elif word == "CHECK":
            raise RedshiftError("0A000", "CHECK constraints are not supported")
        else:
            raise syntax_error(word)

    def encoding(self) -> str:
        word = self.reader.next().word()
        if word not in ENCODINGS:
            raise RedshiftError("42601", f'invalid encoding type specified: "{word.lower()}"')
        return word.lower()

    def _expression(self) -> str:
        parts: list[str] = []
        depth = 0
        while not self.reader.ended():
            token = self.reader.peek()
            if (
                depth == 0
                and token.kind == "word"
                and token.word() in ATTRIBUTES
                and (parts or token.word() not in ("NULL", "NOT"))
            ):
                break
            depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "operator" else 0
            parts.append(self.reader.next().text)
        return " ".join(parts)

    def _references(self, columns: list[str], name: str) -> Key:
        target = self.table()
        key = Key("f", columns, name, target)
        if self.reader.sees("("):
            key.target_columns = self._names_in_group()
        return key

    def _names_in_group(self) -> list[str]:
        return [self._name(part[0]) for part in split_at_commas(self.reader.group())]

    def table_key(self) -> Key:
        """A table constraint; the reader stands at CONSTRAINT or at the kind of key."""
        name = self.name() if self.reader.accept("CONSTRAINT") else ""
        if self.reader.accept("PRIMARY", "KEY"):
            return Key("p", self._names_in_group(), name)
        if self.reader.accept("UNIQUE"):
            return Key("u", self._names_in_group(), name)
        if self.reader.accept("FOREIGN", "KEY"):
            columns = self._names_in_group()
            if self.reader.accept("REFERENCES"):
                return self._references(columns, name)
        if self.reader.sees("CHECK"):
            raise RedshiftError("0A000", "CHECK constraints are not supported")
        raise syntax_error(self.reader.peek().text)

    def table_attributes(self) -> None:
        """What follows the column list: BACKUP, DISTSTYLE, DISTKEY, SORTKEY, ENCODE AUTO; stops at AS."""
        reader, layout = self.reader, self.layout
        while not reader.ended() and not reader.sees("AS"):
            if reader.accept("BACKUP"):
                reader.accept("YES") or reader.accept("NO")
            elif reader.accept("DISTSTYLE"):
                layout.diststyle = reader.next().word()
                if layout.diststyle not in ("AUTO", "EVEN", "KEY", "ALL"):
                    raise syntax_error(layout.diststyle)
            elif reader.accept("DISTKEY"):
                layout.distkey = self._names_in_group()[0]
            elif reader.accept("COMPOUND") or reader.sees("SORTKEY") or reader.sees("INTERLEAVED"):
                layout.interleaved = reader.accept("INTERLEAVED")
                if not reader.accept("SORTKEY"):
                    raise syntax_error(reader.peek().text)
                layout.sortkeys = [] if reader.accept("AUTO") else self._names_in_group()
            elif reader.accept("ENCODE", "AUTO"):
                pass
            else:
                raise syntax_error(reader.peek().text)


def _identity(when: str, arguments: list[Token], column: Column) -> str:
    if column.type not in ("integer", "bigint"):
        raise RedshiftError("42601", f'identity column "{column.name}" must be of type integer or bigint')
    parts = [text_of(part) for part in split_at_commas(arguments)] or ["1", "1"]
    column.identity = True
    start, step = parts[0], parts[1]
    return f" GENERATED {when} AS IDENTITY (START WITH {start} INCREMENT BY {step} MINVALUE {min(int(start), 1)})"


def create_table(tokens: list[Token], names: LongNames, case_sensitive: bool) -> list[str]:
    """The backend's statements for a CREATE TABLE; the first one is the client's, the others record the layout."""
    reader = Reader(tokens)
    table_reader = TableReader(reader, names, case_sensitive)
    reader.accept("CREATE")
    reader.accept("LOCAL")
    temporary = reader.accept("TEMP") or reader.accept("TEMPORARY")
    reader.accept("TABLE")
    exists = "IF NOT EXISTS " if reader.accept("IF", "NOT", "EXISTS") else ""
    temporary = temporary or reader.peek().text.strip('"').startswith("#")
    table = table_reader.table()
    schema = table.rpartition(".")[0].rpartition(".")[2].strip('"')
    if schema in SYSTEM_SCHEMAS:
        raise RedshiftError("42501", f"permission denied for schema {schema}")
    head = f"CREATE {'TEMPORARY ' if temporary else ''}TABLE {exists}{table}"
    named_columns: list[str] | None = None
    if reader.sees("(") and not _is_query(reader):
        elements = split_at_commas(reader.group())
        if all(len(element) == 1 for element in elements):
            named_columns = [table_reader._name(element[0]) for element in elements]
        else:
            body = _elements(elements, table, table_reader)
            table_reader.table_attributes()
            if not reader.ended():
                raise syntax_error(reader.peek().text)
            return [f"{head} ({body})", *layout_statements(table, table_reader.layout, bool(exists))]
    table_reader.table_attributes()
    if not reader.accept("AS"):
        raise syntax_error(reader.peek().text)
    query = " ".join(token.text for token in reader.tokens[reader.at :])
    columns = f" ({', '.join(map(quoted, named_columns))})" if named_columns else ""
    create = f"{head}{columns} AS {query}"
    return [
        create,
        f"SELECT pg_catalog.rs_settle({literal(table)})",
        *layout_statements(table, table_reader.layout, bool(exists)),
    ]


def _is_query(reader: Reader) -> bool:
    return reader.peek(1).word() in ("SELECT", "WITH")


def _elements(elements: list[list[Token]], table: str, outer: TableReader) -> str:
    body: list[str] = []
    columns = 0
    for element in elements:
        reader = Reader(element)
        part = TableReader(reader, outer.names, outer.case_sensitive)
        part.layout = outer.layout
        if reader.accept("LIKE"):
            body.append(_like(reader, part))
            outer.layout.parent = part.parent
        elif reader.peek().kind == "word" and reader.peek().word() in (
            "PRIMARY",
            "UNIQUE",
            "FOREIGN",
            "CONSTRAINT",
            "CHECK",
        ):
            outer.layout.keys.append(part.table_key())
        else:
            column = part.column(table.split(".")[-1].strip('"'))
            columns += 1
            note_column(column, outer.layout)
            body.append(f"{quoted(column.name)} {column.type}{column.attributes}")
    if columns > MAX_COLUMNS:
        raise RedshiftError("54011", f"tables can have at most {MAX_COLUMNS} columns")
    return ", ".join(body)


def note_column(column: Column, layout: Layout) -> None:
    if column.type == "super" and (column.distkey or column.sortkey):
        raise RedshiftError("0A000", f'column "{column.name}" of type super cannot be a distribution or sort key')
    if column.encoding:
        layout.encodings[column.name] = column.encoding
    if column.distkey:
        layout.distkey = column.name
    if column.sortkey:
        layout.sortkeys.append(column.name)


def _like(reader: Reader, part: TableReader) -> str:
    part.parent = parent = part.table()
    including = ""
    while not reader.ended():
        if reader.accept("INCLUDING", "DEFAULTS"):
            including = " INCLUDING DEFAULTS"
        elif not reader.accept("EXCLUDING", "DEFAULTS"):
            raise syntax_error(reader.peek().text)
    return f"LIKE {parent}{including}"


def _array(names: list[str]) -> str:
    return "ARRAY[" + ", ".join(literal(name) for name in names) + "]::text[]"


def layout_statements(table: str, layout: Layout, if_new: bool) -> list[str]:
    """Statements that store keys and attributes; a table that existed already keeps its own."""
    calls = []
    if layout.parent:
        calls.append(f"rs_copy_layout({literal(table)}, {literal(layout.parent)}, {str(if_new).lower()})")
    for key in layout.keys:
        words = ", ".join(literal(word) for word in (table, key.kind, key.name))
        columns, target_columns = _array(key.columns), _array(key.target_columns)
        only_new = str(if_new).lower()
        calls.append(f"rs_add_key({words}, {columns}, {literal(key.target)}, {target_columns}, {only_new})")
    for column, encoding in layout.encodings.items():
        calls.append(
            f"rs_set_column({literal(table)}, {literal(column)}, {literal(encoding)}, false, 0, {str(if_new).lower()})"
        )
    if layout.distkey:
        calls.append(f"rs_set_column({literal(table)}, {literal(layout.distkey)}, '', true, 0, {str(if_new).lower()})")
    for n, column in enumerate(layout.sortkeys, 1):
        place = n if not layout.interleaved else (n if n % 2 else -n)
        calls.append(f"rs_set_column({literal(table)}, {literal(column)}, '', false, {place}, {str(if_new).lower()})")
    style = "KEY" if layout.distkey else layout.diststyle
    if style:
        calls.append(f"rs_set_diststyle({literal(table)}, {literal(style)}, {str(if_new).lower()})")
    return [f"SELECT pg_catalog.{call}" for call in calls]
