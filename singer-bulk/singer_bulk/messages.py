"""Singer lines <-> typed messages.

`read_blocks` cuts the input into blocks of whole lines, `messages_of` turns a block into messages. Consecutive
RECORDs of one stream stay together as a `Records` run, still undecoded: what a record means depends on its SCHEMA.

Source: the Singer specification 0.3.0 (SPEC.md) and its extensions ACTIVATE_VERSION and BATCH.
"""

from __future__ import annotations

import io
import os
import select
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

import msgspec

from singer_bulk.errors import MessageError, shown

# 1 MiB: a pipe gives 64 KiB at a time, a file as much as is asked for; larger blocks only cost memory.
BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Block:
    """Whole lines of the input, without their line ends; `line_number` is that of the first, counted from 1."""

    lines: list[bytes]
    line_number: int


@dataclass(frozen=True)
class Records:
    """A run of RECORD lines of one stream. `line_numbers` has one number per line."""

    stream: str
    lines: list[bytes]
    line_numbers: Sequence[int]


class Schema(msgspec.Struct, frozen=True):
    """A SCHEMA; `text` is its JSON text, to tell a repeated one from a changed one."""

    stream: str
    schema: msgspec.Raw
    key_properties: list[str] | None = None

    def properties(self) -> dict[str, Any]:
        """Return the JSON Schema as Python objects."""
        decoded: dict[str, Any] = msgspec.json.decode(self.schema)
        return decoded


class State(msgspec.Struct, frozen=True):
    """A STATE: the JSON text of its value, opaque."""

    value: msgspec.Raw


class ActivateVersion(msgspec.Struct, frozen=True):
    """An ACTIVATE_VERSION."""

    stream: str
    version: int


Message = Records | Schema | State | ActivateVersion


class _Header(msgspec.Struct):
    type: str
    stream: str | None = None


_header_of = msgspec.json.Decoder(_Header).decode
_DECODERS: dict[str, Any] = {
    "SCHEMA": msgspec.json.Decoder(Schema),
    "STATE": msgspec.json.Decoder(State),
    "ACTIVATE_VERSION": msgspec.json.Decoder(ActivateVersion),
}


def read_blocks(source: IO[Any], wait_seconds: float | None = None) -> Iterator[Block | None]:
    """Yield the input as blocks of whole lines; None whenever nothing came for `wait_seconds`.

    `source` is a file object; one with a descriptor is read directly, past its own buffer. A last line without a
    line end is yielded like any other. Lines of any length are taken.
    """
    line_number, rest = 1, b""
    for chunk in _chunks(source, wait_seconds):
        if chunk is None:
            yield None
            continue
        head, newline, tail = chunk.rpartition(b"\n")
        if not newline:
            rest += tail
            continue
        lines = (rest + head).split(b"\n")
        rest = tail
        yield Block(lines, line_number)
        line_number += len(lines)
    if rest:
        yield Block([rest], line_number)


def _chunks(source: IO[Any], wait_seconds: float | None) -> Iterator[bytes | None]:
    try:
        descriptor = source.fileno()
    except (AttributeError, io.UnsupportedOperation):
        yield from _chunks_of_memory(source)
        return
    while True:
        if wait_seconds is not None and not select.select([descriptor], [], [], wait_seconds)[0]:
            yield None
            continue
        chunk = os.read(descriptor, BLOCK_BYTES)
        if not chunk:
            return
        yield chunk


def _chunks_of_memory(source: IO[Any]) -> Iterator[bytes]:
    while chunk := source.read(BLOCK_BYTES):
        yield chunk.encode() if isinstance(chunk, str) else chunk


def messages_of(block: Block) -> Iterator[Message]:
    """Yield the messages of a block in their order, runs of RECORDs of one stream together.

    Raises MessageError for a line that is no JSON object, has no type, or a type that is not taken.
    """
    lines, first = block.lines, block.line_number
    position = 0
    while position < len(lines):
        line, number = lines[position], first + position
        header = _decode(_header_of, line, number)
        kind = header.type.upper()
        if kind == "RECORD":
            if header.stream is None:
                raise MessageError(number, "a RECORD without stream", "the tap must name it")
            end = _end_of_run(lines, position, header.stream)
            yield Records(header.stream, lines[position:end], range(first + position, first + end))
            position = end
            continue
        yield _other(kind, line, number)
        position += 1


def _end_of_run(lines: list[bytes], start: int, stream: str) -> int:
    """Return the position behind the last RECORD of `stream` that follows without a break."""
    # A tap writes each RECORD alike: a line that begins as the first one did, up to its record, is of the same
    # stream. The decoder of the stream sees type and stream once more and would refuse another.
    prefix = _prefix_of(lines[start])
    position = start + 1
    while position < len(lines):
        line = lines[position]
        if not (prefix and line.startswith(prefix)):
            try:
                header = _header_of(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                break  # reported when its turn comes
            if header.type.upper() != "RECORD" or header.stream != stream:
                break
        position += 1
    return position


def _prefix_of(line: bytes) -> bytes:
    prefix, found, _ = line.partition(b'"record"')
    if not found:
        return b""
    try:
        header = _header_of(prefix + b'"record":null}')
    except (msgspec.DecodeError, UnicodeDecodeError):
        return b""
    return prefix if header.stream is not None else b""


def _other(kind: str, line: bytes, number: int) -> Message:
    decoder = _DECODERS.get(kind)
    if decoder is None:
        remedy = (
            "BATCH is not taken by this target: let the tap send RECORDs (remove batch_config)"
            if kind == "BATCH"
            else "this target takes SCHEMA, RECORD, STATE and ACTIVATE_VERSION"
        )
        raise MessageError(number, f"message type {shown(kind)}", remedy)
    message: Message = _decode(decoder.decode, line, number)
    return message


def _decode(decode: Any, line: bytes, number: int) -> Any:
    try:
        return decode(line)
    except msgspec.ValidationError as error:
        raise MessageError(number, f"not a Singer message ({error}): {shown(line)}", "check the tap") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        remedy = "each line must be one JSON object; was the tap cut off, or does it print to stdout?"
        raise MessageError(number, f"broken JSON ({error}): {shown(line)}", remedy) from error
