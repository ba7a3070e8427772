"""Every error the tap raises on purpose; each has a code (codes.py) that its text ends in.

TapError
+-- ConfigError       the settings cannot be meant: the user changes them
+-- SourceError       a file cannot be listed, opened, read or unpacked
+-- OutputClosed      the reader of the messages is gone
+-- HeaderError       a file's columns are not those of its stream
+-- RowRejected       one row of one file is not what the settings promise
+-- Unexpected        an error that is none of these: a fault of this package or of what it uses
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tap_csv_extract.codes import CODES

# A value in a message is cut here: enough to find it in the file, never a whole record.
VALUE_CHARACTERS = 80


class TapError(Exception):
    """The base: `text` is all that the user needs, so it is printed without a traceback; `code` says which error it is.

    Another error's text goes into a new one as its `text`, so that a message has one code, at its end.
    """

    def __init__(self, text: str, *, code: str) -> None:
        super().__init__(text)
        if code not in CODES:
            raise LookupError(f"{code!r} is not in codes.py")
        self.text = text
        self.code = code

    def __str__(self) -> str:
        """Return the text with the code at its end."""
        return f"{self.text} [{self.code}]"


class ConfigError(TapError):
    """The settings contradict themselves or the files."""


class SourceError(TapError):
    """A file cannot be listed, opened, read or unpacked."""


class HeaderError(TapError):
    """A file's columns are not those of its stream."""


class OutputClosed(TapError):
    """The reader of the messages is gone."""

    def __init__(self) -> None:
        super().__init__(
            "the reader of the messages has closed the pipe; what it has not confirmed is sent by the next run",
            code="CSV-RUN-OUTPUT",
        )


class RowRejected(TapError):
    """One row of one file is not what the settings promise."""

    def __init__(self, file: str, line: int, column: str | None, reason: str, *, code: str) -> None:
        where = f"{file}, line {line}"
        if column is not None:
            where += f", column {column!r}"
        super().__init__(f"{where}: {reason}", code=code)
        self.file = file
        self.line = line
        self.column = column
        self.reason = reason


class LimitReached(Exception):
    """The rows asked for are written; not an error."""


class Unexpected(TapError):
    """An error that nobody has foreseen, with the place where it came up; its cause has the traceback."""

    def __init__(self, place: str, error: BaseException) -> None:
        what = cut(" ".join(str(error).split()))
        super().__init__(
            f"{place}: {type(error).__name__}: {what}: this is not foreseen; try the stream with other settings or the "
            "file alone to find what it is about, and report it with the traceback that "
            "TAP_CSV_EXTRACT_LOGLEVEL=DEBUG shows",
            code="CSV-RUN-UNEXPECTED",
        )


@contextmanager
def nothing_unexpected(place: Callable[[], str]) -> Iterator[None]:
    """Turn every error that is not ours into one that says where it came up; `place` is asked then."""
    try:
        yield
    except (TapError, LimitReached):
        raise
    except Exception as error:
        raise Unexpected(place(), error) from error


def cut(value: str) -> str:
    """Quote a value for a message, cut at 80 characters."""
    return repr(value) if len(value) <= VALUE_CHARACTERS else repr(value[:VALUE_CHARACTERS]) + "..."
