"""How rows enter a table by their keys: the statements between COPY into a scratch table and COMMIT.

COPY fills `scratch`, whose last column numbers the rows in the order of arrival. Then:

1. Rows that are no change of a row leave `scratch`; where the feed has an order of its own, so do those that come
   later than what the table has already: an older event never overwrites a newer row.
2. The rows of the table that a truncate has removed go, and only the events behind the last truncate count.
3. The last row of each key that is no delete is merged into the table by way of `chosen`: matched rows are updated in
   the columns of the SCHEMA, and only in those; the others are inserted. What a partial update left out is taken from
   the event of its key that said it last, else from the table's row.
4. A key whose last row is a delete is removed (`hard_delete`), or its row is stamped: what a delete does not say,
   because it holds only the key, stays as it is.

A removed row takes its place in the order with it, so where the feed has one, the places of deleted keys and of the
last truncate are kept in the table `deleted`.

Both warehouses take the same words. A subquery as the source of MERGE is not in every page of Redshift's
documentation (r_MERGE), a table is. Keys compare by `=`, so a NULL in a key would never match: it is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from singer_bulk.model.added import DELETED_AT, MISSING_NAME, SEQUENCE
from singer_bulk.model.columns import Column
from singer_bulk.model.feed import Meaning
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import LoadMethod, Table, TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect
from singer_bulk.warehouse.events import Events, named
from singer_bulk.warehouse.gate import Step

# Of the rows of a batch, what is counted before they are merged: statements for what no row says are not sent.
MEANINGS = (Meaning.TRUNCATE, Meaning.DELETE, Meaning.IGNORE)
LIVE_SUFFIX, DELETED_SUFFIX = "_live", "__deleted"


def applied_table(dialect: Dialect, table: TableLoad) -> Table:
    """Return the table that holds the current state: the stream's own, or the second one of a history."""
    if not table.method.live:
        return table.table
    return Table(table.table.schema, dialect.names.second_name(table.table.name, LIVE_SUFFIX))


def deleted_table(dialect: Dialect, table: TableLoad) -> Table:
    """Return the table that holds the places of deleted keys."""
    applied = applied_table(dialect, table)
    return Table(applied.schema, dialect.names.second_name(applied.name, DELETED_SUFFIX))


def further_tables(dialect: Dialect, table: TableLoad, version: str | None) -> dict[Table, list[Column]]:
    """Return the tables that the load needs besides that of the stream, with their columns."""
    method, found = table.method, {}
    if method.live:
        missing = dialect.fold(MISSING_NAME)
        found[applied_table(dialect, table)] = [column for column in table.columns if column.name != missing]
    if method.forgets:
        kept = {*method.keys, *(one.column for one in method.feed.order), version}
        found[deleted_table(dialect, table)] = [
            replace(column, nullable=True) for column in table.columns if column.name in kept
        ]
    return found


def events_of(dialect: Dialect, table: TableLoad, columns: Sequence[Column], version: str | None) -> Events:
    """Return what can be said of the rows of the stream's table, as it is."""
    names = [column.name for column in columns]
    arrival, missing = dialect.fold(SEQUENCE), dialect.fold(MISSING_NAME)
    # Deletes of earlier runs count, also where this one has sent none and declares none.
    deleted_at = dialect.fold(DELETED_AT)
    return Events(
        dialect,
        replace(
            table.method.feed,
            deleted_at=deleted_at if deleted_at in names else None,
            is_flag=_is_flag(columns, deleted_at),
        ),
        table.method.keys,
        names,
        arrival if arrival in names else None,
        version,
        missing if missing in names else None,
    )


def merge_of(
    dialect: Dialect, table: TableLoad, scratch: Table, chosen: Table, columns: Sequence[Column], version: str | None
) -> Merge:
    """Return the statements for one batch of the load; `columns` are those of its scratch tables."""
    method = table.method
    missing = dialect.fold(MISSING_NAME)
    return Merge(
        dialect,
        applied_table(dialect, table),
        scratch,
        chosen,
        columns,
        method,
        version if method.feed.order else None,
        missing if method.feed.partial else None,
        deleted_table(dialect, table) if method.forgets else None,
    )


def obsolete_versions(dialect: Dialect, table: TableLoad, version: int, now: str) -> list[Step]:
    """Return what ACTIVATE_VERSION asks for: rows of lower versions are removed, or stamped.

    A row that is an event of a history is not stamped, it would look like a delete: the ledger tells the views.
    """
    method = table.method
    older = f"{words.name(dialect.fold('_sdc_table_version'))} < {words.literal(version)}"
    removed = [applied_table(dialect, table)] if method.live else []
    removed += [table.table] if method.hard_delete else []
    statements = [Step(words.delete(dialect.table(one), older)) for one in removed]
    if method.hard_delete or method.live or method.viewed:
        return statements
    name = dialect.fold(DELETED_AT)
    deleted, target = words.name(name), dialect.table(table.table)
    if _is_flag(table.columns, name):
        stamp, left = f"{deleted} = TRUE", f"{older} AND NOT COALESCE({deleted}, FALSE)"
    else:
        stamp, left = f"{deleted} = {words.literal(now)}", f"{older} AND {deleted} IS NULL"
    return [Step(words.update(target, stamp, left), lacking=words.count(target, left))]


def _is_flag(columns: Sequence[Column], deleted_at: str) -> bool:
    return any(column.name == deleted_at and column.type.kind is Kind.BOOLEAN for column in columns)


@dataclass(frozen=True)
class Merge:
    """The statements for one batch. `scratch` and `chosen` are temporary tables with the batch's columns.

    version, missing: names of the columns of the table version, and of what an event left out, where there are such.
    deleted: the table of the places of deleted keys, where removed rows would forget them. said: of MEANINGS those that
    a row of the batch has.
    """

    dialect: Dialect
    table: Table
    scratch: Table
    chosen: Table
    columns: Sequence[Column]  # of the batch, the order column last
    method: LoadMethod
    version: str | None = None
    missing: str | None = None
    deleted: Table | None = None
    said: frozenset[Meaning] = frozenset(MEANINGS)

    def look(self) -> str:
        """Return the query for what is in the scratch table: rows with NULL in a key, then rows of each of MEANINGS."""
        some = " OR ".join(f"{words.name(key)} IS NULL" for key in self.method.keys)
        keyless = [self._events.says(meaning) for meaning in (Meaning.TRUNCATE, Meaning.IGNORE)]
        other = "".join(f" AND NOT ({test})" for test in keyless if test)
        said = [self._events.says(meaning) for meaning in MEANINGS]
        return words.count_each(self._scratch, [f"({some}){other}" if other else some, *said])

    def into_history(self, history: Table, columns: Collection[str]) -> str:
        """Return the statement that adds the scratch table's rows to the table that keeps each event."""
        names = words.listed(column.name for column in self.columns if column.name in columns)
        return words.insert(self.dialect.table(history), names, f"SELECT {names} FROM {self._scratch}")

    def statements(self, left_out: Collection[str] = (), said: Collection[Meaning] = MEANINGS) -> list[Step]:
        """Return what applies the scratch table's rows, in order; `left_out` are columns that some of them lack.

        said: of MEANINGS those that a row of the scratch table has; the others cost no statement.
        """
        return replace(self, said=frozenset(said))._statements(left_out)

    def _statements(self, left_out: Collection[str]) -> list[Step]:
        steps = [*map(Step, self._drop_ignored() + self._drop_late()), *self._truncate()]
        partial = [column.name for column in self.columns if column.name in left_out]
        steps.append(self._chooses(self._choose_folded(partial) if partial else self._choose()))
        steps += [Step(self._take_from_table(name)) for name in partial]
        steps.append(Step(self._merge(), writes=True, lacking=self._unmerged()))
        if self._arrived.says(Meaning.DELETE):
            steps += [Step(words.delete(self._chosen)), self._chooses(self._choose(deletes=True))]
            steps += self._remove() if self.method.removes else self._stamp()
        elif self.method.removes:
            steps += self._forget()
        return steps

    def _chooses(self, sql: str) -> Step:
        return Step(sql, counted=words.count(self._chosen))

    @property
    def _events(self) -> Events:
        names = [column.name for column in self.columns]
        return Events(self.dialect, self.method.feed, self.method.keys, names, names[-1], self.version, self.missing)

    @property
    def _arrived(self) -> Events:
        """What can be said of the rows of the batch: without the meanings that none of them has."""
        return replace(self._events, without=frozenset(MEANINGS) - self.said)

    @property
    def _scratch(self) -> str:
        return self.dialect.scratch_table(self.scratch)

    @property
    def _chosen(self) -> str:
        return self.dialect.scratch_table(self.chosen)

    @property
    def _target(self) -> str:
        return self.dialect.table(self.table)

    def _drop_ignored(self) -> list[str]:
        ignored = self._arrived.says(Meaning.IGNORE)
        return [words.delete(self._scratch, ignored)] if ignored else []

    def _drop_late(self) -> list[str]:
        """Return what takes out events that come later than what is known of their keys."""
        events, statements = self._events, []
        if not self.method.feed.order:
            return []
        known = [self._target] + ([self.dialect.table(self.deleted)] if self.deleted is not None else [])
        for there in known:
            late = f"{events.same_key(there, self._scratch)} AND {events.later(there, self._scratch)}"
            statements.append(words.delete(self._scratch, late, using=there))
        if self.deleted is not None and events.epochs:
            statements.append(self._drop_truncated(known[-1]))
        return statements

    def _drop_truncated(self, deleted: str) -> str:
        """Return what takes out events that come later than a truncate of an earlier load, which has no key.

        A statement of its own: an OR would join each row of the batch with each deleted key. The join without an
        equality stands in a query, because a DELETE may ask for one (as UPDATE does, see `_truncate`).
        """
        number = self.columns[-1].name
        late = (
            f"SELECT {self._events.name(number, self._scratch)} FROM {self._scratch}, {deleted} WHERE "
            f"{deleted}.{words.name(self.method.keys[0])} IS NULL AND {self._events.later(deleted, self._scratch)}"
        )
        return words.delete(self._scratch, f"{words.name(number)} IN ({late})")

    def _truncate(self) -> list[Step]:
        """Return what the last truncate of the batch does to the rows before it."""
        events = self._arrived
        truncated = events.says(Meaning.TRUNCATE)
        if not truncated:
            return []
        names = words.listed(column.name for column in self.columns)
        rank = events.own("rank")
        last = (
            f"SELECT {names} FROM (SELECT {names}, ROW_NUMBER() OVER "
            f"(ORDER BY {events.order(last_first=True)}) AS {rank} FROM {self._scratch} WHERE {truncated}) AS ranked "
            f"WHERE {rank} = 1"
        )
        return [
            self._chooses(words.insert(self._chosen, names, last)),
            self._empty(),
            *(self._forget_truncates() if self.deleted is not None else []),
            Step(words.delete(self._chosen)),
        ]

    def _empty(self) -> Step:
        """Return what removes or stamps the rows before the truncate that stands in `chosen`."""
        older = self._before_truncate(self._target)
        if self.method.removes:
            return Step(words.delete(self._target, older))
        marks = [mark.column for mark in self.method.feed.marks if mark.of(Meaning.TRUNCATE)]
        places = [one.column for one in self.method.feed.order]
        sets = ", ".join(
            f"{words.name(name)} = {words.only_value(name, self._chosen)}" for name in dict.fromkeys([*marks, *places])
        )
        truncated = replace(self._events, relation=self._target).says(Meaning.TRUNCATE)
        left = words.count(self._target, f"{older} AND NOT ({truncated})")
        return Step(words.update(self._target, sets, older), lacking=left)

    def _before_truncate(self, there: str) -> str:
        """Return the condition that a row does not come later than the truncate in `chosen`, if there is one.

        No join: Redshift's UPDATE and DELETE want an equality between the two tables ("Target table must be part of an
        equijoin predicate"), and order has none. https://github.com/airbytehq/airbyte/issues/83304
        """
        one = f"(SELECT COUNT(*) FROM {self._chosen}) = 1"
        if not self.method.feed.order:
            return one
        return f"{one} AND NOT {self._events.later(there, self._chosen, only_row=True)}"

    def _forget_truncates(self) -> list[Step]:
        """Return what keeps the place of the truncate in `chosen` instead of those of earlier ones."""
        assert self.deleted is not None
        deleted = self.dialect.table(self.deleted)
        earlier = f"{deleted}.{words.name(self.method.keys[0])} IS NULL AND {self._before_truncate(deleted)}"
        return [Step(words.delete(deleted, earlier)), self._remember(keys=False)]

    def _choose(self, *, deletes: bool = False) -> str:
        """Return the statement that puts the last row of each key, that is or is no delete, into `chosen`."""
        events = self._arrived
        names = [words.name(column.name) for column in self.columns]
        rank, deleted = events.own("rank"), events.says(Meaning.DELETE)
        # A row that a delete removes need not come first; one that it stamps does, with what it had at last.
        of_all = deletes or self.method.removes
        tests = [] if of_all or not deleted else [f"NOT ({deleted})"]
        inner = f"SELECT {', '.join(names)}, {self._ranked(rank)} FROM {self._scratch}"
        if events.epochs:
            inner = (
                f"SELECT {', '.join(names)}, {self._ranked(rank)} FROM (SELECT {', '.join(names)}, {events.epoch()} "
                f"FROM {self._scratch}) AS counted"
            )
            tests.append(f"{events.own('epoch')} = 0")
        among = f" WHERE {' AND '.join(tests)}" if tests else ""
        kept = f" AND {'' if deletes else 'NOT '}({deleted})" if deleted and of_all else ""
        listed = ", ".join(names)
        query = f"SELECT {listed} FROM ({inner}{among}) AS ranked WHERE {rank} = 1{kept}"
        return words.insert(self._chosen, listed, query)

    def _ranked(self, rank: str) -> str:
        events = self._arrived
        return (
            f"ROW_NUMBER() OVER (PARTITION BY {events.key_list()} ORDER BY {events.order(last_first=True)}) AS {rank}"
        )

    def _choose_folded(self, partial: Sequence[str]) -> str:
        """Return the same where updates are partial: `missing` then names what no event of the batch has said."""
        events = self._arrived
        names = [words.name(column.name) for column in self.columns]
        deleted, rank, number = events.own("deleted"), events.own("rank"), events.own("number")
        listed = ", ".join(names)
        own = [deleted, *([events.own("epoch")] if events.epochs else [])]
        first = [f"{events.flag(Meaning.DELETE)} AS {deleted}", *([events.epoch()] if events.epochs else [])]
        counted = f"SELECT {', '.join([listed, *first])} FROM {self._scratch}"
        numbers = f"ROW_NUMBER() OVER (PARTITION BY {events.part()} ORDER BY {events.order()}) AS {number}"
        # Hard: the last event of the key counts, delete or not. Soft: the last that is no delete.
        live_first = "" if self.method.removes else f"CASE WHEN {deleted} THEN 1 ELSE 0 END, "
        ranks = (
            f"ROW_NUMBER() OVER (PARTITION BY {events.part()} ORDER BY {live_first}{events.order(last_first=True)}) "
            f"AS {rank}"
        )
        numbered = f"SELECT {', '.join([listed, *own, numbers, ranks])} FROM events"
        traced = events.traced("numbered", ", ".join([listed, *own, number, rank]), partial)
        alive = f"{rank} = 1 AND NOT {deleted}" + (f" AND {events.own('epoch')} = 0" if events.epochs else "")
        values = [self._folded(column.name, events, partial) for column in self.columns]
        query = (
            f"WITH events AS ({counted}), numbered AS ({numbered}), "
            f"traced AS ({traced}) SELECT {', '.join(values)} FROM (SELECT * FROM traced WHERE {alive}) AS traced"
            f"{events.joins('traced', 'numbered', partial)}"
        )
        return words.insert(self._chosen, listed, query)

    def _folded(self, column: str, events: Events, partial: Sequence[str]) -> str:
        if column != self.missing:
            return events.value(column, "traced", partial)
        unsaid = [
            f"CASE WHEN traced.{events.own(f'from_{place}')} IS NULL AND traced.{events.own('gone')} IS NULL "
            f"THEN {words.literal(named(name))} ELSE '' END"
            for place, name in enumerate(partial, start=1)
        ]
        return " || ".join(unsaid)

    def _take_from_table(self, column: str) -> str:
        """Return the statement that takes what no event of the batch has said from the table's row, if it has one."""
        name = words.name(column)
        test = self._events.is_missing(column, self._chosen)
        where = f"{self._matching()} AND {test}{self._unless_deleted()}"
        return words.update(self._chosen, f"{name} = {self._target}.{name}", where, source=self._target)

    def _unless_deleted(self) -> str:
        """Return the condition that the table's row is none that a delete has stamped: its values are gone."""
        events = replace(self._events, relation=self._target)
        tests = [events.says(meaning) for meaning in (Meaning.DELETE, Meaning.TRUNCATE)]
        return "" if self.method.removes else "".join(f" AND NOT ({test})" for test in tests if test)

    def _matching(self) -> str:
        return self._events.same_key(self._target, self._chosen)

    def _stored(self) -> list[str]:
        own = {self.columns[-1].name, self.missing}
        return [words.name(column.name) for column in self.columns if column.name not in own]

    def _merge(self) -> str:
        names = self._stored()
        sets = ", ".join(f"{name} = {self._chosen}.{name}" for name in names)
        values = ", ".join(f"{self._chosen}.{name}" for name in names)
        return (
            f"MERGE INTO {self._target} USING {self._chosen} ON {self._matching()} "
            f"WHEN MATCHED THEN UPDATE SET {sets} "
            f"WHEN NOT MATCHED THEN INSERT ({', '.join(names)}) VALUES ({values})"
        )

    def _remove(self) -> list[Step]:
        removed = words.delete(self._target, self._matching(), using=self._chosen)
        return [Step(removed), *self._forget(), *([self._remember(keys=True)] if self.deleted is not None else [])]

    def _forget(self) -> list[Step]:
        """Return what removes the places of deleted keys that the batch has rows of."""
        if self.deleted is None:
            return []
        deleted = self.dialect.table(self.deleted)
        return [Step(words.delete(deleted, self._events.same_key(deleted, self._scratch), using=self._scratch))]

    def _remember(self, *, keys: bool) -> Step:
        """Return the statement that keeps the places of the rows in `chosen`; a truncate has no key."""
        assert self.deleted is not None
        places = [one.column for one in self.method.feed.order]
        places += [] if self.version is None else [self.version]
        names = words.listed(dict.fromkeys([*(self.method.keys if keys else ()), *places]))
        deleted = self.dialect.table(self.deleted)
        key = words.name(self.method.keys[0])
        same = self._events.same_key(deleted, self._chosen) if keys else f"{deleted}.{key} IS NULL"
        return Step(
            words.insert(deleted, names, f"SELECT {names} FROM {self._chosen}"),
            writes=True,
            lacking=words.count(self._chosen, f"NOT EXISTS (SELECT 1 FROM {deleted} WHERE {same})"),
        )

    def _unmerged(self) -> str:
        """Return the query for the rows of `chosen` whose key the table does not have."""
        return words.count(self._chosen, self._unmatched())

    def _unmatched(self) -> str:
        return f"NOT EXISTS (SELECT 1 FROM {self._target} WHERE {self._matching()})"

    def _stamp(self) -> list[Step]:
        names, apart = self._stored(), self._set_apart()
        sets = ", ".join(
            f"{name} = COALESCE({self._chosen}.{name}, {self._target}.{name})" for name in names if name not in apart
        )
        values = ", ".join(f"{self._chosen}.{name}" for name in names)
        rows = f"SELECT {values} FROM {self._chosen} WHERE {self._unmatched()}"
        stamped = words.update(self._target, sets, self._matching(), source=self._chosen)
        inserted = words.insert(self._target, ", ".join(names), rows)
        documents = [
            words.update(
                self._target,
                f"{name} = {self._chosen}.{name}",
                f"{self._matching()} AND {self._chosen}.{name} IS NOT NULL",
                source=self._chosen,
            )
            for name in apart
        ]
        return [
            *map(Step, documents),
            Step(stamped, writes=True),
            Step(inserted, writes=True, lacking=self._unmerged()),
        ]

    def _set_apart(self) -> list[str]:
        """Return the columns of documents that are set by a statement of their own, without a function of them."""
        if self.dialect.json_in_expressions:
            return []
        own = {self.columns[-1].name, self.missing}
        return [
            words.name(column.name)
            for column in self.columns
            if column.type.kind is Kind.JSON and column.name not in own
        ]
