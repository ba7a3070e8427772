"""What happens when COPY runs?  The order of steps; each is one function.

1. the target's columns, as this session sees them
2. the objects, read with the statement's credentials, into a temporary table of texts
3. the rows that cannot be loaded, with file and line; too many of them end the load
4. INSERT ... SELECT into the target, inside the client's own transaction
"""

from __future__ import annotations

import select
from collections.abc import Iterator

from local_warehouse.redshift.copy import load_columns
from local_warehouse.redshift.copy.delimited import DelimitedReader
from local_warehouse.redshift.copy.load_columns import LoadColumn
from local_warehouse.redshift.copy.load_records import FileCount, LoadError, Outcome
from local_warehouse.redshift.copy.records import BadRecord, Batch
from local_warehouse.redshift.copy.sources import Source, Stage
from local_warehouse.redshift.errors import LoadFailed, NotSupported, RedshiftError
from local_warehouse.redshift.grammar.copy_statement import Copy
from local_warehouse.redshift.postgres import wire
from local_warehouse.redshift.postgres.connection import Admin, literal, quoted

FIELD, ROW = "\x1f", "\x1e"  # separators of the stage's text; a row that holds one takes the slow way


class Load:
    """One run of one COPY on the client's own backend connection."""

    def __init__(self, copy: Copy, backend: Admin, stage: Stage) -> None:
        self.copy = copy
        self.backend = backend
        self.stage = stage
        self._describe()
        self.reader = DelimitedReader(copy, len(self.columns))
        self.limit = 1 << 60 if copy.ignore_all_errors else max(1, copy.max_error)

    def _describe(self) -> None:
        rows = self.backend.run(load_columns.columns_sql(self.copy.schema, self.copy.table))
        oid, schema, table, kind = rows[0][:4]
        if kind != "r":
            raise RedshiftError("42809", f'"{table}" is not a table')
        self.target = f"{quoted(str(schema))}.{quoted(str(table))}"
        self.outcome = Outcome(int(str(oid)), str(table))
        known = {}
        for row in rows:
            name, kind, typmod, not_null, default, identity = row[4:]
            known[str(name)] = LoadColumn(
                str(name), str(kind), int(str(typmod)), not_null == "t", default, bool(identity), identity == "a"
            )
        self.columns = self._chosen(known)

    def _chosen(self, known: dict[str, LoadColumn]) -> list[LoadColumn]:
        if self.copy.columns is None:
            chosen = [c for c in known.values() if not c.always_identity or self.copy.explicit_ids]
        else:
            missing = [name for name in self.copy.columns if name not in known]
            if missing:
                raise RedshiftError("42703", f'column "{missing[0]}" of relation "{self.outcome.table}" does not exist')
            if len(set(self.copy.columns)) < len(self.copy.columns):
                raise RedshiftError("42701", "a column is specified more than once")
            chosen = [known[name] for name in self.copy.columns]
        identities = {column.name for column in known.values() if column.always_identity}
        listed = identities & {column.name for column in chosen}
        if listed and not self.copy.explicit_ids:
            raise RedshiftError(
                "XX000", f"cannot set an identity column to a value: {sorted(listed)[0]}; use EXPLICIT_IDS"
            )
        if identities and self.copy.explicit_ids and not listed:
            raise RedshiftError("XX000", "EXPLICIT_IDS requires the identity column in the column list")
        return chosen

    def run(self) -> Outcome:
        sources = self.stage.sources()
        self.backend.run(f"SELECT pg_catalog.rs_make_stage({literal(self._stage_columns())})")
        self._fill(sources)
        if self._too_many():
            raise self._failed()
        self._judge()
        if self._too_many():
            raise self._failed()
        if not self.copy.no_load:
            self._insert()
        self.backend.run("SELECT pg_catalog.rs_drop_stage()")
        return self.outcome

    def _stage_columns(self) -> str:
        return ", ".join(f"c{n} text" for n in range(len(self.columns)))

    def _too_many(self) -> bool:
        return len(self.outcome.errors) >= self.limit

    def _failed(self) -> LoadFailed:
        self.outcome.failed = True
        return LoadFailed(self.outcome.table)

    def _fill(self, sources: list[Source]) -> None:
        marker = self.copy.null_marker
        if FIELD in marker or ROW in marker:
            raise NotSupported("NULL AS with the characters 0x1e or 0x1f")
        null = literal(_escape(marker))
        channel = self.backend.channel
        start = f"COPY pg_temp.rs_stage FROM STDIN (FORMAT text, DELIMITER E'\\x1f', NULL {null})"
        channel.write(b"Q", wire.cstring(start))
        channel.flush()
        kind, payload = channel.read()
        if kind != b"G":
            self.backend.fail(kind, payload)
        try:
            for text in self._texts(sources):
                channel.write(b"d", text.encode())
                channel.flush()
                if self._interrupted():
                    break
        except BaseException as error:
            channel.write(b"f", wire.cstring("the load stopped"))
            channel.flush()
            self.backend.finish(ignore=not isinstance(error, wire.Disconnected))
            raise
        channel.write(b"c")
        channel.flush()
        self.backend.finish()

    def _interrupted(self) -> bool:
        """Has the backend something to say before the end, such as a cancelled statement?"""
        return bool(select.select([self.backend.channel.sock], [], [], 0)[0])

    def _texts(self, sources: list[Source]) -> Iterator[str]:
        for source in sources:
            count = FileCount(source)
            self.outcome.files.append(count)
            with self.stage.open(source) as stream:
                for batch in self.reader.batches(stream):
                    self._count(count, batch)
                    if batch.rows:
                        yield staged_text(batch.rows)
                    if self._too_many():
                        return
                count.bytes = stream.compressed_bytes  # type: ignore[attr-defined]

    def _count(self, count: FileCount, batch: Batch) -> None:
        count.rows += len(batch.rows)
        for bad in batch.bad:
            if self._too_many():
                return
            count.errors += 1
            column = self.columns[bad.column] if bad.column is not None and bad.column < len(self.columns) else None
            self.outcome.errors.append(LoadError(count.source.url, bad, column))

    def _judge(self) -> None:
        """Find the staged rows that cannot be loaded."""
        staged = load_columns.staged_sql(self.columns, self.copy)
        faulty = load_columns.faulty_sql(self.columns, self.copy)
        self.bad_rows = int(str(self.backend.run(f"SELECT count(*) FROM {staged} WHERE {faulty}")[0][0]))
        if self.bad_rows:
            limit = min(self.bad_rows, self.limit)
            faults = self.backend.run(load_columns.faults_sql(self.columns, self.copy, limit))
            self.outcome.errors += self._located(faults)

    def _located(self, faults: list[list[str | None]]) -> Iterator[LoadError]:
        """Read the files again up to the rows at fault, for their lines."""
        wanted = {int(str(row[0])): row for row in faults}
        first = 1
        for count in self.outcome.files:
            here = {n - first: row for n, row in wanted.items() if first <= n < first + count.rows}
            first += count.rows
            if here:
                count.errors += len(here)
                yield from self._located_in(count.source, here)

    def _located_in(self, source: Source, wanted: dict[int, list[str | None]]) -> Iterator[LoadError]:
        at, left = 0, len(wanted)
        with self.stage.open(source) as stream:
            for block in self.reader.blocks(stream):
                for record in self.reader.records(block):
                    if record.fields is None:
                        continue
                    if at in wanted:
                        _, column_number, code, text = wanted[at]
                        yield self._fault(
                            source, record.line, record.raw, int(str(column_number)), int(str(code)), text or ""
                        )
                        left -= 1
                    at += 1
                if not left:
                    return

    def _fault(self, source: Source, line: int, raw: str, number: int, code: int, text: str) -> LoadError:
        column = self.columns[number]
        reason, position = load_columns.reason(column, code, text)
        return LoadError(source.url, BadRecord(line, raw, code, reason, number, text, position), column)

    def _insert(self) -> None:
        tag = self.backend.command(load_columns.insert_sql(self.target, self.columns, self.copy, bool(self.bad_rows)))
        self.outcome.loaded = int(tag.rsplit(" ", 1)[-1])


def staged_text(rows: list[list[str]]) -> str:
    """Rows as lines of PostgreSQL's COPY text format with FIELD as its delimiter.

    Escaped all at once: a COPY of 200,000 rows of seven fields costs the server 1.2 s of processor time, field by field
    2.1 s.
    """
    block = ROW.join(map(FIELD.join, rows))
    fields = sum(map(len, rows))
    if block.count(ROW) != len(rows) - 1 or block.count(FIELD) != fields - len(rows):
        return "".join(FIELD.join(map(_escape, row)) + "\n" for row in rows)
    return _escape_controls(block).replace(ROW, "\n") + "\n"


def _escape_controls(text: str) -> str:
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\n" in text:
        text = text.replace("\n", "\\n")
    if "\r" in text:
        text = text.replace("\r", "\\r")
    return text


def _escape(text: str) -> str:
    return _escape_controls(text).replace(FIELD, "\\x1f").replace(ROW, "\\x1e")
