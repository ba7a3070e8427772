"""Every error raised on purpose, grouped by who must act; each has a code (errors/codes.py) that its text ends in.

BulkError
  ConfigError        the user: a setting, a grant, a credential
  MessageError       the tap: a line that is no Singer message, or in the wrong place
    RecordBeforeSchema   by the Singer SDK's name too (face/reader.py)
    RecordRejected       a record that its SCHEMA does not allow; on_invalid_record may set it aside
      ValueRejected        a value that its column cannot hold
      RecordInvalid        a value that the SCHEMA forbids
      KeyPropertyMissing   by the Singer SDK's name too (face/reader.py)
  InputCutOff        the tap: the input ended, and nothing says that the tap had come to its end
  StageError         the stage: S3 does not take or give a file
  WarehouseError     the warehouse refuses a statement
    CommitError      a load was rolled back, or its COMMIT was not answered
      PipelineMoved    another run of the same pipeline has committed a load
  Interrupted        a signal ended the run
"""

from __future__ import annotations

from singer_bulk.errors.codes import CODES
from singer_bulk.errors.places import places

__all__ = [
    "SHOWN_CHARACTERS",
    "BulkError",
    "CommitError",
    "ConfigError",
    "InputCutOff",
    "Interrupted",
    "KeyPropertyMissing",
    "MessageError",
    "PipelineMoved",
    "RecordBeforeSchema",
    "RecordInvalid",
    "RecordRejected",
    "StageError",
    "ValueRejected",
    "WarehouseError",
    "shown",
]

SHOWN_CHARACTERS = 80


def shown(value: object) -> str:
    """Return `repr(value)`, cut at 80 characters, for use in a message."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes | bytearray) else value
    written = text if isinstance(text, str) and isinstance(value, bytes | bytearray) else repr(text)
    return written if len(written) <= SHOWN_CHARACTERS else written[: SHOWN_CHARACTERS - 3] + "..."


class BulkError(Exception):
    """Something a person can act on: `text` says what, where and the remedy, `code` which error it is.

    Another error's text goes into a new one as its `text`, so that a message has one code, at its end.
    """

    def __init__(self, text: str, *, code: str) -> None:
        super().__init__(text)
        if code not in CODES:
            raise LookupError(f"{code!r} is not in errors/codes.py")
        self.text = text
        self.code = code
        self.in_the_warehouse: str | None = None  # what the run that it has ended leaves there

    def __str__(self) -> str:
        """Return the text with the code at its end."""
        return f"{self.text} [{self.code}]"


class ConfigError(BulkError):
    """A setting is missing, contradicts another, or names something that does not exist."""


class MessageError(BulkError):
    """A line of the input is not a message, or comes at the wrong time."""

    def __init__(self, line_number: int, problem: str, remedy: str, *, code: str) -> None:
        super().__init__(f"{places.text(line_number)}: {problem}; {remedy}", code=code)
        self.line_number = line_number


class RecordRejected(MessageError):
    """A record that its SCHEMA does not allow."""


class ValueRejected(RecordRejected):
    """A value does not fit its column: nothing of its load is committed."""

    def __init__(
        self, *, stream: str, line_number: int, column: str, expected: str, value: object, remedy: str
    ) -> None:
        BulkError.__init__(
            self,
            f"stream {stream!r}, {places.text(line_number)}: column {column!r} {expected}, "
            f"got {'nothing' if value is None else shown(value)}; {remedy}",
            code="REC-VALUE",
        )
        self.line_number = line_number
        self.column = column


class RecordInvalid(RecordRejected):
    """A record fails a keyword of its SCHEMA."""

    def __init__(self, *, stream: str, line_number: int, path: str, expected: str, value: object, remedy: str) -> None:
        BulkError.__init__(
            self,
            f"stream {stream!r}, {places.text(line_number)}: {path} {expected}, got {shown(value)}; {remedy}",
            code="REC-INVALID",
        )
        self.line_number = line_number
        self.path = path


class RecordBeforeSchema(MessageError):
    """A RECORD of a stream that has no SCHEMA yet."""

    def __init__(self, line_number: int, problem: str, remedy: str) -> None:
        super().__init__(line_number, problem, remedy, code="IN-NO-SCHEMA")


class KeyPropertyMissing(RecordRejected):
    """A record without one of its stream's key properties."""

    def __init__(self, line_number: int, problem: str, remedy: str) -> None:
        super().__init__(line_number, problem, remedy, code="REC-KEY")


class StageError(BulkError):
    """S3 refused or failed; names the bucket or object, and the right that may be missing."""


class WarehouseError(BulkError):
    """The warehouse refused a statement; secrets in the statement are masked.

    `sql_code`: the driver's code; `connection_lost`: the session is gone; `conflict`: another transaction was in the
    way; both may be tried again. `waited`: others hold a lock for now, so waiting on is the answer.
    """

    def __init__(
        self,
        text: str,
        *,
        code: str,
        sql_code: str | None = None,
        connection_lost: bool = False,
        conflict: bool = False,
        waited: bool = False,
    ) -> None:
        super().__init__(text, code=code)
        self.sql_code = sql_code
        self.connection_lost = connection_lost
        self.conflict = conflict
        self.waited = waited


class CommitError(WarehouseError):
    """A load is not in the warehouse, or its outcome is unknown: the text names its load_id."""


class PipelineMoved(CommitError):
    """Another run of the same pipeline has committed a load since this run began."""

    def __init__(self, text: str) -> None:
        super().__init__(text, code="LOAD-MOVED")


class InputCutOff(BulkError):
    """The input ended in whole lines, and nothing says that the tap had come to its end: the open load was dropped."""


class Interrupted(BulkError):
    """A signal ended the run; `outcome` says what of the input is in the warehouse."""

    def __init__(self, signal_number: int, outcome: str = "nothing uncommitted was acknowledged") -> None:
        super().__init__(f"stopped by signal {signal_number}; {outcome}", code="RUN-SIGNAL")
        self.signal_number = signal_number
