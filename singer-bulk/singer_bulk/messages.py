"""Singer lines <-> typed messages.

`read_blocks` cuts the input into blocks of whole lines, `messages_of` turns a block into messages. Consecutive
RECORDs of one stream stay together as a `Records` run, still undecoded: what a record means depends on its SCHEMA.

Source: the Singer specification 0.3.0 (SPEC.md) and its extensions ACTIVATE_VERSION and BATCH.
"""

from __future__ import annotations

import io
import os
import queue
import re
import select
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import IO, Any

import msgspec

from singer_bulk.errors import SHOWN_CHARACTERS, BulkError, MessageError, shown
from singer_bulk.model.library import count_lines, run_of_lines
from singer_bulk.model.messages import ActivateVersion, BatchFiles, Block, Message, Records, Schema, State, mended

# 256 KiB: what is made of a block on its way to rows stays in the cache of a core, and what is done once per block
# does not count yet.
BLOCK_BYTES = 1 << 18
# The longest value that a column of either warehouse takes, 16 MB, with each of its bytes written as \\u00xx. What is
# longer is refused before it is read to its end: read, it takes five to seven times its length of memory.
MAX_LINE_BYTES = 6 * (16 << 20) + BLOCK_BYTES
# Windows has no poll, and its select takes sockets alone: there a thread reads one chunk ahead, and waits are bounded.
_CAN_ASK = hasattr(select, "poll")

Show = Callable[[bytes], str]


def unshown(line: bytes) -> str:
    """Return what an error says in the place of a line while values are masked."""
    return "a line that is not shown, because values are masked"


class _Header(msgspec.Struct):
    type: str
    stream: str | None = None


_header_of = msgspec.json.Decoder(_Header).decode
_DECODERS: dict[str, Any] = {
    "SCHEMA": msgspec.json.Decoder(Schema),
    "STATE": msgspec.json.Decoder(State),
    "ACTIVATE_VERSION": msgspec.json.Decoder(ActivateVersion),
    "BATCH": msgspec.json.Decoder(BatchFiles),
}


def read_blocks(
    source: IO[Any] | None,
    wait_seconds: float | None = None,
    max_line_bytes: int = MAX_LINE_BYTES,
    *,
    show: Show = shown,
    first_line: int = 1,
) -> Iterator[Block | None]:
    """Yield the input as blocks of whole lines; None whenever nothing came for `wait_seconds`.

    `source` is a file object; one with a descriptor is read directly, past its own buffer. A last line without a
    line end is yielded like any other. Raises MessageError for a line of more than `max_line_bytes` as soon as it
    has as many, BulkError where nothing can be read. show: how a line is shown in an error; first_line: its number.
    """
    line_number, rest, rest_bytes = first_line, list[bytes](), 0
    for chunk in _chunks(source, wait_seconds):
        if chunk is None:
            yield None
            continue
        end = chunk.rfind(b"\n") + 1
        if not end:
            rest.append(chunk)
            rest_bytes += len(chunk)
            if rest_bytes > max_line_bytes:
                raise _too_long(line_number, rest[0] or chunk, max_line_bytes, show)
            continue
        text = b"".join([*rest, memoryview(chunk)[:end]])
        rest, rest_bytes = [chunk[end:]], len(chunk) - end
        numbers = range(line_number, line_number + count_lines(text))
        yield Block(text, numbers)
        line_number = numbers.stop
    if last := b"".join(rest):
        yield Block(last + b"\n", range(line_number, line_number + 1))


def _too_long(line_number: int, begin: bytes, max_bytes: int, show: Show) -> MessageError:
    return MessageError(
        line_number,
        f"longer than {max_bytes} bytes, which no row can be: {show(begin[:SHOWN_CHARACTERS])}...",
        "split the record at its source, or let the tap leave its largest property out",
        code="IN-LONG",
    )


def _chunks(source: IO[Any] | None, wait_seconds: float | None) -> Iterator[bytes | None]:
    if source is None:
        raise _no_input("closed")
    try:
        descriptor = source.fileno()
    except (AttributeError, io.UnsupportedOperation):
        yield from _chunks_of_memory(source)
        return
    try:
        yield from _chunks_of(descriptor, wait_seconds)
    except OSError as error:
        raise _no_input(f"not to be read: {error.strerror}") from error


def _no_input(problem: str) -> BulkError:
    return BulkError(f"standard input is {problem}; pipe the output of a tap into it", code="RUN-INPUT")


def _chunks_of(descriptor: int, wait_seconds: float | None) -> Iterator[bytes | None]:
    if wait_seconds is not None and not _CAN_ASK:
        return _chunks_of_thread(descriptor, wait_seconds)
    return _chunks_of_poll(descriptor, wait_seconds)


def _chunks_of_poll(descriptor: int, wait_seconds: float | None) -> Iterator[bytes | None]:
    while True:
        if not _is_ready(descriptor, wait_seconds):
            yield None
            continue
        chunk = os.read(descriptor, BLOCK_BYTES)
        if not chunk:
            return
        # A pipe gives at most 64 KiB at a time: read what has arrived since as well.
        while len(chunk) < BLOCK_BYTES // 2 and _is_ready(descriptor, 0):
            more = os.read(descriptor, BLOCK_BYTES - len(chunk))
            if not more:
                break
            chunk += more
        yield chunk


def _is_ready(descriptor: int, wait_seconds: float | None) -> bool:
    if wait_seconds is None or not _CAN_ASK:
        return wait_seconds is None
    # select takes no descriptor from 1024 on, which a process that has inherited many may get.
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(wait_seconds * 1000))


def _chunks_of_thread(descriptor: int, wait_seconds: float) -> Iterator[bytes | None]:
    read: queue.Queue[bytes | OSError] = queue.Queue(1)

    def read_on() -> None:
        found: bytes | OSError = b"-"
        while found and not isinstance(found, OSError):
            try:
                found = os.read(descriptor, BLOCK_BYTES)
            except OSError as error:
                found = error
            read.put(found)

    threading.Thread(target=read_on, name="input", daemon=True).start()
    while True:
        try:
            found = read.get(timeout=wait_seconds)
        except queue.Empty:
            yield None
            continue
        if isinstance(found, OSError):
            raise found
        if not found:
            return
        yield found


def _chunks_of_memory(source: IO[Any]) -> Iterator[bytes]:
    while chunk := source.read(BLOCK_BYTES):
        yield chunk.encode() if isinstance(chunk, str) else chunk


def messages_of(block: Block, show: Show = shown) -> Iterator[Message]:
    """Yield the messages of a block in their order, runs of RECORDs of one stream together.

    Raises MessageError for a line that is no JSON object, has no type, or a type that is not taken. show: how a line
    is shown in it.
    """
    text, number, start = block.text, block.line_numbers.start, 0
    while start < len(text):
        end = text.index(b"\n", start) + 1
        line = text[start : end - 1]
        header = _decode(_header_of, line, number, show, header=True)
        kind = header.type.upper()
        if kind != "RECORD":
            yield _other(kind, line, number, show)
            start, number = end, number + 1
            continue
        if header.stream is None:
            raise MessageError(number, "a RECORD without stream", "the tap must name it", code="IN-MESSAGE")
        end, count = _run(text, start, end, block.line_numbers.stop - number, header.stream)
        yield Records(header.stream, text[start:end], range(number, number + count))
        start, number = end, number + count


# What most taps begin every line with, type and stream together: a line that begins so is of the same stream. The
# decoder of the stream sees the stream once more and refuses another.
_PREFIX = re.compile(
    rb'\{\s*(?:"type"\s*:\s*"\w+"\s*,\s*"stream"\s*:\s*"[^"\\]*"|"stream"\s*:\s*"[^"\\]*"\s*,\s*"type"\s*:\s*"\w+")'
)


def _run(text: bytes, start: int, end: int, lines_left: int, stream: str) -> tuple[int, int]:
    """Return the end of the run of RECORDs of `stream` that begins with the line from `start` to `end`, and its lines.

    In a run that is recognized by its prefix each line end is between "}" and "{", where no JSON text can go on: so n
    lines that hold n objects hold one in each line.
    """
    prefix = _PREFIX.match(text, start)
    if prefix is not None:
        run = run_of_lines(text, start, prefix[0])
        if run is not None:
            return run
        if text.count(b"}\n" + prefix[0], start) == lines_left - 1 and text.endswith(b"}\n"):
            return len(text), lines_left
        end = int(_end_of(prefix[0]).search(text, end - 1).end())
        return end, text.count(b"\n", start, end)
    count = 1
    while end < len(text):
        following = text.index(b"\n", end) + 1
        try:
            header = _header_of(text[end : following - 1])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            break  # reported when its turn comes
        if header.type.upper() != "RECORD" or header.stream != stream:
            break
        end, count = following, count + 1
    return end, count


@lru_cache(maxsize=64)
def _end_of(prefix: bytes) -> Any:
    r"""Return the pattern of the line end behind a run: one that the prefix does not follow, or no "}" precedes."""
    return re.compile(rb"\n(?:(?<!\}\n)(?<!\}\r\n)|(?!" + re.escape(prefix) + rb"))")


def _other(kind: str, line: bytes, number: int, show: Show) -> Message:
    decoder = _DECODERS.get(kind)
    if decoder is None:
        remedy = "this target takes SCHEMA, RECORD, STATE, ACTIVATE_VERSION and BATCH"
        raise MessageError(number, f"message type {shown(kind)}", remedy, code="IN-TYPE")
    message: Message = _decode(decoder.decode, line, number, show)
    return msgspec.structs.replace(message, line_number=number) if isinstance(message, BatchFiles) else message


def _decode(decode: Any, line: bytes, number: int, show: Show, *, header: bool = False) -> Any:
    """Return the message; `header`: what can be mended is left to who decodes the record."""
    try:
        return decode(line)
    except msgspec.ValidationError as error:
        raise MessageError(
            number, f"not a Singer message ({error}): {show(line)}", "check the tap", code="IN-MESSAGE"
        ) from error
    except RecursionError as error:
        raise MessageError(
            number, f"nested too deep: {show(line)}", "flatten the record at its source", code="IN-DEEP"
        ) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if header:
            with suppress(msgspec.DecodeError, UnicodeDecodeError):
                return decode(mended(line))
        remedy = "each line must be one JSON object; was the tap cut off, or does it print to stdout?"
        raise MessageError(number, f"broken JSON ({error}): {show(line)}", remedy, code="IN-JSON") from error
