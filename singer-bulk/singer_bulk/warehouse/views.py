"""`<table>__current` and `<table>__history`: the present and the past of a table that holds each event as a row.

The current state is the last event of each key, unless that is a delete. The history gives each event the time for
which it held: from its own time to that of the next event of its key, of a truncate, or of the table version that
replaced its own; a delete holds for no time. docs/change-data.md has both in words, and what they cost.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.model.added import EXTRACTED_AT, OWN_PREFIX, RECEIVED_AT
from singer_bulk.model.columns import Column
from singer_bulk.model.feed import Meaning
from singer_bulk.model.load import Table
from singer_bulk.model.names import lower
from singer_bulk.model.table_properties import PLAIN, TableProperties
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect, Session
from singer_bulk.warehouse.events import Events
from singer_bulk.warehouse.grants import run_granted
from singer_bulk.warehouse.open_transaction import all_or_none

logger = logging.getLogger(__name__)

CURRENT_SUFFIX, HISTORY_SUFFIX = "__current", "__history"
_TIMES = (EXTRACTED_AT, RECEIVED_AT)
# A column that only the queries of these views have, each of them.
_MOMENT = "moment"
_MARK = "made from query "


@dataclass(frozen=True)
class View:
    """A view's name, the names of its columns, and its query."""

    name: Table
    columns: tuple[str, ...]
    query: str


@dataclass(frozen=True)
class Views:
    """The two views of a table.

    columns: of the table, in its order; left_out: those that an event has left out, ever. activated: the query for the
    version that the last ACTIVATE_VERSION named, where rows have versions. properties: of the table, whose grants new
    views get.
    """

    dialect: Dialect
    table: Table
    events: Events
    columns: Sequence[Column]
    left_out: Sequence[str] = ()
    activated: str | None = None
    properties: TableProperties = PLAIN

    def all(self) -> tuple[View, View]:
        """Return both."""
        rules = self.dialect.names
        return (
            View(
                Table(self.table.schema, rules.second_name(self.table.name, CURRENT_SUFFIX)),
                self._shown,
                self.current(),
            ),
            View(
                Table(self.table.schema, rules.second_name(self.table.name, HISTORY_SUFFIX)),
                (*self._times(), *self._shown),
                self.history(),
            ),
        )

    @property
    def _shown(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if not self.events.feed.is_hidden(column.name))

    def _times(self) -> list[str]:
        """Return the names of the three columns of the history, each different from every name that the table has."""
        names = []
        for written in ("valid_from", "valid_to", "operation"):
            name = self.dialect.fold(written)
            while name in self._shown:
                name = "_" + name
            names.append(name)
        return names

    def current(self) -> str:
        """Return the query of `<table>__current`."""
        events = self.events
        last = f"ROW_NUMBER() OVER (PARTITION BY {events.part()} ORDER BY {events.order(last_first=True)})"
        alive = f"{events.own('rank')} = 1 AND NOT {events.own('deleted')}"
        if events.epochs:
            alive += f" AND {events.own('epoch')} = 0"
        values = ", ".join(f"{events.value(name, 'traced', self.left_out)}" for name in self._shown)
        return self._with(f"{last} AS {events.own('rank')}", "= ") + (
            f"SELECT {values} FROM (SELECT * FROM traced WHERE {alive}) AS traced"
            f"{events.joins('traced', 'numbered', self.left_out)}"
        )

    def history(self) -> str:
        """Return the query of `<table>__history`."""
        events, moment = self.events, self.events.own(_MOMENT)
        ends = [f"LEAD({moment}) OVER (PARTITION BY {events.part()} ORDER BY {events.order()})"]
        if events.epochs:
            truncated = f"CASE WHEN {events.says(Meaning.TRUNCATE)} THEN {moment} END"
            ends.append(f"MAX({truncated}) OVER (PARTITION BY {events.own('epoch')})")
        if self.activated is not None and events.version is not None:
            version = events.name(events.version)
            active = events.own("activated")
            begun = f"MIN(CASE WHEN {version} = {active} THEN {moment} END) OVER ()"
            ends.append(f"CASE WHEN {version} < {active} THEN {begun} END")
        end = f"COALESCE({', '.join(ends)})" if len(ends) > 1 else ends[0]
        gone = " OR ".join(test for test in (events.own("deleted"), events.says(Meaning.TRUNCATE)) if test)
        end = f"CASE WHEN {gone} THEN {moment} ELSE {end} END AS {events.own('end')}"
        first, last, operation = (words.name(name) for name in self._times())
        values = "".join(f", {events.value(name, 'traced', self.left_out)}" for name in self._shown)
        return self._with(end, "<= ", activated=True) + (
            f"SELECT traced.{moment} AS {first}, traced.{events.own('end')} AS {last}, "
            f"traced.{events.own('operation')} AS {operation}{values} FROM traced"
            f"{events.joins('traced', 'numbered', self.left_out)}"
        )

    def _with(self, more: str, versions: str, *, activated: bool = False) -> str:
        """Return the subqueries that both views begin with: the events, their numbers, what they left out.

        activated: the version in force is a column of the events; no page says that Redshift takes a subquery in a
        window's function, and one in a list of columns it takes (r_scalar_subqueries).
        """
        events = self.events
        names = [events.name(column.name) for column in self.columns]
        own = [events.own(name) for name in ("deleted", "operation", _MOMENT)]
        flags = f"{events.flag(Meaning.DELETE)} AS {own[0]}, {self._word()} AS {own[1]}, {self._moment()} AS {own[2]}"
        first = [*names, flags, *([events.epoch()] if events.epochs else [])]
        if activated and self.activated is not None and events.version is not None:
            first.append(f"{self.activated} AS {events.own('activated')}")
        names = [*names, *own, *([events.own("epoch")] if events.epochs else [])]
        number = events.own("number") if self.left_out else ""
        made = f"ROW_NUMBER() OVER (PARTITION BY {events.part()} ORDER BY {events.order()}) AS {number}"
        numbered = [*names, *([made] if number else []), more]
        kept = [*names, *([number] if number else []), more.rpartition(" AS ")[2]]
        traced = events.traced("numbered", ", ".join(kept), self.left_out)
        return (
            f"WITH events AS (SELECT {', '.join(first)} FROM {self.dialect.table(self.table)}{self._where(versions)}), "
            f"numbered AS (SELECT {', '.join(numbered)} FROM events), traced AS ({traced}) "
        )

    def _where(self, versions: str) -> str:
        events, tests = self.events, []
        if ignored := events.says(Meaning.IGNORE):
            tests.append(f"NOT ({ignored})")
        if self.activated is not None and events.version is not None:
            version = events.name(events.version)
            tests.append(f"({version} IS NULL OR {version} {versions}{self.activated})")
        return f" WHERE {' AND '.join(tests)}" if tests else ""

    def _word(self) -> str:
        events = self.events
        said = [(meaning, events.says(meaning)) for meaning in (Meaning.TRUNCATE, Meaning.DELETE, Meaning.INSERT)]
        said += [(Meaning.UPDATE, events.says(Meaning.UPDATE))]
        cases = "".join(f" WHEN {test} THEN {words.literal(meaning.value)}" for meaning, test in said if test)
        other = words.literal("upsert")
        return f"CASE{cases} ELSE {other} END" if cases else other

    def _moment(self) -> str:
        events = self.events
        if events.feed.time is not None:
            return events.name(events.feed.time)
        present = {column.name for column in self.columns}
        times = [name for name in map(self.dialect.fold, _TIMES) if name in present]
        return f"COALESCE({', '.join(events.name(name) for name in times)})"


def make_views(session: Session, views: Views) -> None:
    """Create both views, or replace those that are otherwise; raises ConfigError for one that somebody else has made.

    Where the warehouse says with which text a view was made (`Dialect.view_marks`), one that has it stays: Redshift's
    CREATE OR REPLACE VIEW waits for whoever reads the view, and new readers wait behind it (r_CREATE_VIEW). It replaces
    a view only by one with the same columns and new ones behind them; another takes its place in one transaction, and
    loses the grants on the old one. A view that is new, or takes another's place, gets the grants of the settings.
    """
    dialect, made = views.dialect, views.all()
    question = dialect.view_marks(views.table.schema, [view.name.name for view in made])
    marks = None if question is None else _marks(session, question)
    for view in made:
        create, mark = [words.create_view(dialect, view.name, view.query)], _mark(view.query)
        there = "" if marks is None else marks.get(view.name.name, _MARK)
        if there == mark:
            continue
        is_new = marks is not None and view.name.name not in marks
        if not (there or "").startswith(_MARK):
            is_new = _demand_ours(session, dialect, view.name)
        grants = words.grants(dialect, view.name, views.properties, is_view=True)
        if question is not None:
            # A view that is bound late is made without a look at its table, and is then refused to whoever reads it.
            session.execute(words.look(dialect.table(views.table)))
            create.append(words.comment_view(dialect, view.name, mark))
        try:
            _run(session, dialect, view.name, create, grants if is_new else [])
        except WarehouseError as error:
            # What passes by itself is tried again with the load: a view that is dropped loses its grants.
            if error.connection_lost or error.conflict or not dialect.ddl_is_transactional:
                raise
            logger.info("view %s: %s; it is dropped and created anew", view.name, error)
            _run(session, dialect, view.name, [words.drop_view(dialect, view.name), *create], grants)


def _run(session: Session, dialect: Dialect, view: Table, create: Sequence[str], grants: Sequence[str]) -> None:
    statements = [*create, *grants]
    if len(statements) == 1 or not dialect.ddl_is_transactional:
        run_granted(session, dialect, view, create, grants)
        return
    with all_or_none(session, dialect) as transaction:
        for statement in statements:
            transaction.execute(statement)


def _mark(query: str) -> str:
    """Return the comment of a view that was made with this query."""
    return f"{_MARK}{hashlib.sha256(query.encode()).hexdigest()}"


def _marks(session: Session, question: str) -> dict[str, str | None] | None:
    """Return the comments of the views that are there, by name; None if they cannot be seen."""
    try:
        return {str(name): comment for name, comment in session.execute(question)}
    except WarehouseError as error:
        if error.connection_lost:
            raise
        logger.debug("the comments of the views cannot be seen: %s", error)
        return None


def _demand_ours(session: Session, dialect: Dialect, view: Table) -> bool:
    """Return whether there is no view of that name; raises ConfigError if there is one whose text shows that this
    program has not made it."""
    try:
        text = dialect.view_text(session.execute(dialect.show_view(view)), view)
    except WarehouseError as error:
        if error.connection_lost:
            raise
        logger.debug("the text of view %s cannot be seen: %s", view, error)
        return False
    if text and OWN_PREFIX + _MOMENT not in lower(text):
        raise ConfigError(
            f"view {view} is there, and is none that this program has made: it would be replaced by that of "
            "current_view; rename it, or set current_view to false for the stream",
            code="TABLE-VIEW",
        )
    return text is None
