"""What is noted while a run goes on over nothing: statements, tables, files, and what was seen of each column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from singer_bulk.model.columns import Column
from singer_bulk.model.load import ClosedBatch, StagedFile, Table
from singer_bulk.model.seen import ColumnSeen, merge

# Statements and files that are kept to be shown, of each kind; all are counted. A file is some 200 bytes, a COPY of 300
# columns some 20 kB.
MAX_KEPT = 1000

# Words by which statements change what is in the warehouse beside rows.
DDL = ("CREATE", "ALTER", "COMMENT", "GRANT", "DROP")


@dataclass
class PlannedStream:
    """What a stream brings: by column its property and what was seen, and its files."""

    row_count: int = 0
    byte_count: int = 0  # of rows, before compression
    staged_bytes: int = 0
    file_count: int = 0
    files: list[StagedFile] = field(default_factory=list)
    seen: dict[str, ColumnSeen] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)

    def take(self, batch: ClosedBatch) -> None:
        """Add what a batch brings."""
        self.row_count += batch.row_count
        self.byte_count += batch.byte_count
        self.staged_bytes += sum(file.byte_count for file in batch.files)
        self.file_count += len(batch.files)
        self.files += batch.files[: max(0, MAX_KEPT - len(self.files))]
        for column in batch.columns:
            if column.property is not None:
                self.properties[column.name] = column.property
        for column, seen in zip(batch.columns, batch.seen, strict=False):
            self.seen[column.name] = merge(self.seen.get(column.name, ColumnSeen()), seen)


@dataclass
class Plan:
    """All of it. tables: as they stand when the run has come so far; statements: by their first word."""

    tables: dict[Table, dict[str, Column]] = field(default_factory=dict)
    streams: dict[str, PlannedStream] = field(default_factory=dict)
    statements: Counter[str] = field(default_factory=Counter)
    ddl: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    calls: int = 0
    states: int = 0
    manifests: int = 0

    def note(self, statements: Sequence[str]) -> None:
        """Take down what is sent in one call."""
        self.calls += 1
        for sql in statements:
            word = sql.split(None, 1)[0].upper()
            self.statements[word] += 1
            if word in DDL and len(self.ddl) < MAX_KEPT:
                self.ddl.append(sql)
            elif word == "COPY" and len(self.copies) < MAX_KEPT:
                self.copies.append(sql)

    def take(self, batch: ClosedBatch) -> None:
        """Take down a batch that is copied."""
        self.streams.setdefault(batch.stream, PlannedStream()).take(batch)

    def emit(self, state: str) -> None:
        """Count a STATE."""
        self.states += 1
