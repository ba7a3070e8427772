"""Which line of the input did a row of a staged file come from? Kept for each file, in a few kilobytes at most."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

# Runs of lines of one file. Three numbers of 8 bytes each: 6 kB. A file of rows that follow one another in the input is
# one run; where streams take turns line by line, there are as many as rows, and neighbours are joined.
MAX_RUNS = 256


class InputLines:
    """The lines of a file's rows, in the order of the rows.

    Runs are kept by their first row, their first line and their last one. A run of as many rows as lines is exact; of
    runs that were joined it is known between which lines a row is.
    """

    def __init__(self) -> None:
        self._rows, self._first, self._last = array("q"), array("q"), array("q")
        self._count = 0
        self._grain = self._in_last = 1  # runs of the input that one of ours stands for, and those in the last one

    def add(self, line_numbers: Sequence[int]) -> None:
        """Add the lines of the next rows."""
        for run in _runs(line_numbers):
            goes_on = bool(self._last) and self._is_exact(len(self._rows) - 1) and run[0] == self._last[-1] + 1
            if goes_on or (self._last and self._in_last < self._grain):
                self._last[-1] = run[-1]
                self._in_last += not goes_on
            else:
                self._in_last = 1
                self._rows.append(self._count)
                self._first.append(run[0])
                self._last.append(run[-1])
            self._count += len(run)
            if len(self._rows) > MAX_RUNS:
                self._join()

    def of(self, row: int) -> tuple[int, int] | None:
        """Return the first and the last line that a row, counted from 0, may come from; None for no row."""
        if not 0 <= row < self._count:
            return None
        at = bisect_right(self._rows, row) - 1
        if not self._is_exact(at):
            return self._first[at], self._last[at]
        line = self._first[at] + row - self._rows[at]
        return line, line

    def _is_exact(self, at: int) -> bool:
        end = self._rows[at + 1] if at + 1 < len(self._rows) else self._count
        return self._last[at] - self._first[at] + 1 == end - self._rows[at]

    def _join(self) -> None:
        """Join every run with its neighbour; from now on each stands for twice as many."""
        self._grain, self._in_last = 2 * self._grain, (2 - len(self._rows) % 2) * self._grain
        self._rows, self._first = self._rows[::2], self._first[::2]
        self._last = array("q", [*self._last[1::2], *self._last[len(self._last) // 2 * 2 :]])


def _runs(line_numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the parts whose lines follow one another."""
    if not line_numbers or line_numbers[-1] - line_numbers[0] + 1 == len(line_numbers):
        if line_numbers:
            yield line_numbers
        return
    start = 0
    for at, (before, line) in enumerate(pairwise(line_numbers), start=1):
        if line != before + 1:
            yield line_numbers[start:at]
            start = at
    yield line_numbers[start:]
