"""How the fields of a staged file become the columns of a table: straight, or by the SELECT of a transformation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from local_warehouse.snowflake.bind.casts import fail, literal
from local_warehouse.snowflake.bind.functions import FUNCTIONS
from local_warehouse.snowflake.bind.queries import QueryBinder
from local_warehouse.snowflake.bind.scope import Scope, Source, Typed
from local_warehouse.snowflake.bind.session import Context, Session
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.rows.dml import default_value
from local_warehouse.snowflake.store.catalog import ColumnDef, Entry, quote
from local_warehouse.snowflake.values.types import MAX_VARCHAR, NTZ, SEMI, TEXT, T, number

# The functions that COPY transformations may use: https://docs.snowflake.com/en/user-guide/data-load-transform
ALLOWED = {
    "ARRAY_CONSTRUCT", "ARRAY_SIZE", "LEN", "LPAD", "RPAD", "REVERSE", "ASCII", "CASE", "CAST", "CEIL",
    "CHECK_JSON", "CHR", "CONCAT", "CONVERT_TIMEZONE", "DATE", "ENDSWITH", "EQUAL_NULL", "FLOOR", "GET", "GET_PATH",
    "HEX_DECODE_STRING", "HEX_ENCODE", "IFF", "IFNULL", "LENGTH", "LTRIM", "MD5", "MD5_HEX", "NULLIF", "NVL",
    "NVL2", "OBJECT_CONSTRUCT", "PARSE_JSON", "RANDOM", "REGEXP_REPLACE", "REPLACE", "RTRIM", "SPLIT", "SPLIT_PART",
    "STARTSWITH", "SUBSTR", "SUBSTRING", "TO_ARRAY", "TO_BINARY", "TO_BOOLEAN", "TO_CHAR", "TO_DATE", "TO_DECIMAL",
    "TO_DOUBLE", "TO_NUMBER", "TO_NUMERIC", "TO_OBJECT", "TO_TIME", "TIME", "TO_TIMESTAMP", "TO_TIMESTAMP_LTZ",
    "TO_TIMESTAMP_NTZ", "TO_TIMESTAMP_TZ", "TO_VARCHAR", "TO_VARIANT", "TRIM", "TRY_TO_BINARY", "TRY_TO_BOOLEAN",
    "TRY_TO_DATE", "TRY_TO_DECIMAL", "TRY_TO_DOUBLE", "TRY_TO_NUMBER", "TRY_TO_NUMERIC", "TRY_TO_TIME",
    "UUID_STRING",
}  # fmt: skip
NULL_IN_FILE = (
    "NULL result in a non-nullable column. Use quotes if an empty field should be interpreted as an empty string "
    "instead of a null"
)
FIELD_TYPE = T("VARCHAR", MAX_VARCHAR)
METADATA: dict[str, tuple[str, T]] = {
    "METADATA$FILENAME": ("sf_name", TEXT),
    "METADATA$FILE_ROW_NUMBER": ("sf_row", number(38, 0)),
    "METADATA$FILE_CONTENT_KEY": ("sf_etag", TEXT),
    "METADATA$FILE_LAST_MODIFIED": ("sf_modified", NTZ),
    "METADATA$START_SCAN_TIME": ("sf_scan", T("TIMESTAMP_LTZ", 9)),
}


class StagedScope(Scope):
    """The fields of a staged file: as many as the expressions ask for, all text."""

    def __init__(self, alias: str | None, duck: str) -> None:
        super().__init__([Source(alias or "", duck, [])])
        self.width = 0
        self.metadata: set[str] = set()

    def resolve(self, parts: list[str]) -> Typed:
        name = parts[-1]
        if name in METADATA and (len(parts) == 1 or parts[:-1] == [self.sources[0].alias]):
            self.metadata.add(name)
            duck, type_ = METADATA[name]
            return Typed(f"{self.sources[0].duck}.{duck}", type_)
        raise compilation(f"error line 1 at position 0\ninvalid identifier '{'.'.join(quote(p) for p in parts)}'", 904)

    def take_field(self, node: ast.Field) -> Typed:
        if node.alias not in (None, self.sources[0].alias) or node.number < 1:
            raise compilation(f"invalid identifier '${node.number}'", 904)
        self.width = max(self.width, node.number)
        return Typed(f"{self.sources[0].duck}._{node.number}", FIELD_TYPE)


class StagedBinder(QueryBinder):
    """Binds the expressions of a transformation; only the documented functions are let through."""

    loading = True

    def __init__(self, context: Context, allowed: set[str] | None = ALLOWED) -> None:
        super().__init__(context)
        if allowed is not None:
            self.functions = {name: function for name, function in FUNCTIONS.items() if name in allowed}
        self.allowed = allowed

    def field(self, node: ast.Field, scope: Scope) -> Typed:
        if isinstance(scope, StagedScope):
            return scope.take_field(node)
        return super().field(node, scope)

    def subquery(self, query: ast.Query, scope: Scope) -> tuple[str, T]:
        if self.allowed is not None:
            message = "COPY statement only supports simple SELECT from stage statements for import: a subquery"
            raise compilation(message, 1192, "0A000")
        return super().subquery(query, scope)

    def call(self, node: ast.Call, scope: Scope) -> Typed:
        if self.allowed is not None and node.name in FUNCTIONS and node.name not in self.allowed:
            raise compilation(
                f"COPY statement only supports simple SELECT from stage statements for import: {node.name}",
                1192,
                "0A000",
            )
        if self.allowed is not None and node.name in ("TRY_TO_DATE", "TRY_TO_TIME") and len(node.args) > 1:
            raise compilation(f"COPY does not support the format argument of {node.name}", 1192, "0A000")
        return super().call(node, scope)


@dataclass
class Plan:
    """What a COPY does with each file."""

    session: Session
    entry: Entry
    columns: list[ColumnDef]
    transformation: ast.Query | None
    truncate: bool
    location: str = ""
    width: int | None = None  # fields a record must have, None when that is not checked
    fields: int = 0  # fields the expressions use
    ducks: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)  # per target column, SQL over the file `f`
    sources: list[str | None] = field(default_factory=list)  # a straight column's field
    restore: str = ""  # the converted columns as they are stored
    restore_as: str = ""  # the same, named
    context: Context | None = None

    def use(self, options: dict[str, Any]) -> None:
        """Bind the columns, with the date and binary formats of the file format for straight columns."""
        context = self.session.context()
        self.context = context
        for kind in ("DATE", "TIME", "TIMESTAMP", "BINARY"):
            wanted = options[f"{kind}_FORMAT"]
            if wanted != "AUTO" and self.transformation is None:
                context.settings.input[kind] = wanted
            elif self.transformation is not None and kind != "BINARY":
                context.settings.input[kind] = "AUTO"
            elif kind == "BINARY":
                context.settings.input[kind] = "HEX"
        if self.transformation is None:
            self._straight(context, options)
        else:
            self._transformed(context)
        binder = QueryBinder(context)
        for column in self.entry.columns:
            if column not in self.columns:
                self.ducks.append(column.duck)
                self.values.append(self._not_null(default_value(self.session, binder, column), column))
                self.sources.append(None)
        by_duck = {column.duck: column for column in self.entry.columns}
        stored = [by_duck[duck].type.stored for duck in self.ducks]
        self.restore = ", ".join(
            f"CAST({duck} AS {type_})" if type_ == "HUGEINT" else duck
            for duck, type_ in zip(self.ducks, stored, strict=True)
        )
        self.restore_as = ", ".join(
            f"CAST({duck} AS {type_}) AS {duck}" for duck, type_ in zip(self.ducks, stored, strict=True)
        )
        self.values = [
            f"CAST({value} AS DECIMAL(38,0))" if type_ == "HUGEINT" else value
            for value, type_ in zip(self.values, stored, strict=True)
        ]

    def _straight(self, context: Context, options: dict[str, Any]) -> None:
        binder = StagedBinder(context)
        scope = StagedScope(None, "f")
        for i, column in enumerate(self.columns, 1):
            if column.type.kind in SEMI:
                raise Unsupported(
                    f"CSV text straight into a {column.type.kind} column; use PARSE_JSON in a transformation"
                )
            value = scope.take_field(ast.Field(i))
            self._add(binder, value, column, f"_{i}")
        self.fields = len(self.columns)
        self.width = len(self.columns) if options["ERROR_ON_COLUMN_COUNT_MISMATCH"] else None

    def _transformed(self, context: Context) -> None:
        assert self.transformation is not None
        select = simple_select(self.transformation)
        assert isinstance(select.source, ast.Staged)
        binder = StagedBinder(context)
        scope = StagedScope(select.source.alias, "f")
        if len(select.items) != len(self.columns):
            raise compilation(
                f"Insert value list does not match column list expecting {len(self.columns)} "
                f"but got {len(select.items)}",
                2020,
                "21S01",
            )
        for item, column in zip(select.items, self.columns, strict=True):
            if isinstance(item.expr, ast.Star):
                raise Unsupported("SELECT * in a COPY transformation")
            self._add(binder, binder.expr(item.expr, scope), column, None)
        self.fields = scope.width

    def _add(self, binder: StagedBinder, value: Typed, column: ColumnDef, source: str | None) -> None:
        to = column.type
        if source is not None and to.kind == "BINARY":
            sql = binder.convert(value, to)
        elif self.truncate and to.kind == "VARCHAR":
            sql = f"left({binder.convert(value, to)}, {to.size})"
        else:
            sql = binder.assign(value, column)
        self.ducks.append(column.duck)
        self.values.append(self._not_null(sql, column))
        self.sources.append(source)

    @staticmethod
    def _not_null(sql: str, column: ColumnDef) -> str:
        if column.nullable:
            return sql
        missing = fail(100088, "22000", literal(NULL_IN_FILE), column.type.stored)
        return f"coalesce({sql}, {missing})"


def simple_select(query: ast.Query) -> ast.Select:
    """The SELECT of a transformation; everything beyond a list of expressions over one stage is refused."""
    select = query.body
    if (
        not isinstance(select, ast.Select)
        or not isinstance(select.source, ast.Staged)
        or query.with_ or query.order or query.limit is not None
        or select.where is not None or select.group or select.having is not None or select.qualify is not None
    ):  # fmt: skip
        raise compilation("COPY statement only supports simple SELECT from stage statements for import.", 1192, "0A000")
    if select.distinct:
        raise Unsupported("SELECT DISTINCT in a COPY transformation")
    if select.source.options:
        raise Unsupported("FILE_FORMAT or PATTERN in the FROM of a COPY transformation")
    return select


def make_plan(
    session: Session,
    entry: Entry,
    columns: list[ColumnDef],
    transformation: ast.Query | None,
    truncate: bool,
) -> Plan:
    plan = Plan(session, entry, columns, transformation, truncate)
    if transformation is not None:
        source = simple_select(transformation).source
        assert isinstance(source, ast.Staged)
        plan.location = source.location
    return plan
