"""One file becomes RECORD lines: columns of text, columns of JSON, rows left out, lines in one piece, mark moved."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tap_csv_extract.blocks import Block
from tap_csv_extract.bookmark import ReplicationKey
from tap_csv_extract.columns import converter
from tap_csv_extract.config import FileSet
from tap_csv_extract.encode import RecordEncoder
from tap_csv_extract.engine import Fields, columns_of_rows
from tap_csv_extract.errors import LimitReached, RowRejected, cut
from tap_csv_extract.files import Fault, OpenFile, Start
from tap_csv_extract.kinds import NUMBERS, Kind
from tap_csv_extract.progress import Mark
from tap_csv_extract.rejects import BadRows
from tap_csv_extract.tokens import Row

MARKED = re.compile(r"[+-]?[0-9]+([.,' \u00a0\u202f\u2019][0-9]+)+")
DELETED_AT, SOURCE_FILE, SOURCE_LINE = "_sdc_deleted_at", "_sdc_source_file", "_sdc_source_line"
ADDED = {DELETED_AT: Kind("timestamp"), SOURCE_FILE: Kind("string"), SOURCE_LINE: Kind("integer")}


@dataclass
class Summary:
    """What one stream did."""

    files_read: int = 0
    files_unchanged: int = 0
    files_quarantined: int = 0
    rows: int = 0
    rows_below_bookmark: int = 0
    blank_lines: int = 0
    stopped_by_limit: bool = False


@dataclass
class Stream:
    """One stream to extract. `columns` are those of the files, `is_selected` says which names go into records."""

    file_set: FileSet
    columns: dict[str, Kind]
    is_selected: Callable[[str], bool]
    write: Callable[[memoryview, int], None]  # lines, how many
    checkpoint: Callable[[int], None]  # rows since the last call
    add_columns: Callable[[Mapping[str, Kind]], None]  # send a new SCHEMA
    bad_rows: BadRows
    version: int | None = None
    row_limit: int | None = None
    summary: Summary = field(default_factory=Summary)


class FileExtract:
    """The extraction of one file."""

    def __init__(self, stream: Stream, opened: OpenFile, mark: Mark, key: ReplicationKey | None) -> None:
        self._stream, self._opened, self._mark, self._key = stream, opened, mark, key
        self._names = opened.names or ()
        file_set = stream.file_set
        also = (file_set.replication_key, file_set.operation, file_set.operation_time)
        self._needed = [(i, name) for i, name in enumerate(self._names) if stream.is_selected(name) or name in also]
        self._converters = [converter(stream.columns[name]) for _, name in self._needed]
        added = [name for name in file_set.added_columns if stream.is_selected(name)]
        self._sent = [name for name in self._names if stream.is_selected(name)] + added
        kinds = {**ADDED, **stream.columns}
        self._encoder = RecordEncoder(file_set.stream, [(name, kinds[name]) for name in self._sent], stream.version)

    def run(self, save: Callable[[], None]) -> None:
        """Read the file from its mark to its end; `save` is called when the rows up to the mark are written."""
        mark, opened = self._mark, self._opened
        if mark.offset:
            opened.skip_to(Start(mark.offset, mark.line))
        else:
            mark.add_header(opened.header_bytes, opened.start.offset, opened.start.line)
        block = None
        for block in opened.blocks():
            mark.add(block.data)
            opened.watch.look(mark)
            rows = self._send(block)
            mark.line, mark.rows = block.first_line + block.lines, mark.rows + rows
            save()
            self._stream.checkpoint(rows)
        opened.watch.look(mark, ended=True)
        if mark.rows == 0 and block is None and mark.tail[-1:] not in (b"\n", b"\r"):
            mark.restart()  # the header itself may not be complete
        if block is not None and block.data[-1:] not in (b"\n", b"\r"):
            for last in opened.rows(block)[-1:]:
                mark.open_row = {"offset": block.start + last.start, "line": last.line, "rows": mark.rows - 1}

    def _send(self, block: Block) -> int:
        """Write the rows of a block; return how many rows were read."""
        fields = self._opened.fields(block)
        if fields is None:
            fields = self._without_faults(block)
        else:
            self._stream.summary.blank_lines += _lines_left_out(block, fields)
        columns, fits = self._convert(block, fields)
        keep = self._key.keep(columns[self._stream.file_set.replication_key or ""]) if self._key else None
        if keep is not None:
            self._stream.summary.rows_below_bookmark += fields.count - (pc.sum(keep).as_py() or 0)
        columns.update(self._added(block, fields, columns))
        sent, count = [columns[name] for name in self._sent], fields.count
        for mask in (keep, fits):
            if mask is not None:
                keep = mask if keep is None or keep is mask else pc.and_(keep, mask)
        if keep is not None:
            sent, count = [values.filter(keep) for values in sent], pc.sum(keep).as_py() or 0
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

    def _without_faults(self, block: Block) -> Fields:
        """Read a block that holds bad rows: refuse them and keep the others."""
        bad_rows, width, good = self._stream.bad_rows, len(self._names), []
        for row in self._opened.rows(block):
            if bad_rows.pads and not row.fault and len(row.fields) < width:
                row.fields.extend([None] * (width - len(row.fields)))
                bad_rows.padded += 1
            fault = self._opened.fault(row)
            if fault is None:
                good.append(row)
            else:
                self._refuse(block, row, fault)
        return columns_of_rows(good, width)

    def _refuse(self, block: Block, row: Row, fault: Fault) -> None:
        column = self._names[fault.place] if fault.place is not None else None
        raw = self._opened.text.original(block.data[row.start : row.end])
        error = RowRejected(self._opened.name, row.line, column, fault.reason, code=fault.code)
        self._stream.bad_rows.refuse(error, raw, row.lines)

    def _convert(self, block: Block, fields: Fields) -> tuple[dict[str, Any], Any | None]:
        """Turn the columns that are needed into JSON; and the mask of rows whose every value fits, None if all do."""
        columns: dict[str, Any] = {}
        bad: dict[int, int] = {}  # row -> place of its first value that does not fit
        for (place, name), convert in zip(self._needed, self._converters, strict=True):
            converted = convert(fields.columns[place])
            columns[name] = converted.values
            for number in converted.bad:
                bad.setdefault(number, place)
        for number, place, reason in self._wrong_operations(fields):
            bad.setdefault(number, place)
            if bad[number] == place:
                fault = Fault(reason, place, code="CSV-ROW-OPERATION")
                self._refuse(block, self._row(block, fields, number), fault)
                bad[number] = -1
        for number in sorted(number for number, place in bad.items() if place >= 0):
            self._refuse_value(block, fields, number, bad[number])
        return columns, self._mask(fields.count, bad) if bad else None

    @staticmethod
    def _mask(count: int, bad: Mapping[int, int]) -> Any:
        mask = np.ones(count, bool)
        mask[list(bad)] = False
        return pa.array(mask)

    def _row(self, block: Block, fields: Fields, number: int) -> Row:
        return (fields.rows or self._opened.rows(block))[number]

    def _refuse_value(self, block: Block, fields: Fields, number: int, place: int) -> None:
        kind, value = self._stream.columns[self._names[place]], fields.columns[place][number].as_py()
        marks = "set 'decimal_mark' and 'thousands_mark', " if kind.name in NUMBERS and MARKED.fullmatch(value) else ""
        reason = (
            f"{cut(value)} is no {kind.title}; {marks}declare the column in 'types' (as string, if nothing else fits), "
            "add the text to 'null_values' or set 'on_bad_row'"
        )
        self._refuse(block, self._row(block, fields, number), Fault(reason, place, code="CSV-ROW-VALUE"))

    def _wrong_operations(self, fields: Fields) -> Sequence[tuple[int, int, str]]:
        """The rows of a change file whose operation is unknown: row, column, reason."""
        file_set = self._stream.file_set
        if DELETED_AT not in file_set.added_columns or file_set.operation not in self._names:
            return ()
        place = self._names.index(file_set.operation)
        values = fields.columns[place]
        known = file_set.operations
        texts = {text for text in values.unique().to_pylist() if text is None or text.lower() not in known}
        if not texts:
            return ()
        expected = f"is no operation, expected one of {sorted(known)}; set 'operation_values' or 'on_bad_row'"
        return [
            (number, place, f"{'NULL' if text is None else cut(text)} {expected}")
            for number, text in enumerate(values.to_pylist())
            if text in texts
        ]

    def _added(self, block: Block, fields: Fields, columns: Mapping[str, Any]) -> dict[str, Any]:
        """The columns that are not in the file."""
        added = {}
        adds = [name for name in self._stream.file_set.added_columns if name in self._sent]
        if DELETED_AT in adds:
            added[DELETED_AT] = self._deleted_at(columns)
        if SOURCE_FILE in adds:
            name = converter(Kind("string"))(pa.array([self._opened.name])).values[0]
            added[SOURCE_FILE] = pa.repeat(name, fields.count)
        if SOURCE_LINE in adds:
            if block.plain is not None and block.lines == fields.count and fields.rows is None:
                lines = pa.array(np.arange(block.first_line, block.first_line + fields.count))
            else:
                rows = fields.rows if fields.rows is not None else self._opened.rows(block)
                lines = pa.array([row.line for row in rows], pa.int64())
            added[SOURCE_LINE] = lines.cast(pa.string())
        return added

    def _deleted_at(self, columns: Mapping[str, Any]) -> Any:
        """When a row was deleted: by `operation_time` if it is set, else the time of extraction; NULL if it stands."""
        file_set = self._stream.file_set
        encoded = columns[file_set.operation or ""].dictionary_encode()
        names = [file_set.operations.get(str(text).lower()) for text in encoded.dictionary.to_pylist()]
        deletes = pa.array([name == "delete" for name in names], pa.bool_()).take(encoded.indices)
        now = datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
        times = columns[file_set.operation_time].fill_null(now) if file_set.operation_time else pa.scalar(now)
        return pc.if_else(deletes, times, pa.scalar(None, pa.string()))


def _lines_left_out(block: Block, fields: Fields) -> int:
    """Blank and comment lines: what remains of the block's lines when those of its rows are taken away."""
    if fields.rows is not None:
        return block.lines - sum(row.lines for row in fields.rows)
    if block.lines == fields.count:
        return 0
    counts = [pc.count_substring_regex(values, r"\r\n|\r|\n") for values in fields.columns]
    within: int = sum(pc.sum(lines, min_count=0).as_py() for lines in counts)
    return block.lines - fields.count - within
