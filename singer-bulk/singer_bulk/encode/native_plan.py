"""The plan of a stream for the native pass: what its columns are, in the structs of rows.h (../../native)."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from ctypes import POINTER, Structure, c_char_p, c_int32, c_int64, c_uint8, c_uint32
from typing import Any

from singer_bulk.encode.rows import RowEncoder, Varying
from singer_bulk.model.check import Bounds, Choices, Demand, Shape
from singer_bulk.model.columns import INT64_MAX, INT64_MIN, Column, Content
from singer_bulk.model.file_format import FileFormat
from singer_bulk.model.kinds import KINDS, STARTS, Kind

# enum kind of rows.h
_KINDS = {
    Kind.BOOLEAN: 0, Kind.INTEGER: 1, Kind.DECIMAL: 2, Kind.DOUBLE: 3, Kind.TEXT: 4, Kind.DATE: 6, Kind.TIME: 7,
    Kind.DATETIME: 8, Kind.TIMESTAMP: 8, Kind.TIMESTAMPTZ: 9, Kind.JSON: 10,
}  # fmt: skip
_JSON_TEXT, _NO_COLUMN = 5, 11
# enum json_type
_TYPES = {"string": 1, "number": 2, "object": 4, "array": 8, "boolean": 16, "null": 32, "integer": 64}
_ADDED = {Varying.SEQUENCE: 1, Varying.EXTRACTED_AT: 2, Varying.TABLE_VERSION: 3}
_NO_LIMIT = INT64_MAX


def struct(name: str, *fields: tuple[str, Any]) -> Any:
    return type(name, (Structure,), {"_fields_": list(fields)})


_Word = struct("_Word", ("text", c_char_p), ("bytes", c_uint32))


class _Shape(Structure):
    """Holds members that hold shapes."""


_Member = struct("_Member", ("name", c_char_p), ("name_bytes", c_uint32), ("shape", POINTER(_Shape)))
_Shape._fields_ = [
    ("types", c_uint32),
    ("member_count", c_uint32),
    ("members", POINTER(_Member)),
    ("items", POINTER(_Shape)),
]
_Column = struct(
    "_Column",
    ("name", c_char_p),
    ("name_bytes", c_uint32),
    ("kind", c_uint8),
    ("types", c_uint8),
    ("takes_null", c_uint8),
    ("required", c_uint8),
    ("precision", c_int32),
    ("scale", c_int32),
    ("max_bytes", c_int64),
    ("least", c_int64),
    ("most", c_int64),
    ("choices", POINTER(_Word)),
    ("choice_count", c_uint32),
    ("shape", POINTER(_Shape)),
)
AddedStruct = struct("AddedStruct", ("kind", c_uint32), ("bytes", c_uint32), ("text", c_char_p))
PlanStruct = struct(
    "PlanStruct",
    ("columns", POINTER(_Column)),
    ("column_count", c_uint32),
    ("fields", c_uint32),
    ("added", POINTER(AddedStruct)),
    ("added_count", c_uint32),
    ("name_slots", c_uint32),
    ("names", POINTER(c_uint32)),
    ("stream", c_char_p),
    ("null", c_char_p),
    ("stream_bytes", c_uint32),
    ("null_bytes", c_uint32),
    ("fraction_digits", c_uint32),
    ("utc", c_uint8),
    ("takes_unknown", c_uint8),
    ("demands_all", c_uint8),
    ("document_max_bytes", c_int64),
    ("document_string_max_bytes", c_int64),
    ("row_max_bytes", c_int64),
)


class Plan:
    """The plan of one RowEncoder, and what its pointers lead to."""

    def __init__(self, rows: RowEncoder, file_format: FileFormat, demands: Mapping[str, Demand]) -> None:
        self._kept: list[Any] = []
        self.field_count = len(rows.columns)
        passed = rows.passed or ()
        self.columns = (_Column * (len(rows.columns) + len(passed)))()
        for position, column in enumerate(rows.columns):
            demand = demands.get(str(column.property))
            self._fill(self.columns[position], column, file_format, demand, column.property in rows.required)
        for position, name in enumerate(passed, len(rows.columns)):
            text = name.encode()
            self.columns[position] = _Column(name=text, name_bytes=len(text), kind=_NO_COLUMN)
        self.struct = self._struct(rows, file_format)

    def _struct(self, rows: RowEncoder, file_format: FileFormat) -> Any:
        count = len(self.columns)
        slots = 1 << (2 * count + 1).bit_length()
        stream = rows.stream.encode()
        self._kept += [stream, names := (c_uint32 * slots)()]
        json_string = file_format.json_string_max_bytes
        row = file_format.row_max_bytes
        return PlanStruct(
            columns=self.columns,
            column_count=count,
            fields=self.field_count,
            name_slots=slots,
            names=names,
            stream=stream,
            stream_bytes=len(stream),
            null=file_format.null,
            null_bytes=len(file_format.null),
            fraction_digits=file_format.fraction_digits,
            utc=file_format.utc,
            takes_unknown=rows.takes_unknown,
            demands_all=rows.names_missing,
            document_max_bytes=file_format.json_max_bytes,
            document_string_max_bytes=_NO_LIMIT if json_string is None else json_string,
            row_max_bytes=_NO_LIMIT if row is None else row,
        )

    def _fill(self, into: Any, column: Column, file_format: FileFormat, demand: Demand | None, required: bool) -> None:
        name = str(column.property).encode()
        into.name, into.name_bytes = name, len(name)
        kind = column.type.kind
        is_json = kind is Kind.TEXT and column.type.content is Content.JSON
        into.kind = _JSON_TEXT if is_json else _KINDS[kind]
        into.types = _types_of(column)
        into.takes_null, into.required = column.takes_null, required
        into.precision, into.scale = column.type.precision, column.type.scale
        into.max_bytes = min(column.type.max_bytes or file_format.text_max_bytes, file_format.text_max_bytes)
        into.least, into.most = (0, _NO_LIMIT) if kind is Kind.TEXT else (INT64_MIN, INT64_MAX)
        if isinstance(demand, Bounds):
            into.least = into.least if demand.least is None else max(demand.least, into.least)
            into.most = into.most if demand.most is None else demand.most
        elif isinstance(demand, Choices):
            texts = [text.encode() for text in sorted(demand.texts)]
            into.choices = self._keep((_Word * len(texts))(*(_Word(text, len(text)) for text in texts)))
            into.choice_count = len(texts)
        elif isinstance(demand, Shape):
            into.shape = ctypes.pointer(self._shape(demand, at_top=True))

    def _shape(self, shape: Shape, *, at_top: bool = False) -> Any:
        types = sum(_TYPES[name] for name in shape.types)
        if at_top and types:
            types |= _TYPES["null"]  # whether a property may be null is the column's question
        members = (_Member * len(shape.properties))()
        for position, (name, part) in enumerate(shape.properties.items()):
            text = name.encode()
            members[position] = _Member(text, len(text), ctypes.pointer(self._shape(part)))
        items = None if shape.items is None or not shape.items.types else ctypes.pointer(self._shape(shape.items))
        made = _Shape(types, len(members), members, items)
        return self._keep(made)

    def _keep(self, made: Any) -> Any:
        self._kept.append(made)
        return made


def _types_of(column: Column) -> int:
    """Return the JSON types that a column takes, as the native pass knows it, in bits."""
    starts = set(column.type.starts or KINDS[column.type.kind].starts or "".join(STARTS.values()))
    if column.type.kind is Kind.TEXT and column.type.content is not Content.STRINGS and not column.type.starts:
        starts = set("".join(STARTS.values()))
    if column.type.kind is Kind.TEXT and column.type.content is Content.STRINGS:
        starts &= set(STARTS["string"])
    if column.type.kind is Kind.DECIMAL and column.type.content is Content.ANY:
        starts |= set(STARTS["string"])
    if column.is_stamp and column.type.kind is not Kind.BOOLEAN:
        starts -= set(STARTS["boolean"])  # false is no delete
    return sum(
        bit for name, bit in _TYPES.items() if name in STARTS and name != "integer" and set(STARTS[name]) <= starts
    )


def added_struct(part: bytes | Varying) -> Any:
    return AddedStruct(0, len(part), part) if isinstance(part, bytes) else AddedStruct(_ADDED[part], 0, None)
