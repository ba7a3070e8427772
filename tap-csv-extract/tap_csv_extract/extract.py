"""The main path: the files of one stream become RECORD lines, and STATE follows the records it covers.

For each file in order of name: decide where to begin (`progress.py`), read blocks of whole rows (`blocks.py`),
columns of text (`engine.py`), columns of JSON (`columns.py`), leave out rows below the bookmark, write the lines in
one piece, and only then move the file's mark. Nothing here knows of the SDK: lines go to `write`, and `checkpoint`
is called where a STATE may stand.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tap_csv_extract.blocks import Block
from tap_csv_extract.bookmark import ReplicationKey
from tap_csv_extract.columns import Converted, converter
from tap_csv_extract.config import FULL_TABLE, INCREMENTAL, FileSet
from tap_csv_extract.discover import check_same_columns
from tap_csv_extract.encode import RecordEncoder
from tap_csv_extract.engine import Fields
from tap_csv_extract.errors import ConfigError, RowRejected, cut
from tap_csv_extract.files import OpenFile, Start
from tap_csv_extract.kinds import Kind
from tap_csv_extract.progress import Mark, resume, same_stamp
from tap_csv_extract.sources import SourceFile

logger = logging.getLogger("tap-csv-extract")

DELETED_AT = "_sdc_deleted_at"
Bookmark = dict[str, Any]


@dataclass
class Summary:
    """What one stream did."""

    files_read: int = 0
    files_unchanged: int = 0
    rows: int = 0
    rows_below_bookmark: int = 0


@dataclass
class Stream:
    """One stream to extract. `columns` are the columns of the files, `selected` those that go into records."""

    file_set: FileSet
    columns: dict[str, Kind]
    selected: Sequence[str]
    write: Callable[[memoryview, int], None]  # lines, how many
    checkpoint: Callable[[int], None]  # rows since the last call
    version: int | None = None
    row_limit: int | None = None
    summary: Summary = field(default_factory=Summary)


class LimitReached(Exception):
    """The rows asked for are written; not an error."""


def extract(stream: Stream, files: Sequence[SourceFile], bookmark: Bookmark) -> None:
    """Send the stream and keep `bookmark`, its part of STATE, in step with what has been written."""
    key = _replication_key(stream, bookmark)
    keeps_marks = stream.file_set.replication_method != FULL_TABLE
    marks: dict[str, Any] = bookmark.setdefault("files", {}) if keeps_marks else {}
    for file in files:
        start = _where_to_begin(stream, file, marks, {other.name for other in files})
        if start is None:
            stream.summary.files_unchanged += 1
            continue
        _FileExtract(stream, file, start, key, bookmark, marks).run()
        stream.summary.files_read += 1
    if key is not None:
        bookmark.pop("unfinished", None)
        if key.highest is not None:
            bookmark["replication_key"] = stream.file_set.replication_key
            bookmark["replication_key_value"] = key.state_value()
    stream.checkpoint(0)


def _replication_key(stream: Stream, bookmark: Bookmark) -> ReplicationKey | None:
    file_set = stream.file_set
    if file_set.replication_key is None or file_set.replication_method != INCREMENTAL:
        return None
    if file_set.replication_key not in stream.columns:
        raise ConfigError(
            f"stream {file_set.stream!r}: replication_key {file_set.replication_key!r} is no column; "
            f"columns are {list(stream.columns)}"
        )
    kind = stream.columns[file_set.replication_key]
    since = bookmark.get("replication_key_value", file_set.start_value)
    highest = bookmark.get("unfinished", {}).get("replication_key_value")
    return ReplicationKey(kind, since, file_set.overlap, highest)


def _where_to_begin(stream: Stream, file: SourceFile, marks: dict[str, Any], listed: set[str]) -> Mark | None:
    """Return the mark to start from, None if there is nothing new in the file."""
    encoding = stream.file_set.dialect.encoding
    stamp = file.stamp()
    if file.name not in marks:
        _follow_rename(file, stamp, marks, listed, encoding)
    known = marks.get(file.name)
    if known is None:
        return Mark(stamp)
    if known["done"] and same_stamp(known, stamp):
        return None
    mark = resume(known, file, encoding)
    if mark is None:
        logger.warning("%s: is not the file that was read before; it is read again", file.name)
        return Mark(stamp)
    if mark.done:
        marks[file.name] = {**known, **stamp}
        return None
    return mark


def _follow_rename(
    file: SourceFile, stamp: dict[str, int | str], marks: dict[str, Any], listed: set[str], encoding: str
) -> None:
    """Give the mark of a file that is gone to the file that has its bytes."""
    for old, known in list(marks.items()):
        if old not in listed and known["done"] and known.get("size") == stamp.get("size"):
            mark = resume({**known, "done": True}, file, encoding)
            if mark is not None and mark.done:
                logger.info("%s: was read as %s", file.name, old)
                marks[file.name] = {**marks.pop(old), **stamp}
                return


class _FileExtract:
    """The extraction of one file."""

    def __init__(
        self,
        stream: Stream,
        file: SourceFile,
        mark: Mark,
        key: ReplicationKey | None,
        bookmark: Bookmark,
        marks: dict[str, Any],
    ) -> None:
        self._stream, self._mark, self._key = stream, mark, key
        self._bookmark, self._marks, self._name = bookmark, marks, file.name
        self._opened = OpenFile(file, stream.file_set, stream.file_set.state_every_rows)
        names = self._opened.names or ()
        if names:
            check_same_columns(f"stream {stream.file_set.stream!r}", stream.columns, file.name, names)
        self._needed = [(place, name) for place, name in enumerate(names) if self._is_needed(name)]
        self._converters = [converter(stream.columns[name]) for _, name in self._needed]
        self._sent = [name for name in names if name in stream.selected]
        properties = [(name, stream.columns[name]) for name in self._sent]
        self._marks_deletes = DELETED_AT in stream.selected
        if self._marks_deletes:
            properties.append((DELETED_AT, Kind("timestamp")))
        self._encoder = RecordEncoder(stream.file_set.stream, properties, stream.version)

    def _is_needed(self, name: str) -> bool:
        file_set = self._stream.file_set
        return name in self._stream.selected or name in (file_set.replication_key, file_set.operation)

    def run(self) -> None:
        try:
            if self._opened.names is not None:
                self._read()
            self._mark.done = True
            self._save()
            self._stream.checkpoint(0)
        finally:
            self._opened.close()

    def _read(self) -> None:
        mark, opened = self._mark, self._opened
        if mark.offset:
            opened.skip_to(Start(mark.offset, mark.line))
        else:
            mark.add_header(opened.header_bytes, opened.start.offset, opened.start.line)
        block = None
        for block in opened.blocks():
            rows = self._send(block)
            mark.add(block.data)
            mark.line, mark.rows = block.first_line + block.lines, mark.rows + rows
            self._save()
            self._stream.checkpoint(rows)
        if block is not None and block.data[-1:] not in (b"\n", b"\r"):
            last = opened.rows(block)[-1]
            mark.open_row = {"offset": block.start + last.start, "line": last.line, "rows": mark.rows - 1}

    def _save(self) -> None:
        """Move what STATE says about this file, now that its rows are written."""
        self._marks[self._name] = self._mark.as_state()
        if self._key is not None and self._key.highest is not None:
            self._bookmark["unfinished"] = {"replication_key_value": self._key.state_value()}

    def _send(self, block: Block) -> int:
        """Write the rows of a block; return how many rows were read."""
        fields = self._opened.fields(block)
        if fields is None:
            raise self._first_fault(block)
        converted = {
            name: convert(fields.columns[place])
            for (place, name), convert in zip(self._needed, self._converters, strict=True)
        }
        self._check(block, fields, converted)
        columns = {name: column.values for name, column in converted.items()}
        sent, count = [columns[name] for name in self._sent], fields.count
        if self._marks_deletes:
            sent.append(self._deleted_at(block, columns[self._stream.file_set.operation or ""]))
        keep = self._key.keep(columns[self._stream.file_set.replication_key or ""]) if self._key else None
        if keep is not None:
            sent = [values.filter(keep) for values in sent]
            kept = pc.sum(keep).as_py() or 0
            self._stream.summary.rows_below_bookmark += count - kept
            count = kept
        self._write(sent, count)
        return fields.count

    def _write(self, columns: list[Any], count: int) -> None:
        stream = self._stream
        if stream.row_limit is not None:
            count = min(count, stream.row_limit - stream.summary.rows)
            columns = [values.slice(0, count) for values in columns]
        if count:
            stream.write(self._encoder.lines(columns, count), count)
            stream.summary.rows += count
        if stream.row_limit is not None and stream.summary.rows >= stream.row_limit:
            raise LimitReached

    def _first_fault(self, block: Block) -> RowRejected:
        for row in self._opened.rows(block):
            fault = self._opened.fault(row)
            if fault is not None:
                return self._opened.reject(row, fault)
        raise AssertionError("a block was refused in which every row is right")

    def _check(self, block: Block, fields: Fields, converted: dict[str, Converted]) -> None:
        wrong = [(column.bad[0], name) for name, column in converted.items() if column.bad]
        if not wrong:
            return
        number, name = min(wrong)
        row = (fields.rows or self._opened.rows(block))[number]
        place = (self._opened.names or ()).index(name)
        value = fields.columns[place][number].as_py()
        kind = self._stream.columns[name]
        raise RowRejected(
            self._name, row.line, name,
            f"{cut(value)} is no {kind.name}; declare the column in 'types' (as string, if nothing else fits) "
            "or add the text to 'null_values'",
        )  # fmt: skip

    def _deleted_at(self, block: Block, operations: Any) -> Any:
        """When a row was deleted: the time of extraction, NULL for rows that stand."""
        known = self._stream.file_set.operations
        encoded = operations.dictionary_encode()
        names = [known.get(str(text).lower()) for text in encoded.dictionary.to_pylist()]
        if None in names or operations.null_count:
            self._refuse_operation(block, operations)
        now = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
        times = pa.array([now if name == "delete" else None for name in names], pa.string())
        return times.take(encoded.indices)

    def _refuse_operation(self, block: Block, operations: Any) -> None:
        known = self._stream.file_set.operations
        for number, text in enumerate(operations.to_pylist()):
            if text is None or text.lower() not in known:
                line = self._opened.rows(block)[number].line
                column = self._stream.file_set.operation
                raise RowRejected(
                    self._name, line, column,
                    f"{'NULL' if text is None else cut(text)} is no operation, expected one of {sorted(known)}",
                )  # fmt: skip
