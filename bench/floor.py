"""What the same bytes cost at least: `python -m bench.floor orjson|native|floor|read < FILE`.

`orjson` decodes each line of the file and drops the result: the yardstick of all ratios. `native` is the native pass
over blocks of the input, every column a text that takes any value, and the compressor: no checks of types and lengths,
no messages, no files. `floor` does what a loader cannot do without, in Python: read, decode with types, write
pipe-delimited rows, compress with zstd 1. It takes every line for a RECORD of one stream whose strings have no escapes,
so it is no loader.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import msgspec

BLOCK_BYTES = 1 << 18
TYPES: dict[str, Any] = {"integer": int, "number": float, "boolean": bool, "string": str, "object": dict, "array": list}
RAW_NULL = msgspec.Raw(b"null")


def decode_lines() -> None:
    """Decode each line with orjson."""
    import orjson

    loads = orjson.loads
    for line in sys.stdin.buffer:
        loads(line)


def blocks() -> Iterator[bytes]:
    """Yield the RECORD lines in blocks."""
    read, rest = sys.stdin.buffer.raw.read, b""  # type: ignore[attr-defined]
    while chunk := read(BLOCK_BYTES):
        head, _, tail = chunk.rpartition(b"\n")
        block, rest = rest + head + b"\n", tail
        if b'{"type": "S' in block:
            yield b"".join(line + b"\n" for line in block.split(b"\n") if line.startswith(b'{"type": "R'))
        else:
            yield block


def message_type(properties: dict[str, Any], *, typed: bool) -> Any:
    """Return the type of a RECORD with typed values, or with values as JSON text."""
    fields: list[Any] = []
    for position, schema in enumerate(properties.values()):
        name = next(kind for kind in schema["type"] if kind != "null") if isinstance(schema["type"], list) else None
        kind = TYPES[name or schema["type"]] | None if typed else msgspec.Raw
        fields.append((f"f{position}", kind, None if typed else RAW_NULL))
    names = {f"f{position}": name for position, name in enumerate(properties)}
    record = msgspec.defstruct("Record", fields, rename=names, gc=False)
    return msgspec.defstruct("Message", [("record", record)], gc=False)


def floor() -> None:
    """Read, decode, write rows, compress."""
    import gc

    import zstandard

    gc.disable()
    first = sys.stdin.buffer.raw.readline()  # type: ignore[attr-defined]
    if not first:
        return
    schema = msgspec.json.decode(first)
    properties = schema["schema"]["properties"]
    typed = msgspec.json.Decoder(message_type(properties, typed=True)).decode_lines
    raw = msgspec.json.Decoder(message_type(properties, typed=False)).decode_lines
    astuple, join = msgspec.structs.astuple, b"\x1f".join
    compressor = zstandard.ZstdCompressor(level=1).compressobj()
    byte_count = 0
    nested = any({"object", "array"} & set(part["type"]) for part in properties.values())
    for block in blocks():
        typed(block)
        rows = b"\x1f\n\x1f".join(join(astuple(message.record)) for message in raw(block))
        if nested:
            rows = rows.replace(b'"', b'""').replace(b'\x1f""', b'\x1f"').replace(b'""\x1f', b'"\x1f')
        rows = rows.replace(b"\x1fnull\x1f", b"\x1f\x1f").replace(b"\x1fnull\x1f", b"\x1f\x1f")
        rows = rows.replace(b"\x1f\n\x1f", b"\n").replace(b"\x1f", b"|")
        byte_count += len(compressor.compress(rows))
    print(byte_count + len(compressor.flush()))


def native() -> None:
    """Read, write rows by the native pass without checks, compress with gzip 1."""
    from singer_bulk.encode.gzip_files import PieceCompressor
    from singer_bulk.encode.native import native_rows
    from singer_bulk.encode.rows import RowEncoder
    from singer_bulk.model.columns import Column, ColumnType, Content
    from singer_bulk.model.file_format import FileFormat
    from singer_bulk.model.kinds import Kind

    first = sys.stdin.buffer.raw.readline()  # type: ignore[attr-defined]
    if not first:
        return
    schema = msgspec.json.decode(first)
    anything = ColumnType(Kind.TEXT, content=Content.ANY)
    columns = [Column(name, anything, name) for name in schema["schema"]["properties"]]
    file_format = FileFormat(b"", 9, False, 16 << 20, 16 << 20)
    rows = native_rows(RowEncoder(schema["stream"], columns, file_format), file_format)
    assert rows is not None
    piece = PieceCompressor().piece
    print(sum(rows.encode(block, 0, lambda rows, left: len(piece(rows).content)) for block in blocks()))


if __name__ == "__main__":
    kinds = {"orjson": decode_lines, "native": native, "floor": floor, "read": lambda: [None for _ in sys.stdin.buffer]}
    kinds[sys.argv[1]]()
