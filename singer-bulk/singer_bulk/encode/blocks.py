"""A run of RECORD lines -> rows: by the native pass, and by the definition what that one is not sure of.

`rows.RowEncoder` is the definition: line by line, value by value, with the exact error. The native pass (`native.py`)
writes the same bytes, and leaves out the lines of which it is not certain, errors included; the definition encodes
those, each in its place. Without a native library it encodes them all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from functools import partial, reduce
from itertools import pairwise
from threading import Lock
from typing import TypeVar

from singer_bulk.encode.gzip_files import Rows
from singer_bulk.encode.native import Left, NativeRows, native_rows
from singer_bulk.encode.rows import RowEncoder
from singer_bulk.errors import RecordInvalid
from singer_bulk.model.file_format import FileFormat
from singer_bulk.model.messages import Records
from singer_bulk.model.seen import ColumnSeen, merge

T = TypeVar("T")
logger = logging.getLogger(__name__)


class BlockEncoder:
    """Turns runs of RECORDs of one stream into rows, in several threads at a time; made once per SCHEMA."""

    def __init__(self, rows: RowEncoder, file_format: FileFormat) -> None:
        self._rows = rows
        self._file_format = file_format
        self._definition = Lock()  # it learns names on its way
        self._passed = rows.passed
        self._native = native_rows(rows, file_format)
        self._retired: list[NativeRows] = []
        demands = rows.check.demands if rows.check is not None else {}
        self._check = rows.check if demands is None else None

    def encode(self, records: Records, sequence: int, take: Callable[[Rows], T]) -> T:
        """Hand over what `RowEncoder.encode` returns for each line, or raise what it raises for the first it refuses.

        The rows are gone when `take` returns.
        """
        native = self._current()
        if native is None:
            return take(self._by_definition(records, sequence))
        try:
            if self._check is not None:
                self._check(records)
        except RecordInvalid:
            return take(self._by_definition(records, sequence))

        def complete(rows: Rows, left: list[Left]) -> T:
            return take(b"".join(self._completed(rows, left, records, sequence)) if left else rows)

        return native.encode(records.text, sequence, complete)

    def _current(self) -> NativeRows | None:
        """Return the plan that knows all names that are to be passed over."""
        if self._native is not None and self._passed != self._rows.passed:
            with self._definition:
                if self._native is not None and self._passed != self._rows.passed:  # no other thread was first
                    self._retired.append(self._native)
                    self._passed, self._native = self._rows.passed, native_rows(self._rows, self._file_format)
        return self._native

    def _completed(self, rows: Rows, left: Sequence[Left], records: Records, sequence: int) -> Iterator[Rows]:
        """Yield the rows with those of the lines that are left out in their places."""
        done = 0
        for run in _runs(left):
            place, number = run[0].place, run[0].number
            yield rows[done:place]
            numbers = records.line_numbers[number : number + len(run)]
            lines = Records(records.stream, b"".join(line.text for line in run), numbers)
            yield self._by_definition(lines, sequence + number)
            done = place
        yield rows[done:]

    def _by_definition(self, records: Records, sequence: int) -> bytes:
        with self._definition:
            rows = self._rows.encode(records, sequence)
        text = "stream %s, line %d: %d records by the definition"
        logger.debug(text, records.stream, records.line_numbers[0], records.count)
        return rows

    @property
    def left_out_seen(self) -> frozenset[str]:
        """The columns that some record of a partial feed left out."""
        return self._rows.left_out_seen

    @property
    def seen(self) -> tuple[ColumnSeen, ...]:
        """What the fields of all rows so far show, by column."""
        plans = [*self._retired, *([] if self._native is None else [self._native])]
        return tuple(reduce(partial(map, merge), (plan.seen() for plan in plans), self._rows.seen))


def _runs(left: Sequence[Left]) -> Iterator[list[Left]]:
    """Yield the lines that follow one another, together."""
    run = [left[0]]
    for before, line in pairwise(left):
        if line.number != before.number + 1:
            yield run
            run = []
        run.append(line)
    yield run
