"""Standard output: blocks of RECORD lines and single messages, in the order in which they are written."""

from __future__ import annotations

import os
import sys

from singer_sdk.io_base import SingerWriter
from singer_sdk.singerlib.encoding.simple import Message

from tap_csv_extract.errors import OutputClosed


def write_out(data: bytes | memoryview) -> None:
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
            raise OutputClosed(
                "the reader of the messages has closed the pipe; what it has not confirmed is sent by the next run"
            ) from error
        rest = rest[written:]


class MessageWriter(SingerWriter):
    """Writes the SDK's messages the way blocks are written."""

    def write_message(self, message: Message) -> None:
        """Write one message and have it leave the process."""
        write_out(self.format_message(message).encode() + b"\n")
        sys.stdout.buffer.flush()
