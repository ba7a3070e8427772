"""What a tap sends, as the rooms hand it on: blocks of lines, runs of records, and the messages of the other types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from singer_bulk.errors.places import places


@dataclass(frozen=True)
class Block:
    """Whole lines of the input, each with its line end, and their numbers, counted from 1."""

    text: bytes
    line_numbers: range


@dataclass(frozen=True)
class Records:
    """A run of RECORD lines of one stream, each with its line end. `line_numbers` has one number per line."""

    stream: str
    text: bytes
    line_numbers: Sequence[int]

    @classmethod
    def of_lines(cls, stream: str, lines: Sequence[bytes], line_numbers: Sequence[int]) -> Records:
        """Return the run of these lines, given without their ends."""
        return cls(stream, b"".join(line + b"\n" for line in lines), line_numbers)

    @property
    def count(self) -> int:
        """The number of lines."""
        return len(self.line_numbers)

    @property
    def lines(self) -> list[bytes]:
        """The lines without their ends."""
        return self.text.split(b"\n")[:-1]

    def split(self, room: int) -> tuple[Records, Records]:
        """Return the first `room` records and the rest."""
        if self.count <= room:
            return self, Records(self.stream, b"", range(0))
        lines, numbers = self.lines, self.line_numbers
        return (
            Records.of_lines(self.stream, lines[:room], numbers[:room]),
            Records.of_lines(self.stream, lines[room:], numbers[room:]),
        )


def are_plain(names: Iterable[str | None]) -> bool:
    """Return whether a msgspec struct may have the names: it takes no quote, backslash or control character."""
    return not any(character in '"\\' or character < " " for name in names for character in name or "")


class Schema(msgspec.Struct, frozen=True):
    """A SCHEMA; `text` is its JSON text, to tell a repeated one from a changed one."""

    stream: str
    schema: msgspec.Raw
    key_properties: list[str] | None = None
    bookmark_properties: Any = None  # of whatever shape: all that counts is whether there are any

    def properties(self) -> dict[str, Any]:
        """Return the JSON Schema as Python objects."""
        decoded: dict[str, Any] = msgspec.json.decode(self.schema)
        return decoded


class State(msgspec.Struct, frozen=True):
    """A STATE: the JSON text of its value, opaque."""

    value: msgspec.Raw


def is_same(one: str, other: str) -> bool:
    """Return whether two STATEs are one value, however they are written."""
    return one == other or bool(msgspec.json.decode(one) == msgspec.json.decode(other))


class ActivateVersion(msgspec.Struct, frozen=True):
    """An ACTIVATE_VERSION; the version is a number of 64 bits, as the ledger keeps it."""

    stream: str
    version: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class BatchFiles(msgspec.Struct, frozen=True):
    """A BATCH: the files that hold records of a stream. `line_number`: where the message is, set by who has read it.

    https://sdk.meltano.com/en/latest/batch.html
    """

    stream: str
    encoding: dict[str, Any]
    manifest: list[str]
    version: int | None = None
    line_number: int = 0


Message = Records | Schema | State | ActivateVersion | BatchFiles
# The keyword by which a SCHEMA says how the values of a property are masked, and at its top of which properties and
# paths they are, be they declared or not: name -> method.
MASKED = "x-singer-masked"


def place_of(message: Message | None) -> str:
    """Return where in the input a message is, for an error that came up when it was taken."""
    if message is None:
        return "before the first message"
    if isinstance(message, Records):
        return f"stream {message.stream!r}, {places.span(message.line_numbers[0], message.line_numbers[-1])}"
    return "a STATE" if isinstance(message, State) else f"stream {message.stream!r}, {_NAMES[type(message)]}"


_NAMES: dict[type, str] = {Schema: "SCHEMA", ActivateVersion: "ACTIVATE_VERSION", BatchFiles: "BATCH"}

# An escape of a JSON string; the group is half of a pair of surrogates, which stands for no character.
_ESCAPE = re.compile(rb"\\(?:u[dD][89abAB]..\\u[dD][c-fC-F]..|(u[dD][89a-fA-F]..)|.)", re.DOTALL)

# What Python writes for numbers that JSON does not have; the group matches them outside strings only.
_NO_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)', re.DOTALL)


def mended(text: bytes) -> bytes:
    r"""Return a JSON text of the same length that a decoder reads: \ufffd instead of each half of a surrogate pair,
    and zeros instead of NaN and Infinity."""
    whole = _ESCAPE.sub(lambda found: rb"\ufffd" if found[1] else found[0], text)
    return _NO_NUMBER.sub(lambda found: b"0e".ljust(len(found[1]), b"0") if found[1] else found[0], whole)
