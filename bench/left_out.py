"""What goes to the definition: `python -m bench.left_out [--config SETTINGS] FILE...` prints it for each stream.

Each FILE, what a tap has written, is loaded by both targets with their settings as they come (and those of SETTINGS, a
JSON file), warehouse and S3 stubbed, metadata columns on. The native pass leaves out the lines of which it is not
certain; here each of them is asked why, property by property.
"""

from __future__ import annotations

import argparse
import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import msgspec
from singer_bulk.encode.blocks import BlockEncoder
from singer_bulk.encode.gzip_files import Rows
from singer_bulk.encode.native import Left, native_rows
from singer_bulk.encode.record_decoder import record_of
from singer_bulk.encode.rows import RowEncoder
from singer_bulk.errors import BulkError, RecordInvalid, shown
from singer_bulk.model.columns import Column
from singer_bulk.model.file_format import FileFormat
from singer_bulk.model.messages import Records

from bench.stub import REDSHIFT, SNOWFLAKE, stubbed, target_of

TARGETS = {"redshift": REDSHIFT, "snowflake": SNOWFLAKE}
METADATA = {"add_record_metadata": True, "process_activate_version_messages": False}
ASKED = 100  # lines of a stream that are asked why, which takes long


@dataclass
class Observed:
    """The lines of each stream that the definition has encoded, and why some of them."""

    lines: dict[str, set[int]] = field(default_factory=dict)
    reasons: dict[str, Counter[str]] = field(default_factory=dict)

    def take(self, rows: RowEncoder, file_format: FileFormat, records: Records) -> None:
        """Take note of a run of them."""
        lines = self.lines.setdefault(records.stream, set())
        reasons = self.reasons.setdefault(records.stream, Counter())
        for number, line in zip(records.line_numbers, records.lines, strict=True):
            if number not in lines and len(lines) < ASKED:
                reasons.update(sorted(reasons_of(rows, file_format, line)))
            lines.add(number)


def reasons_of(rows: RowEncoder, file_format: FileFormat, line: bytes) -> set[str]:
    """Return why a line is left out, as far as the parts of it tell when each stands alone."""
    if native_rows(rows, file_format) is None:
        return {"no native pass"}
    if rows.check is not None and rows.check.demands is None and not _passes(rows, line):
        return {"a keyword of the SCHEMA"}
    try:
        record, message = record_of(line), msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return {"no plain RECORD"}
    known = {str(column.property): column for column in rows.columns}
    found = {
        _reason(known[name], raw) for name, raw in record.items() if name in known
        if _is_left(rows, [known[name]], file_format, _line(rows.stream, {name: raw}))
    }  # fmt: skip
    found |= {f"not in the SCHEMA: {name}" for name in record.keys() - known.keys() if not rows.takes_unknown}
    found |= {f"missing: {name}" for name in rows.required - record.keys()}
    for name in message.keys() - {"type", "stream", "record"}:
        rest = {**message, name: msgspec.Raw(b"null")}
        if not _is_left(rows, rows.columns, file_format, msgspec.json.encode(rest)):
            found.add(f"{name}: {shown(bytes(message[name]))}")
    return found or {"not told by the parts of it"}


def _passes(rows: RowEncoder, line: bytes) -> bool:
    assert rows.check is not None
    try:
        rows.check(Records.of_lines(rows.stream, [line], [1]))
    except RecordInvalid:
        return False
    return True


def _line(stream: str, record: Any) -> bytes:
    return msgspec.json.encode({"type": "RECORD", "stream": stream, "record": record})


def _is_left(rows: RowEncoder, columns: Any, file_format: FileFormat, line: bytes) -> bool:
    alone = native_rows(RowEncoder(rows.stream, columns, file_format, check=rows.check), file_format)
    return alone is None or alone.encode(line + b"\n", 0, _are_left)


def _are_left(rows: Rows, left: list[Left]) -> bool:
    return bool(left)


def _reason(column: Column, raw: msgspec.Raw) -> str:
    kind = column.type
    size = f"({kind.precision}, {kind.scale})" if kind.precision else f"({kind.max_bytes})" if kind.max_bytes else ""
    return f"{column.property} {kind.kind.name}{size}: {shown(bytes(raw))}"


def observed(target: str, source: Path, settings: dict[str, Any]) -> tuple[Observed, str]:
    """Load a file into nothing; return what was left out, and the error that ended the run, if one did."""
    # ACTIVATE_VERSION acts on the table, and the stubbed warehouse has no rows.
    config = {**TARGETS[target], **METADATA, **settings, "encoders": 0}
    loader = stubbed(target_of(target))(config=config)
    with watching() as seen, open(source, encoding="utf-8") as file, open(os.devnull, "w") as nowhere:
        try:
            with redirect_stdout(nowhere):
                loader.listen(file)
        except BulkError as error:
            return seen, str(error)
    return seen, ""


@contextmanager
def watching() -> Iterator[Observed]:
    """Take note of what goes to the definition."""
    seen, by_definition = Observed(), BlockEncoder._by_definition

    def watched(self: BlockEncoder, records: Records, sequence: int) -> bytes:
        made = by_definition(self, records, sequence)
        seen.take(self._rows, self._file_format, records)
        return made

    with patch.object(BlockEncoder, "_by_definition", watched):
        yield seen


def records_of(source: Path) -> Counter[str]:
    """Return how many RECORDs of each stream a file has."""
    header = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
    counts: Counter[str] = Counter()
    with open(source, "rb") as file:
        for line in file:
            message = header(line)
            if bytes(message["type"]) == b'"RECORD"':
                counts[msgspec.json.decode(message["stream"])] += 1
    return counts


def main() -> None:
    """Print a table: a line for each stream and target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path)
    parser.add_argument("--reasons", type=int, default=3)
    parser.add_argument("files", nargs="+", type=Path)
    options = parser.parse_args()
    settings = json.loads(options.config.read_text()) if options.config else {}
    print("| file, stream | target | records | left out | share | why, how often |")
    print("|---|---|---:|---:|---:|---|")
    for path in options.files:
        for target in TARGETS:
            seen, error = observed(target, path, settings)
            if error:
                print(f"| {path.stem} | {target} | | | | ended by: {error} |", flush=True)
                continue
            for stream, count in records_of(path).items():
                left = len(seen.lines.get(stream, ()))
                common = seen.reasons.get(stream, Counter()).most_common(options.reasons)
                why = "; ".join(f"{times} x `{reason}`" for reason, times in common)
                row = f"| {path.stem}, {stream} | {target} | {count:,} | {left:,} | {left / count:.2%} | {why} |"
                print(row, flush=True)


if __name__ == "__main__":
    main()
