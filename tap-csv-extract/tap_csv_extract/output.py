"""Standard output: blocks of RECORD lines and single messages, in the order in which they are written.

A target cannot tell the death of a tap from its end: it reads the end of its input either way, and commits what it has.
So a block's last two bytes stay here until something follows them. Whenever the tap is killed, the output ends inside a
line, which every target refuses, or behind a STATE or a whole stream.
"""

from __future__ import annotations

import os
import sys

from singer_sdk.io_base import SingerWriter
from singer_sdk.singerlib.encoding.simple import Message

from tap_csv_extract.errors import OutputClosed

HELD_BYTES = 2  # the brace and the line end: without them the line is no JSON


class MessageWriter(SingerWriter):
    """Writes blocks of RECORD lines, and the SDK's messages the same way."""

    _held = b""

    def write_block(self, lines: memoryview) -> None:
        """Write whole lines; the end of the last one goes out with what follows."""
        _write_out(self._held)
        _write_out(lines[:-HELD_BYTES])
        self._held = bytes(lines[-HELD_BYTES:])

    def write_message(self, message: Message) -> None:
        """Write one message and have it leave the process."""
        held, self._held = self._held, b""
        _write_out(held + self.format_message(message).encode() + b"\n")
        sys.stdout.buffer.flush()

    def release(self) -> None:
        """Write what is held: the stream is whole, whether or not a STATE follows."""
        _write_out(self._held)
        self._held = b""
        sys.stdout.buffer.flush()

    def break_off(self) -> None:
        """End the output inside a line: what was sent last must not be taken for all there is."""
        if not self._held:
            _write_out(b'{"type":"RECORD","stream":')
        self._held = b""
        sys.stdout.buffer.flush()


def _write_out(data: bytes | memoryview) -> None:
    """Write all of `data`.

    Raises OutputClosed if the target has gone. With PYTHONUNBUFFERED standard output is a bare file, whose write may
    take a part: when a signal arrives, for one.
    """
    output = sys.stdout.buffer
    rest = memoryview(data)
    while rest:
        try:
            written = output.write(rest)
        except BrokenPipeError as error:
            # Python flushes standard output once more at exit; there is nobody to flush to.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise OutputClosed from error
        rest = rest[written:]
