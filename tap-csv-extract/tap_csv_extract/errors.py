"""Every error the tap raises on purpose.

TapError
+-- ConfigError       the settings cannot be meant: the user changes them
+-- SourceError       a file cannot be listed, opened, read or unpacked
+-- OutputClosed      the reader of the messages is gone
+-- HeaderError       a file's columns are not those of its stream
+-- RowRejected       one row of one file is not what the settings promise
"""

from __future__ import annotations

# A value in a message is cut here: enough to find it in the file, never a whole record.
VALUE_CHARACTERS = 80


class TapError(Exception):
    """The base: its text is all that the user needs, so it is printed without a traceback."""


class ConfigError(TapError):
    """The settings contradict themselves or the files."""


class SourceError(TapError):
    """A file cannot be listed, opened, read or unpacked."""


class HeaderError(TapError):
    """A file's columns are not those of its stream."""


class OutputClosed(TapError):
    """The reader of the messages is gone."""


class RowRejected(TapError):
    """One row of one file is not what the settings promise."""

    def __init__(self, file: str, line: int, column: str | None, reason: str) -> None:
        where = f"{file}, line {line}"
        if column is not None:
            where += f", column {column!r}"
        super().__init__(f"{where}: {reason}")
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason


def cut(value: str) -> str:
    """Quote a value for a message, cut at 80 characters."""
    return repr(value) if len(value) <= VALUE_CHARACTERS else repr(value[:VALUE_CHARACTERS]) + "..."
