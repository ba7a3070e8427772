"""MERGE, by Snowflake's rules for several WHEN clauses and several matches.

Steps, all in the session's transaction: the source as it is now; the pairs that match, each with the first clause
that applies; the check for rows matched twice; the rows to insert; then delete, update and insert.
https://docs.snowflake.com/en/sql-reference/sql/merge
"""

from __future__ import annotations

from dataclasses import dataclass, field

from local_warehouse.snowflake.bind.casts import fail, literal
from local_warehouse.snowflake.bind.queries import QueryBinder
from local_warehouse.snowflake.bind.results import MERGE, Result, counts
from local_warehouse.snowflake.bind.scope import OutColumn, Scope, Source
from local_warehouse.snowflake.bind.session import Context, Session
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.rows.dml import column_name, complete, step, target_columns, target_scope, target_table
from local_warehouse.snowflake.rows.tried import fitting, logs_errors, tried
from local_warehouse.snowflake.store.catalog import ColumnDef, Entry, quote
from local_warehouse.snowflake.store.work import Step

DUPLICATE = fail(100090, "42P18", literal("Duplicate row detected during DML action"), "VARCHAR")


@dataclass
class Clause:
    """One WHEN: `action` is update, delete or insert."""

    matched: bool
    condition: ast.Expr | None
    action: str
    settings: list[tuple[ColumnDef, ast.Expr]] = field(default_factory=list)
    columns: list[ColumnDef] = field(default_factory=list)
    values: list[ast.Expr] = field(default_factory=list)


def run(session: Session, parser: QueryParser) -> Result:
    parser.need("INTO")
    entry = target_table(session, parser.qualified())
    alias = parser.alias()
    parser.need("USING")
    source = parser.relation()
    parser.need("ON")
    on = parser.expression()
    clauses: list[Clause] = []
    while parser.words("WHEN"):
        clauses.append(_clause(parser, entry, alias))
    parser.finish()
    if not clauses:
        raise parser.error()
    for privilege in ("SELECT", *(clause.action.upper() for clause in clauses)):
        session.demand(privilege, entry)
    _check_order(clauses)
    return _Merge(session, entry, alias, source, on, clauses).run()


def _clause(parser: QueryParser, entry: Entry, alias: str | None) -> Clause:
    negated = parser.words("NOT")
    parser.need("MATCHED")
    if parser.is_word("BY"):
        raise parser.error()  # NOT MATCHED BY SOURCE is not Snowflake's
    condition = parser.expression() if parser.words("AND") else None
    parser.need("THEN")
    if negated:
        parser.need("INSERT")
        if parser.is_word("ALL"):
            raise Unsupported("INSERT ALL BY NAME")
        names = parser.names() if parser.is_op("(") else None
        clause = Clause(False, condition, "insert", columns=target_columns(entry, names))
        parser.need("VALUES")
        clause.values = parser.value_rows()[0]
        if len(clause.values) != len(clause.columns):
            raise compilation(
                f"Insert value list does not match column list expecting {len(clause.columns)} "
                f"but got {len(clause.values)}",
                2020,
                "21S01",
            )
        return clause
    if parser.words("DELETE"):
        return Clause(True, condition, "delete")
    parser.need("UPDATE")
    if parser.is_word("ALL"):
        raise Unsupported("UPDATE ALL BY NAME")
    parser.need("SET")
    clause = Clause(True, condition, "update")
    while True:
        column = column_name(parser, entry, alias)
        parser.need_op("=")
        if any(column is other for other, _ in clause.settings):
            raise compilation(f"duplicate column name '{quote(column.name)}'", 2025, "42S21")
        clause.settings.append((column, parser.expression()))
        if not parser.op(","):
            return clause


def _check_order(clauses: list[Clause]) -> None:
    """A clause without AND must be the last of its kind."""
    for matched in (True, False):
        kind = [clause for clause in clauses if clause.matched == matched]
        if any(clause.condition is None for clause in kind[:-1]):
            word = "MATCHED" if matched else "NOT MATCHED"
            raise compilation(f"WHEN {word} without a condition must be the last WHEN {word} clause", 1003)


class _Merge:
    def __init__(
        self,
        session: Session,
        entry: Entry,
        alias: str | None,
        source: ast.Relation,
        on: ast.Expr,
        clauses: list[Clause],
    ) -> None:
        self.session, self.entry, self.clauses = session, entry, clauses
        self.context: Context = session.context()
        self.binder = QueryBinder(self.context)
        inner = Scope()
        text = self.binder.relation(source, inner)
        columns: list[OutColumn] = []
        listed: list[str] = []
        self.scope = target_scope(entry, alias, "target")
        for one in inner.sources:
            own = [OutColumn(c.name, f"m{len(listed) + i}", c.type, c.nullable) for i, c in enumerate(one.columns)]
            listed += [f'{one.duck}."{c.duck}" AS m{len(listed) + i}' for i, c in enumerate(one.columns)]
            columns += own
            self.scope.sources.append(Source(one.alias, "src", own, one.path))
        self.source_sql = f"SELECT {', '.join(listed)} FROM {text}"
        self.source_scope = Scope(self.scope.sources[1:])
        self.on = self.binder.condition(on, self.scope)

    def run(self) -> Result:
        matched = [clause for clause in self.clauses if clause.matched]
        unmatched = [clause for clause in self.clauses if not clause.matched]
        updates = any(clause.action == "update" for clause in matched)
        deletes = any(clause.action == "delete" for clause in matched)
        steps = [self._step(f"CREATE OR REPLACE TEMP TABLE merge_source AS {self.source_sql}")]
        if matched:
            steps += self._hits(matched)
        if unmatched:
            steps.append(self._news(unmatched))
        names: list[str] = []
        places: list[int] = []
        if deletes:
            rids = "SELECT rid FROM merge_hits WHERE what = 'delete'"
            steps.append(self._step(f"DELETE FROM {self.entry.duck} WHERE rowid IN ({rids})"))
            names, places = ["rows deleted"], [len(steps) - 1]
        if updates:
            steps.append(self._step(self._update(matched)))
            names, places = ["rows updated", *names], [len(steps) - 1, *places]
        if unmatched:
            steps.append(
                self._step(f"INSERT INTO {self.entry.duck} ({self._ducks()}) SELECT {self._ducks()} FROM merge_new")
            )
            names, places = ["rows inserted", *names], [len(steps) - 1, *places]
        done = self.session.write(steps, {self.entry.id})
        return counts(names, [done[place][0][0] for place in places], MERGE)

    def _step(self, sql: str) -> Step:
        return step(sql, self.context, self.entry)

    def _ducks(self) -> str:
        return ", ".join(column.duck for column in self.entry.columns)

    def _choose(self, clauses: list[Clause], scope: Scope) -> str:
        """The number of the first clause whose condition holds, NULL for none."""
        sql = "CASE"
        for number, clause in enumerate(clauses):
            test = "TRUE" if clause.condition is None else self.binder.condition(clause.condition, scope)
            sql += f" WHEN {test} THEN {number}"
        return f"{sql} END"

    def _updated(self, clauses: list[Clause]) -> list[ColumnDef]:
        names = {column.name for clause in clauses for column, _ in clause.settings}
        return [column for column in self.entry.columns if column.name in names]

    def _hits(self, clauses: list[Clause]) -> list[Step]:
        chosen = self._choose(clauses, self.scope)
        listed = ["target.rowid AS rid", f"{chosen} AS clause"]
        kinds = " ".join(f"WHEN {number} THEN '{clause.action}'" for number, clause in enumerate(clauses))
        listed.append(f"CASE ({chosen}) {kinds} END AS what")
        updated: dict[str, str] = {}
        for column in self._updated(clauses):
            cases = ""
            for number, clause in enumerate(clauses):
                for other, expr in clause.settings:
                    if other is column:
                        value = self.binder.assign(self.binder.expr(expr, self.scope), column)
                        cases += f" WHEN {number} THEN {value}"
            updated[column.duck] = f"CASE ({chosen}){cases} ELSE target.{column.duck} END"
        fits = "*"
        if updated and logs_errors(self.entry):
            listed.append(f"{tried(updated)} AS r")
            fits = f"rid, clause, what, {', '.join(f'r.{duck} AS {duck}' for duck in updated)}"
        else:
            listed += [f"{sql} AS {duck}" for duck, sql in updated.items()]
        pairs = f"FROM {self.entry.duck} AS target JOIN merge_source AS src ON {self.on}"
        found = f"SELECT {', '.join(listed)} {pairs}"
        make = f"CREATE OR REPLACE TEMP TABLE merge_hits AS SELECT {fits} FROM ({found}) WHERE clause IS NOT NULL"
        make += " AND r IS NOT NULL" if fits != "*" else ""
        several = "count(*) > 1 AND count(*) FILTER (WHERE what = 'update') > 0"
        twice = f"SELECT rid FROM merge_hits GROUP BY rid HAVING {several}"
        if self.session.parameters["ERROR_ON_NONDETERMINISTIC_MERGE"]:
            check = f"SELECT CASE WHEN count(*) > 0 THEN {DUPLICATE} END FROM ({twice})"
        else:
            self.context.repeatable = False
            check = (
                "DELETE FROM merge_hits WHERE rowid NOT IN (SELECT min(rowid) FROM merge_hits GROUP BY rid) "
                f"AND rid IN ({twice})"
            )
        return [self._step(make), self._step(check)]

    def _update(self, clauses: list[Clause]) -> str:
        listed = ", ".join(f"{column.duck} = h.{column.duck}" for column in self._updated(clauses))
        return (
            f"UPDATE {self.entry.duck} AS target SET {listed} FROM merge_hits h "
            "WHERE target.rowid = h.rid AND h.what = 'update'"
        )

    def _news(self, clauses: list[Clause]) -> Step:
        scope = self.source_scope
        chosen = self._choose(clauses, scope)
        per_column: dict[str, list[str]] = {column.duck: [] for column in self.entry.columns}
        for number, clause in enumerate(clauses):
            values = [
                self.binder.assign(self.binder.expr(expr, scope), column)
                for expr, column in zip(clause.values, clause.columns, strict=True)
            ]
            ducks, listed = complete(self.session, self.binder, self.entry, clause.columns, values)
            for duck, value in zip(ducks.split(", "), listed, strict=True):
                per_column[duck].append(f"WHEN {number} THEN {value}")
        values_of = {duck: f"CASE chosen {' '.join(cases)} END" for duck, cases in per_column.items()}
        pairs = f"EXISTS (SELECT 1 FROM {self.entry.duck} AS target WHERE {self.on})"
        inner = f"SELECT *, {chosen} AS chosen FROM merge_source AS src WHERE NOT {pairs}"
        source = f"({inner}) AS src WHERE chosen IS NOT NULL"
        query = f"SELECT {', '.join(f'{sql} AS {duck}' for duck, sql in values_of.items())} FROM {source}"
        if logs_errors(self.entry):
            query = fitting(values_of, source)
        return self._step(f"CREATE OR REPLACE TEMP TABLE merge_new AS {query}")
