"""Which line does a number of a message mean: one of the input, or one of a file that a BATCH names?

A number above 2^40 is one of a file: its upper bits say of which, in the order in which the run has read them.
"""

from __future__ import annotations

# A trillion lines in a file and eight million files in a run: where a line came from is kept in 64 bits.
LINE_BITS = 40


def line_of(number: int) -> int:
    """Return the line in the input, or in its own file."""
    return number % (1 << LINE_BITS)


class Places:
    """The files that were read so far, by their names."""

    def __init__(self) -> None:
        self._files: list[tuple[str, str]] = []

    def begin(self, name: str, unit: str) -> int:
        """Return the number before the first line of another file; `unit`: what its lines are called."""
        self._files.append((name, unit))
        return len(self._files) << LINE_BITS

    def text(self, number: int) -> str:
        """Return the place as a message says it."""
        file, line = number >> LINE_BITS, line_of(number)
        if not 0 < file <= len(self._files):
            return f"line {number}"
        name, unit = self._files[file - 1]
        return f"file {name!r}, {unit} {line}"

    def span(self, first: int, last: int) -> str:
        """Return the places from one to another."""
        if first >> LINE_BITS == last >> LINE_BITS == 0:
            return f"lines {first} to {last}"
        return f"{self.text(first)} to {self.text(last)}"


places = Places()
