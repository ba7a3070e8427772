"""Rows of Parquet and Arrow IPC -> RECORD lines, each value as the JSON that says exactly it.

What JSON cannot say exactly is refused by the column's name: bytes, durations, maps, NaN. pyarrow, an extra, is
imported with the first such file.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

import msgspec

from singer_bulk.batch_files.bytes_of import decompressed, refused
from singer_bulk.errors import ConfigError, shown
from singer_bulk.errors.places import places
from singer_bulk.model.messages import BatchFiles, Records

ROWS = 4096  # that are Python objects at once
EXTRA = "files of {} need pyarrow, which is not installed; install the extra `batch`"
# The last eight bytes of a stream of Arrow that its writer has closed; without them a cut is not to be seen.
# https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format
END_OF_STREAM = b"\xff\xff\xff\xff\x00\x00\x00\x00"
_encode = msgspec.json.Encoder(decimal_format="number").encode

Cell = Callable[[Any], bytes]


def records_of_table(
    message: BatchFiles,
    address: str,
    parts: Iterator[bytes],
    around: tuple[bytes, bytes],
) -> Iterator[Records]:
    """Yield the records of a file of rows; raises BulkError."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise ConfigError(EXTRA.format(message.encoding["format"]), code="CFG-BATCH") from error
    number = places.begin(address, "row")
    try:
        for batch, cells in _READERS[message.encoding["format"]](message, address, parts):
            if len(set(batch.schema.names)) < len(batch.schema.names):
                raise refused(address, "has two columns of one name", "give each its own")
            names = [_encode(name) + b":" for name in batch.schema.names]
            for start in range(0, batch.num_rows, ROWS):
                part = batch.slice(start, ROWS)
                lines = lines_of(names, [column.to_pylist() for column in part.columns], cells, around)
                numbers = range(number + 1, number + 1 + part.num_rows)
                number += part.num_rows
                yield Records.of_lines(message.stream, lines, numbers)
    except (pa.ArrowException, UnicodeDecodeError) as error:
        problem = f"cannot be read as {message.encoding['format']}: {shown(str(error))}"
        raise refused(address, problem, "write it again") from error


def lines_of(
    names: list[bytes], columns: list[list[Any]], cells: list[Cell], around: tuple[bytes, bytes]
) -> list[bytes]:
    """Return the RECORD lines of values by column; `names`: as JSON, with their colon; `around`: what an object stands
    in."""
    head, tail = around
    written = [
        [name + (b"null" if value is None else cell(value)) for value in values]
        for name, values, cell in zip(names, columns, cells, strict=True)
    ]
    return [head + b"{" + b",".join(row) + b"}" + tail for row in zip(*written, strict=True)]


def _spooled(address: str, parts: Iterator[bytes], compression: str | None, magic: bytes) -> IO[bytes]:
    """Return the file on this machine's disk, since it is read from its end on.

    Taps say of a Parquet file how its columns are compressed; one that is compressed as a whole begins otherwise.
    """
    begin = b""
    for part in parts:
        begin += part
        if len(begin) >= len(magic):
            break
    whole = _with(begin, parts)
    file = tempfile.TemporaryFile()  # noqa: SIM115 - its reader closes it
    for part in whole if begin.startswith(magic) else decompressed(address, whole, compression):
        file.write(part)
    file.seek(0)
    return file


def _with(begin: bytes, parts: Iterator[bytes]) -> Iterator[bytes]:
    yield begin
    yield from parts


def _parquet(message: BatchFiles, address: str, parts: Iterator[bytes]) -> Iterator[tuple[Any, list[Cell]]]:
    from pyarrow import parquet

    with _spooled(address, parts, message.encoding.get("compression"), b"PAR1") as file:
        found = parquet.ParquetFile(file)
        cells = [_exact(address, field) for field in found.schema_arrow]
        for batch in found.iter_batches(ROWS):
            yield _castable(batch), cells


def _arrow(message: BatchFiles, address: str, parts: Iterator[bytes]) -> Iterator[tuple[Any, list[Cell]]]:
    import pyarrow as pa

    with _spooled(address, parts, message.encoding.get("compression"), b"ARROW1") as file:
        if file.read(6) == b"ARROW1":
            whole = pa.ipc.open_file(file)
            batches = (whole.get_batch(at) for at in range(whole.num_record_batches))
        else:
            file.seek(-min(8, file.seek(0, io.SEEK_END)), io.SEEK_END)
            if file.read() != END_OF_STREAM:
                raise refused(address, "does not end as a stream of Arrow does", "it is cut off; write it again")
            file.seek(0)
            whole = pa.ipc.open_stream(file)
            batches = iter(whole)
        cells = [_exact(address, field) for field in whole.schema]
        for batch in batches:
            yield _castable(batch), cells


def _castable(batch: Any) -> Any:
    """Return the batch with texts in the place of times, whose digits Python would cut, and of dictionaries' places."""
    import pyarrow as pa

    columns = []
    for column in batch.columns:
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        kind = column.type
        if pa.types.is_timestamp(kind) or pa.types.is_date(kind) or pa.types.is_time(kind):
            column = column.cast(pa.string())
        columns.append(column)
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _exact(address: str, field: Any) -> Cell:
    """Return what writes a column's values as JSON; raises BulkError for a type that JSON does not hold."""
    from pyarrow import types

    kind = field.type.value_type if types.is_dictionary(field.type) else field.type
    if types.is_floating(kind):

        def of_float(value: float) -> bytes:
            if value - value != 0:
                raise refused(address, f"has {value} in column {field.name!r}", "JSON has no such number; write null")
            return _encode(value)

        return of_float
    if types.is_temporal(kind) and not types.is_duration(kind) and not types.is_interval(kind):
        return _encode
    if _is_plain(kind):
        return _encode
    raise refused(
        address, f"has column {field.name!r} of type {kind}, which is not taken", "write it as text, or leave it out"
    )


def _is_plain(kind: Any) -> bool:
    """Return whether Python's values of the type are those of JSON, in lists and structs too."""
    from pyarrow import types

    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        return _is_plain(kind.value_type)
    if types.is_struct(kind):
        return all(_is_plain(kind.field(at).type) for at in range(kind.num_fields))
    tests = (types.is_integer, types.is_boolean, types.is_string, types.is_large_string, types.is_decimal)
    return types.is_null(kind) or any(test(kind) for test in tests)


_READERS: dict[str, Callable[..., Iterator[tuple[Any, list[Cell]]]]] = {
    "parquet": _parquet,
    "arrow": _arrow,
}
