"""The rows of a table as events of a change feed: conditions, orders and the fold of partial updates, as SQL.

Both warehouses take the same words. An event without a place in the feed's own order comes before all that have one;
where the feed has none, and among equals, the order of arrival decides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import msgspec

from singer_bulk.model.added import DELETED_AT, MISSING_NAME, SEQUENCE
from singer_bulk.model.columns import Column
from singer_bulk.model.feed import Feed, Mark, Meaning
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import TableLoad
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Dialect


@dataclass(frozen=True)
class Events:
    """What can be said of the rows of a table with these columns.

    arrival: the column that numbers the rows as they came (None: the table has none); version: that of the table
    version, which goes before all other order, where there is one; missing: the column that names, as JSON texts, the
    columns that the event left out.
    """

    dialect: Dialect
    feed: Feed
    keys: Sequence[str]
    columns: Collection[str]
    arrival: str | None = None
    version: str | None = None
    missing: str | None = None
    without: frozenset[Meaning] = frozenset()  # what no row means, though the feed could say it
    relation: str = ""  # whose columns the conditions name, where there are several

    def name(self, stored: str, at: str = "") -> str:
        """Return the quoted name of a column, of the relation `at`."""
        relation = at or self.relation
        return f"{relation}.{words.name(stored)}" if relation else words.name(stored)

    def own(self, written: str) -> str:
        """Return the quoted name of a column that only the statement has."""
        return words.name(self.dialect.fold(f"_singer_{written}"))

    def key_list(self, at: str = "") -> str:
        """Return the key columns."""
        return ", ".join(self.name(key, at) for key in self.keys)

    def same_key(self, one: str, other: str) -> str:
        """Return the condition that two relations are at the same key."""
        return " AND ".join(f"{self.name(key, one)} = {self.name(key, other)}" for key in self.keys)

    def says(self, meaning: Meaning) -> str:
        """Return the condition that a row means this, never NULL itself; "" if no row can."""
        if meaning in self.without:
            return ""
        marks = [mark for mark in self.feed.marks if mark.column in self.columns]
        tests = [test for mark in marks for test in self._tests(mark, meaning)]
        if meaning is Meaning.DELETE and self.feed.deleted_at in self.columns and self.feed.deleted_at is not None:
            deleted_at = self.name(self.feed.deleted_at)
            tests.append(f"COALESCE({deleted_at}, FALSE)" if self.feed.is_flag else f"{deleted_at} IS NOT NULL")
        return " OR ".join(tests)

    def _tests(self, mark: Mark, meaning: Meaning) -> list[str]:
        column, tests = self.name(mark.column), []
        listed = []
        for value in mark.of(meaning):
            if value is None:
                tests.append(f"{column} IS NULL")
            elif isinstance(value, bool):
                tests.append(f"COALESCE({column if value else f'NOT {column}'}, FALSE)")
            else:
                listed.append(words.literal(value))
        if listed:
            tests.insert(0, f"COALESCE({column} IN ({', '.join(listed)}), FALSE)")
        return tests

    def places(self, at: str = "", *, only_row: bool = False) -> list[str]:
        """Return the expressions of the feed's own order, the version before them.

        only_row: as scalar subqueries of `at`, which has one row.
        """
        found = [self._place(self.version, at, only_row)] if self.version is not None else []
        for one in self.feed.order:
            column = self._place(one.column, at, only_row)
            found += [f"LENGTH({column})", column] if one.by_length else [column]
        return found

    def _place(self, stored: str, at: str, only_row: bool) -> str:
        return words.only_value(stored, at) if only_row else self.name(stored, at)

    def order(self, *, last_first: bool = False) -> str:
        """Return what stands after ORDER BY."""
        arrival = [] if self.arrival is None else [self.name(self.arrival)]
        direction = " DESC NULLS LAST" if last_first else " NULLS FIRST"
        return ", ".join(place + direction for place in (*self.places(), *arrival))

    def later(self, one: str, other: str, *, only_row: bool = False) -> str:
        """Return the condition that the row of one relation has a later place than that of another, never NULL.

        only_row: the other relation has one row, and is not joined.
        """
        condition = "FALSE"
        for left, right in reversed(list(zip(self.places(one), self.places(other, only_row=only_row), strict=True))):
            equal = f"COALESCE({left} = {right}, {left} IS NULL AND {right} IS NULL)"
            greater = f"COALESCE({left} > {right}, {left} IS NOT NULL)"
            condition = greater if condition == "FALSE" else f"({greater} OR ({equal} AND {condition}))"
        return condition

    def is_missing(self, column: str, at: str = "") -> str:
        """Return the condition that the event left the column out, never NULL itself."""
        assert self.missing is not None
        return f"COALESCE({self.dialect.contains(self.name(self.missing, at), named(column))}, FALSE)"

    @property
    def epochs(self) -> bool:
        """Whether a row can mean that all before it are gone."""
        return bool(self.says(Meaning.TRUNCATE))

    def epoch(self) -> str:
        """Return the expression for the number of truncates at or behind a row: 0 for what none has removed."""
        return (
            f"SUM(CASE WHEN {self.says(Meaning.TRUNCATE)} THEN 1 ELSE 0 END) OVER "
            f"(ORDER BY {self.order(last_first=True)} ROWS UNBOUNDED PRECEDING) AS {self.own('epoch')}"
        )

    def flag(self, meaning: Meaning) -> str:
        """Return the condition as a column that is true or false."""
        return f"CASE WHEN {self.says(meaning) or 'FALSE'} THEN TRUE ELSE FALSE END"

    def part(self, at: str = "") -> str:
        """Return the columns within which events follow one another: the key, and the time between two truncates."""
        epoch = f"{at}.{self.own('epoch')}" if at else self.own("epoch")
        return f"{epoch}, {self.key_list(at)}" if self.epochs else self.key_list(at)

    def traced(self, source: str, columns: str, left_out: Sequence[str]) -> str:
        """Return the query of all of the source, and for each column that may be left out the number of the event
        that said it last (`_singer_from_1` ..), and that of the delete before (`_singer_gone`)."""
        if not left_out:
            return f"SELECT {columns} FROM {source}"
        number = self.own("number")
        window = f"OVER (PARTITION BY {self.part()} ORDER BY {number} ROWS"
        gone = f"MAX(CASE WHEN {self.own('deleted')} THEN {number} END) {window} BETWEEN UNBOUNDED PRECEDING AND"
        said = [
            f"MAX(CASE WHEN NOT {self.is_missing(column)} THEN {number} END) {window} UNBOUNDED PRECEDING) "
            f"AS {self.own(f'from_{place}')}"
            for place, column in enumerate(left_out, start=1)
        ]
        listed = ", ".join([columns, f"{gone} 1 PRECEDING) AS {self.own('gone')}", *said])
        return f"SELECT {listed} FROM {source}"

    def joins(self, traced: str, numbered: str, left_out: Sequence[str]) -> str:
        """Return the joins that find the events `said_1` .. in which the columns were said last."""
        found = []
        for place in range(1, len(left_out) + 1):
            said, origin = f"said_{place}", f"{traced}.{self.own(f'from_{place}')}"
            epoch = f" AND {said}.{self.own('epoch')} = {traced}.{self.own('epoch')}" if self.epochs else ""
            found.append(
                f" LEFT JOIN {numbered} AS {said} ON {self.same_key(said, traced)}{epoch} "
                f"AND {said}.{self.own('number')} = {origin} "
                f"AND {origin} > COALESCE({traced}.{self.own('gone')}, 0)"
            )
        return "".join(found)

    def value(self, column: str, traced: str, left_out: Sequence[str]) -> str:
        """Return the expression for a column's value once partial updates are folded."""
        at = f"said_{left_out.index(column) + 1}" if column in left_out else traced
        return self.name(column, at)


def named(column: str) -> str:
    """Return how a column is named in the text that lists what an event left out."""
    return msgspec.json.encode(column).decode()


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
            is_flag=is_flag(columns, deleted_at),
        ),
        table.method.keys,
        names,
        arrival if arrival in names else None,
        version,
        missing if missing in names else None,
    )


def is_flag(columns: Sequence[Column], deleted_at: str) -> bool:
    """Return whether what tells a delete is true or false, and no time."""
    return any(column.name == deleted_at and column.type.kind is Kind.BOOLEAN for column in columns)
