"""What is read from a file: rows, and records that cannot become one, with the line and the reason.

Sources: r_Load_Error_Reference, multi-byte-character-load-errors
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class BadRecord:
    """A record that cannot become a row; `line` counts from 1 in its file."""

    line: int
    raw: str
    code: int
    reason: str
    column: int | None = None
    value: str = ""
    position: int = 0


@dataclass
class Batch:
    """Rows of one block, each with as many fields as there are columns, and the records that are none."""

    rows: list[list[str]]
    bad: list[BadRecord] = field(default_factory=list)


@dataclass
class Record:
    """One record read the exact way; `fields` is None when `error` says why."""

    line: int
    raw: str
    fields: list[str] | None
    error: BadRecord | None = None


def bad_sequence(data: bytes) -> str:
    """The reason for bytes that are no UTF-8 (page multi-byte-character-load-errors)."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        bad = data[error.start : error.start + 4]
        lead = bad[0]
        following = bad[1:]
        wanted = 1 if lead < 0xE0 else 2 if lead < 0xF0 else 3
        if lead < 0xC2 or 0xF8 > lead > 0xF4:
            number = 3 if lead < 0xC2 else 8
        elif lead >= 0xF8:
            number = 1
        elif lead == 0xED and following[:1] >= b"\xa0":
            number = 5
        elif len(following) < wanted:
            number = 2
        else:
            number = 4
        shown = " ".join(f"{byte:x}" for byte in bad[: wanted + 1])
        reason = "String contains invalid or unsupported UTF-8 codepoints."
        return f"{reason} Bad UTF-8 hex sequence: {shown} (error {number})"
    return ""


def rejected(record: Record, code: int, reason: str, column: int | None = None, value: str = "") -> Record:
    error = BadRecord(record.line, record.raw, code, reason, column, value)
    return Record(record.line, record.raw, None, error)
