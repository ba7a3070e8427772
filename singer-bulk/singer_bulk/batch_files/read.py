"""A BATCH becomes runs of records, which go the way of RECORDs: maps, masks, checks, columns, files, STATE.

1. What the message says is judged before a file is opened (`encoding.py`).
2. Each file is opened by its address, once, and read as a stream (`bytes_of.py`).
3. Its lines or rows become RECORD lines (`json_lines.py`, `tables.py`), numbered so that an error names the file.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from singer_bulk.batch_files.bytes_of import OpenObject, bytes_of, decompressed
from singer_bulk.batch_files.csv_rows import records_of_csv
from singer_bulk.batch_files.encoding import demand_known
from singer_bulk.batch_files.json_lines import records_of_lines
from singer_bulk.batch_files.tables import records_of_table
from singer_bulk.errors import MessageError
from singer_bulk.errors.places import places
from singer_bulk.messages import Show
from singer_bulk.model.messages import BatchFiles, Records, Schema


class BatchReader:
    """Reads the files of a run; a file that a stream has named before is refused."""

    def __init__(self, open_object: OpenObject, show: Show) -> None:
        self._open_object = open_object
        self._show = show
        self._schemas: dict[str, Schema] = {}
        self._read: set[tuple[str, str]] = set()

    def declare(self, message: Schema) -> None:
        """Take note of a SCHEMA of the tap."""
        self._schemas[message.stream] = message

    def records(self, message: BatchFiles) -> Iterator[Records]:
        """Yield the records of the files in their order; raises BulkError."""
        demand_known(message, is_declared=message.stream in self._schemas)
        for address in message.manifest:
            if (message.stream, address) in self._read:
                problem = f"the BATCH of stream {message.stream!r} names the file {address!r}, as one before it has"
                remedy = "its rows would be loaded twice; check the tap"
                raise MessageError(message.line_number, problem, remedy, code="IN-BATCH")
            self._read.add((message.stream, address))
            yield from self._records_of(message, address)

    def _records_of(self, message: BatchFiles, address: str) -> Iterator[Records]:
        parts, encoding = bytes_of(address, self._open_object), message.encoding
        around = _around(message)
        if encoding["format"] in ("parquet", "arrow"):
            yield from records_of_table(message, address, parts, around)
            return
        parts = decompressed(address, parts, encoding.get("compression"))
        if encoding["format"] == "csv":
            properties = self._schemas[message.stream].properties().get("properties", {})
            yield from records_of_csv(message.stream, address, parts, around, properties)
        else:
            first = places.begin(address, "line")
            yield from records_of_lines(message.stream, around, parts, first, self._show)


def _around(message: BatchFiles) -> tuple[bytes, bytes]:
    """Return what a RECORD of the stream has before its object and behind it."""
    head = b'{"type":"RECORD","stream":' + msgspec.json.encode(message.stream) + b',"record":'
    return head, b"}" if message.version is None else b',"version":%d}' % message.version
