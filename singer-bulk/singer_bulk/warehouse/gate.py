"""The gate behind COPY: what was chosen from a batch must be written, row by row, or the load is rolled back.

COPY's own rows are counted in `copy.py`. What comes behind it may leave rows out without an error: Snowflake's INSERT,
UPDATE and MERGE write "the other rows" where the table has ERROR_LOGGING, and note the rest elsewhere.
https://docs.snowflake.com/en/user-guide/data-engineering/error-logging-dml

A warehouse says how many rows a statement has written; where it may not (no page says what Redshift's MERGE answers),
it is asked for the rows that are not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from singer_bulk.errors import CommitError
from singer_bulk.model.facts import Written
from singer_bulk.model.load import Table
from singer_bulk.warehouse.dialect import Dialect, Executes, Rows

# Tables in one question: 50 of them with three key columns each are 60 kB of text.
ASKED_AT_ONCE = 50


@dataclass(frozen=True)
class Step:
    """A statement of a merge, and what is demanded of it.

    counted: the query for the rows that it has chosen, if it chooses some; chosen: how many those are that it writes,
    where that is known before; writes: it writes chosen rows. merges, deletes: for the report, the MERGE,
    or what removes or stamps the rows of deletes.
    lacking: the query for rows that should have been written until now and are not; it ends the writing. stays: the
    answer is the same until the end of the load, so it may be asked there, together with those of other tables.
    """

    sql: str
    counted: str | None = None
    chosen: int | None = None
    writes: bool = False
    lacking: str | None = None
    stays: bool = False
    merges: bool = False
    deletes: bool = False


def told(rows: Rows) -> int | None:
    """Return how many rows a statement says that it has written, None if it does not say it.

    Snowflake's MERGE says how many it has inserted, and then updated; its UPDATE, of the rows that it has updated, then
    which of them had several rows to be updated from: that number is not one of rows more, and our source has each key
    once. https://docs.snowflake.com/en/sql-reference/sql/merge https://docs.snowflake.com/en/sql-reference/sql/update
    """
    return sum(int(count) for count in rows[0]) if rows else None


def said(rows: Rows, step: Step) -> Written:
    """Return what the answer to a MERGE or a delete says of its rows: Snowflake's MERGE, inserted and updated."""
    if step.deletes:
        return Written(deleted=told(rows))
    inserted, updated = (int(count) for count in rows[0]) if rows and len(rows[0]) == 2 else (None, None)
    return Written(inserted, updated)


def add_written(total: Written, more: Written) -> None:
    """Add counts; what is not known makes the sum unknown."""
    for name in ("inserted", "updated", "deleted"):
        one, other = getattr(total, name), getattr(more, name)
        setattr(total, name, None if one is None or other is None else one + other)


@dataclass
class Gate:
    """What a load has chosen and written into one table."""

    dialect: Dialect
    load_id: str
    table: Table
    _chosen: int = 0
    _written: int | None = 0
    unasked: list[str] = field(default_factory=list)
    written: Written = field(default_factory=Written)

    def run(self, transaction: Executes, steps: Iterable[Step]) -> None:
        """Run the statements; raises CommitError if one has left out rows.

        What is to be asked at the end of the load is in `unasked` then, see `demand_none_lacking`.
        """
        for step in steps:
            if step.chosen is not None:
                self._chosen, self._written = step.chosen, 0
            rows = transaction.execute(step.sql)
            if step.merges or step.deletes:
                add_written(self.written, said(rows, step))
            if step.counted is not None:
                count = told(rows)
                self._chosen = int(transaction.execute(step.counted)[0][0]) if count is None else count
                self._written = 0
            if step.writes:
                count = told(rows)
                self._written = None if self._written is None or count is None else self._written + count
            if step.lacking is not None:
                self._demand(transaction, step)

    def demand(self, rows: Rows, count: int, what: str) -> None:
        """Raise CommitError if the answer to an INSERT says another number of rows."""
        written = told(rows)
        if written is not None and written != count:
            raise self._error(f"{written} of {count} {what} were written")

    def demand_told(self, rows: Rows, count: int, what: str) -> None:
        """The same where nothing else will count the rows: an answer that says nothing is an error too."""
        if told(rows) is None:
            self.demand_none(None)
        self.demand(rows, count, what)

    def _demand(self, transaction: Executes, step: Step) -> None:
        """Raise CommitError unless the chosen rows are written: a table with a key twice may say more of them."""
        short = not step.writes or self._written is None or self._written < self._chosen
        if not short:
            return
        said = f"{self._chosen} rows were chosen, the warehouse says that it has written {self._written}"
        if step.writes and self._written is not None and self.dialect.tells_written:
            raise self._error(said)
        assert step.lacking is not None
        self.unasked.append(step.lacking)
        if not step.stays:
            demand_none_lacking(transaction, [self])

    def demand_none(self, lacking: int | None) -> None:
        """Raise CommitError if rows are lacking, or no answer says that none are."""
        if lacking is None:
            raise self._error("nothing says whether all rows were written")
        if lacking:
            raise self._error(f"{lacking} rows that should have been written are not there")

    def _error(self, problem: str) -> CommitError:
        return CommitError(
            f"load {self.load_id} was rolled back: table {self.table}: {problem}; something leaves rows out without an "
            "error, as ERROR_LOGGING of a Snowflake table does: switch that off",
            code="LOAD-WRITTEN",
        )


def demand_none_lacking(transaction: Executes, gates: Iterable[Gate]) -> None:
    """Ask what the gates have left unasked, in one question; raises CommitError if rows are lacking, or an answer."""
    asked = [(gate, query) for gate in gates for query in gate.unasked]
    for start in range(0, len(asked), ASKED_AT_ONCE):
        part = asked[start : start + ASKED_AT_ONCE]
        counts = [f"SELECT {place}, lacking.* FROM ({query}) AS lacking" for place, (_, query) in enumerate(part)]
        rows = transaction.execute(part[0][1] if len(part) == 1 else " UNION ALL ".join(counts))
        found = {0: rows[0][0]} if len(part) == 1 else dict(rows)
        for place, (gate, _) in enumerate(part):
            gate.demand_none(found.get(place))
    for gate, _ in asked:
        gate.unasked.clear()
