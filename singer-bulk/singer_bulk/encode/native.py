"""The native pass: lines of one stream -> rows, by the C library of ../../native, where there is one.

Without a library, or one of another version, rows are the definition's alone (`blocks.py`).
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from functools import reduce
from typing import Any, NamedTuple, TypeVar

from singer_bulk.encode.gzip_files import Rows
from singer_bulk.encode.native_plan import AddedStruct, Plan, PlanStruct, added_struct, struct
from singer_bulk.encode.rows import RowEncoder
from singer_bulk.model.file_format import FileFormat
from singer_bulk.model.library import Signature, functions
from singer_bulk.model.messages import are_plain
from singer_bulk.model.seen import ColumnSeen, merge

# Rows of one call; more lines take another one.
OUT_BYTES, UNSURE_LINES = 1 << 20, 4096
_SEEN = ("values", "whole_digits", "digits", "beyond_double", "longest")
_Seen = struct("_Seen", *((name, c_uint64) for name in _SEEN))
_Unsure = struct("_Unsure", *((name, c_uint64) for name in ("line", "start", "end", "place")))
_Result = struct("_Result", *((name, c_uint64) for name in ("read", "written", "lines", "unsure_count")))
_Unsures = _Unsure * UNSURE_LINES

_SIGNATURES: dict[str, Signature] = {
    "native_token_bytes": ([], c_uint32),
    "native_prepare": ([POINTER(PlanStruct)], c_int32),
    "native_row_bound": ([POINTER(PlanStruct), c_uint64], c_uint64),
    "native_encode": (
        [
            POINTER(PlanStruct), c_void_p, c_void_p, c_uint64, c_int64, c_void_p, c_uint64, POINTER(_Unsure), c_uint64,
            POINTER(_Seen), POINTER(_Result),
        ],
        None,
    ),
}  # fmt: skip

T = TypeVar("T")


class Left(NamedTuple):
    """A line that the definition has to encode: its number within the run, its text, and how many bytes of rows are
    before its row."""

    number: int
    text: bytes
    place: int


class Buffers:
    """What one call at a time writes into: kept for the next call of any plan, unless a long line made it large."""

    def __init__(self, out_bytes: int) -> None:
        self.out = (ctypes.c_char * out_bytes)()
        self.view = memoryview(self.out).cast("B")
        self.tokens = (ctypes.c_char * 0)()
        self.unsure = _Unsures()
        self.result = _Result()


_free: list[Buffers] = []


def _taken(free: list[Any]) -> Any:
    """Return one of those that no thread uses, None if there is none; another thread may take the last one."""
    try:
        return free.pop()
    except IndexError:
        return None


class NativeRows:
    """The rows of one plan; used by several threads at a time."""

    def __init__(self, library: Any, rows: RowEncoder, plan: Plan) -> None:
        self._library = library
        self._rows = rows
        self._plan = plan
        self._seen: list[Any] = []  # an array for each thread
        self._free: list[Any] = []  # those that no thread uses now

    def encode(self, text: bytes, sequence: int, take: Callable[[Rows, list[Left]], T]) -> T:
        """Hand the rows of whole lines over, and the lines that are left out; the rows are gone when `take` returns."""
        plan = PlanStruct.from_buffer_copy(self._plan.struct)
        parts = self._rows.parts()
        added = (AddedStruct * len(parts))(*map(added_struct, parts))
        plan.added, plan.added_count = added, len(parts)
        needed = self._library.native_row_bound(plan, len(text))
        buffers = (_taken(_free) if needed <= OUT_BYTES else None) or Buffers(max(needed, OUT_BYTES))
        token_bytes = len(self._plan.columns) * self._library.native_token_bytes()
        if len(buffers.tokens) < token_bytes:
            buffers.tokens = (ctypes.c_char * token_bytes)()
        seen = _taken(self._free) or self._new_seen()
        before = bytes(seen)
        try:
            return take(*self._encode(plan, text, sequence, buffers, seen))
        except BaseException:
            ctypes.memmove(seen, before, len(before))  # its rows are encoded once more, or nobody's
            raise
        finally:
            self._free.append(seen)
            if needed <= OUT_BYTES:
                _free.append(buffers)

    def _encode(self, plan: Any, text: bytes, sequence: int, buffers: Buffers, seen: Any) -> tuple[Rows, list[Left]]:
        rows: list[Rows] = []
        left: list[Left] = []
        address = ctypes.cast(ctypes.c_char_p(text), c_void_p).value or 0
        result, unsure = buffers.result, buffers.unsure
        read = lines = before = 0
        while True:
            self._library.native_encode(
                plan, buffers.tokens, address + read, len(text) - read, sequence + lines, buffers.out, len(buffers.out),
                unsure, UNSURE_LINES, seen, result,
            )  # fmt: skip
            assert result.read, "a line has no end"
            written = buffers.view[: result.written]
            for one in unsure[: result.unsure_count]:
                line = text[read + one.start : read + one.end]
                left.append(Left(lines + one.line, line, before + one.place))
            read, lines, before = read + result.read, lines + result.lines, before + result.written
            if read == len(text):
                return (b"".join([*rows, written]) if rows else written), left
            rows.append(bytes(written))

    def _new_seen(self) -> Any:
        seen = (_Seen * max(self._plan.field_count, 1))()
        self._seen.append(seen)
        return seen

    def seen(self) -> tuple[ColumnSeen, ...]:
        """Return what the fields of all rows so far show, by column."""
        nothing = [ColumnSeen()] * self._plan.field_count
        by_thread = [[_column_seen(column) for column in seen[: self._plan.field_count]] for seen in self._seen]
        return tuple(reduce(merge, shown) for shown in zip(nothing, *by_thread, strict=True))


def _column_seen(seen: Any) -> ColumnSeen:
    return ColumnSeen(seen.values, seen.whole_digits, seen.digits, bool(seen.beyond_double), seen.longest)


def native_rows(rows: RowEncoder, file_format: FileFormat) -> NativeRows | None:
    """Return what writes the rows of a RowEncoder; None where there is no library, or a name that it cannot read."""
    library = functions(_SIGNATURES)
    if library is None or not are_plain(column.property for column in rows.columns):
        return None
    demands = rows.check.demands if rows.check is not None else None
    plan = Plan(rows, file_format, demands or {})
    return NativeRows(library, rows, plan) if library.native_prepare(plan.struct) else None
