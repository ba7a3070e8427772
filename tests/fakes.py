"""A stage and a warehouse in memory: they share the seams of the real ones, and can fail at any call."""

from __future__ import annotations

import copy
import gzip
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import IO, Any

from singer_bulk.errors import BulkError, CommitError, StageError, WarehouseError
from singer_bulk.maps.intake import Intake
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.facts import UNWATCHED, Watch
from singer_bulk.model.file_format import FileFormat, FileLayout
from singer_bulk.model.kinds import KINDS, Kind
from singer_bulk.model.load import ClosedBatch, Table, TableLoad
from singer_bulk.model.names import NameRules
from singer_bulk.model.runtime import Standard
from singer_bulk.run import Run
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.base import StageWriter
from singer_bulk.stage.memory import MemoryStage, MemoryWriter
from singer_bulk.warehouse.dialect import Rows, TypeTable, TypeWords
from singer_bulk.warehouse.session import Warehouse

# How the names of fences begin.
FENCE = "_singer_loads__"


class Failure:
    """Raises at the n-th call (counted from 1), before or after the call took effect; never if `at` is 0."""

    def __init__(self, at: int = 0, *, after: bool = False, error: Exception | None = None) -> None:
        self.at, self.after, self.error = at, after, error or WarehouseError("the connection broke", code="RS-LOST")
        self.calls = 0

    def of(self, sql: str) -> None:
        """Raise for a statement, whichever call it is."""

    def around(self, action: Callable[[], Any]) -> Any:
        self.calls += 1
        if self.calls == self.at and not self.after:
            raise self.error
        result = action()
        if self.calls == self.at:
            raise self.error
        return result


@dataclass
class FailingStage(MemoryStage):
    """A stage in memory that fails where it is told to, and counts the files that are open."""

    failure: Failure = field(default_factory=lambda: Failure(error=StageError("the stage broke", code="STAGE-AWAY")))
    refusal: Exception | None = None  # of each call that removes files
    max_files: int = 1 << 30  # that may be open at once
    opened: int = 0

    def open(self, key: str) -> StageWriter:
        self.opened += 1
        return CountedWriter(self, key)

    def has_room(self) -> bool:
        return self.opened <= self.max_files

    def put(self, key: str, content: bytes) -> None:
        self.failure.around(lambda: super(FailingStage, self).put(key, content))

    def remove(self, keys: Iterable[str]) -> None:
        if self.refusal is not None:
            raise self.refusal
        super().remove(keys)

    def rows(self) -> list[bytes]:
        """All rows of all files, decompressed, in the order of keys."""
        return [
            line
            for key in sorted(self.files)
            if key.endswith(".gz")
            for line in gzip.decompress(self.files[key]).splitlines()
        ]


class CountedWriter(MemoryWriter):
    """A file of a stage that counts those that are open."""

    def __init__(self, stage: FailingStage, key: str) -> None:
        super().__init__(stage, key)
        self._counting = stage

    def close(self) -> None:
        self._counting.opened -= 1
        super().close()

    def abort(self) -> None:
        self._counting.opened -= 1
        super().abort()


@dataclass
class Ticking(Standard):
    """A clock that moves only when it is told to, and real threads."""

    moment: datetime = datetime(2020, 6, 1, 12, tzinfo=timezone.utc)
    seconds: float = 0.0

    def pass_seconds(self, seconds: float) -> None:
        self.seconds += seconds
        self.moment += timedelta(seconds=seconds)

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.pass_seconds(seconds)


def settings_with(**changes: Any) -> LoadSettings:
    """Return the settings of a run, without a second process; changes have the settings' own names."""
    own = {"s3_key_prefix": "stage", "default_target_schema": "analytics", "keep_staged_files": True, "encoders": 0}
    return LoadSettings(**{**own, **changes})


class MemoryDialect:
    """Words of a warehouse that understands very little; its types are called what our kinds are."""

    names = NameRules(upper_case=False)
    types = TypeTable(
        {
            **{kind: TypeWords(kind.value, (kind.value,)) for kind in KINDS},
            Kind.DECIMAL: TypeWords("decimal({precision}, {scale})", ("decimal",)),
        },
        max_text=1 << 30,
        precision=38,
    )
    max_columns = None
    ddl_is_transactional = True
    comments_inline = True
    drops_not_null = False
    temporary = "TEMP"
    replaces_scratch = False
    view_clauses = ("", "")
    copies_at_once = 1
    view_in_grant = "VIEW"
    copy_count = None
    tells_written = True

    def fold(self, written: str) -> str:
        return written.lower()

    def table(self, table: Table) -> str:
        return str(table)

    def scratch_table(self, table: Table) -> str:
        return str(table)

    def masked(self, text: str) -> str:
        return text

    def schema_exists(self, schema: str) -> str:
        return "SCHEMA_EXISTS"

    def create_schema(self, schema: str) -> str:
        return "CREATE_SCHEMA"

    def describe_table(self, table: Table) -> str:
        return f"DESCRIBE {table}"

    def type_clause(self, old_type: ColumnType, new_type: ColumnType) -> str | None:
        return None

    def contains(self, text: str, part: str) -> str:
        raise NotImplementedError

    locks_rows = False
    json_in_expressions = True

    def describe_in_transaction(self, tables: Sequence[Table]) -> str:
        return f"DESCRIBE_ALL {' '.join(map(str, tables))}"

    def describe_schema(self, schema: str) -> list[tuple[str, int]]:
        return [(f"DESCRIBE_SCHEMA {schema}", 10_000)]

    def schema_rows(self, rows: Rows) -> Rows:
        return rows

    def catalog_rows(self, rows: Rows) -> Rows:
        return rows

    def is_missing(self, error: WarehouseError) -> bool:
        return False

    def ask_properties(self, tables: Sequence[Table]) -> list[str]:
        return []

    def shown_properties(self, answers: Sequence[Rows]) -> dict[Table, dict[str, str]]:
        return {}

    def view_marks(self, schema: str, views: Any) -> str | None:
        return None

    def show_view(self, view: Table) -> str:
        return f"SHOW_VIEW {view}"

    def view_text(self, rows: Rows, view: Table) -> str | None:
        return None

    def lock(self, tables: Any) -> list[str]:
        return [f"LOCK {table}" for table, _ in tables]

    def manifest(self, batch: ClosedBatch, url: Callable[[str], str]) -> bytes | None:
        return None

    def copies(self, into: str, types: Any, batch: ClosedBatch, url: Any, manifest_key: str | None) -> list[str]:
        return [f"COPY {into} " + json.dumps([file.key for file in batch.files])]

    def copied_rows(self, rows: Rows) -> int:
        return int(rows[0][0])

    def explain(
        self, session: Any, error: WarehouseError, table: TableLoad, batch: ClosedBatch, url: Any, read: Any
    ) -> BulkError:
        return CommitError(f"COPY into {table.table}: {error.text}", code=error.code)


_LITERAL = re.compile(r"'((?:[^'\\]|''|\\\\)*)'|(NULL)|(-?\d+)")
_COLUMN = re.compile(rf'"((?:[^"]|"")+)" ({"|".join(kind.value for kind in KINDS)})\b(?:\((\d+), (\d+)\))?')


def literals(sql: str) -> list[str | int | None]:
    """Return the values of the literals in a statement, in order."""
    return [
        None if null else int(number) if number else text.replace("''", "'").replace("\\\\", "\\")
        for text, null, number in _LITERAL.findall(sql)
    ]


@dataclass
class MemoryWarehouse:
    """Tables of rows, with transactions: what is not committed is nowhere."""

    stage: FailingStage
    failure: Failure = field(default_factory=Failure)
    committed: dict[str, list[str]] = field(default_factory=dict)
    columns: dict[str, list[Column]] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    schemas: bool = True  # whether all of them are there
    closed: bool = False
    _open: dict[str, list[str]] | None = None

    def execute(self, sql: str) -> Rows:
        self.statements.append(sql)
        self.failure.of(sql)
        result: Rows = self.failure.around(lambda: self._run(sql))
        return result

    def execute_all(self, statements: Sequence[str]) -> None:
        for statement in statements:
            self.execute(statement)

    def execute_together(self, calls: Sequence[Sequence[str]], at_once: int) -> None:
        for call in calls:
            self.execute_all(call)

    def lock(self, statements: Sequence[str], max_seconds: int) -> Rows:
        answers = [self.execute(sql) for sql in statements]
        return answers[0]

    def holders(self, tables: Any) -> str:
        return "held by a test"

    def close(self) -> None:
        self._open = None
        self.closed = True

    def transaction(self) -> str:
        return "1"

    def end_transaction(self, name: str) -> None:
        self._open = None

    def rows(self, table: str) -> list[str]:
        return self.committed.get(table, [])

    def ledger_states(self) -> list[Any]:
        return [row[-1] for text in self.rows("analytics._singer_loads") for row in [json.loads(text)]]

    def _run(self, sql: str) -> Rows:
        verb, _, rest = sql.partition(" ")
        table, _, more = rest.partition(" ")
        if verb == "DESCRIBE":
            return [_described(column) for column in self.columns.get(table, [])]
        if verb == "DESCRIBE_ALL":
            return [
                (*one.split("."), *_described(column))
                for one in rest.split(" ")
                for column in self.columns.get(one, [])
            ]
        if verb == "DESCRIBE_SCHEMA":
            named = [
                (one.partition(".")[2], columns) for one, columns in self.columns.items() if one.startswith(f"{rest}.")
            ]
            return [(name, *_described(column)) for name, columns in named for column in columns]
        if verb == "SCHEMA_EXISTS":
            return [(1,)] * self.schemas
        if verb == "CREATE_SCHEMA":
            self.schemas = True
            return []
        if verb in ("CREATE", "ALTER"):
            head, named, listed = sql.partition(" (" if verb == "CREATE" else " ADD COLUMN ")
            assert named, sql
            made = [
                Column(name.replace('""', '"'), ColumnType(Kind(kind), int(precision or 0), int(scale or 0)))
                for name, kind, precision, scale in _COLUMN.findall(listed)
            ]
            self.columns.setdefault(head.split()[-1], []).extend(made)
        elif verb == "LOCK":
            assert self._open is not None, "LOCK outside a transaction"
        elif verb == "BEGIN":
            self._open = copy.deepcopy(self.committed)
        elif verb == "COMMIT":
            assert self._open is not None
            self.committed, self._open = self._open, None
        elif verb == "ROLLBACK":
            self._open = None
        elif FENCE in sql:
            return self._fence(sql)
        elif verb == "SELECT" and "AS keyed" in sql:
            return self._looked(sql)
        elif verb == "SELECT" and rest.startswith("COUNT") and "committed_at" in sql:
            (since,) = literals(sql.rpartition(" > ")[2])
            rows = [json.loads(text) for text in self.rows("analytics._singer_loads")]
            return [(sum((row[14] is None or row[14] < 3) and row[12] > since for row in rows),)]
        elif verb == "SELECT" and "GROUP BY" in sql:
            return self._grouped(sql)
        elif verb == "SELECT" and rest.startswith("COUNT"):
            if " = " not in sql:
                return [(len((self.committed if self._open is None else self._open).get(sql.split()[-1], [])),)]
            (wanted,) = literals(sql.rpartition(" = ")[2])
            rows = [json.loads(text) for text in self.rows("analytics._singer_loads")]
            if "IS NOT NULL" in sql:
                return [(sum(row[1] == wanted and row[-1] is not None for row in rows),)]
            return [(sum(row[0] == wanted for row in rows),)]
        elif verb == "SELECT" and rest.startswith('"load_id" FROM') and "ORDER BY" not in sql:
            (wanted,) = literals(sql.rpartition(" = ")[2])
            rows = [json.loads(text) for text in self.rows("analytics._singer_loads")]
            return [(row[0],) for row in rows if row[0] == wanted]
        elif verb == "SELECT" and rest.startswith("DISTINCT"):
            return [(json.loads(text)[0],) for text in self.rows("analytics._singer_loads")]
        elif verb == "SELECT":
            rows = [json.loads(text) for text in self.rows("analytics._singer_loads")]
            if "ORDER BY" in sql:
                (wanted,) = literals(sql.partition(" = ")[2].partition(" AND ")[0])
                rows = [row for row in rows if wanted in row[:2] and row[-1] is not None]
                if "LIMIT 1" in sql:
                    return [(row[0],) for row in sorted(rows, key=lambda row: -row[10])[:1]]
                return [(row[-1],) for row in sorted(rows, key=lambda row: row[-2])]
            asked = [10, 14] if "ledger_version" in sql else [10]
            return [tuple(max((row[at] for row in rows if row[at] is not None), default=None) for at in asked)]
        else:
            return self._change(verb, table, more)
        return []

    def _grouped(self, sql: str) -> Rows:
        """The keys that a table holds twice, its key being the first column; or what the ledger knows of tables."""
        if "HAVING" in sql:
            keys = [row.split("|")[0] for row in self.rows(sql.split(" FROM ")[1].split()[0])]
            return [(key, keys.count(key)) for key in keys if keys.count(key) > 1][:1]
        rows = [json.loads(text) for text in self.rows("analytics._singer_loads")]
        return [(row[10], row[3], row[2], row[16]) for row in rows if row[3] is not None]

    def _looked(self, sql: str) -> Rows:
        """What is in scratch tables: rows whose first column is the key, none of which is null or more than a row."""
        found = []
        for place, part in enumerate(sql.split(" UNION ALL ")):
            rows = self.committed.get(part.partition(" AS keyed")[0].split(" FROM ")[-1].split(" ")[0], [])
            found.append((place, len(rows), len({row.split("|")[0] for row in rows}), 0, 0, 0, 0))
        return found

    def _fence(self, sql: str) -> Rows:
        """A table of one row, the load_id; what is not in a transaction is committed at once."""
        rows = (self.committed if self._open is None else self._open).setdefault(sql.split(FENCE)[1].split()[0], [])
        if sql.startswith("SELECT"):
            return [(load_id,) for load_id in rows]
        rows[:] = literals(sql.split("VALUES (" if "VALUES" in sql else " = ")[1])[:1]
        return []

    def _change(self, verb: str, table: str, more: str) -> Rows:
        assert self._open is not None, f"{verb} outside a transaction"
        if verb == "DELETE":
            if " " not in more:
                before, self._open[more] = self._open.get(more, []), []
                return [(len(before),)]
        elif verb == "COPY":
            lines = [
                line.decode()
                for key in json.loads(more)
                for line in gzip.decompress(self.stage.files[key]).splitlines()
            ]
            self._open.setdefault(table, []).extend(lines)
            return [(len(lines),)]
        elif verb == "INSERT":
            into, _, rows = more.partition(" VALUES ")
            width, values = into.count(",") + 1, literals(rows)
            made = [json.dumps(values[start : start + width]) for start in range(0, len(values), width)]
            self._open.setdefault(into.split(" ")[0], []).extend(made)
        return []


def _described(column: Column) -> tuple[Any, ...]:
    """Return the row of the catalog for the column."""
    kind = column.type
    return (
        column.name,
        kind.kind.value,
        kind.max_bytes,
        kind.precision,
        kind.scale,
        "YES" if column.nullable else "NO",
        None,
        None,
    )


@dataclass
class Bench:
    """A run against the fakes, and what came out of it."""

    stage: FailingStage = field(default_factory=FailingStage)
    clock: Ticking = field(default_factory=Ticking)
    emitted: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.warehouse = MemoryWarehouse(self.stage)

    def connect(self) -> Any:
        """Return a session of the warehouse; the one it has, unless a test brings its own."""
        return self.warehouse

    def run(
        self,
        source: str | IO[str],
        *,
        mapper: Any = None,
        layout: Any = lambda warehouse: FileLayout(),
        stop_signal: Any = lambda: None,
        watch: Watch = UNWATCHED,
        **settings: Any,
    ) -> None:
        chosen = settings_with(**settings)
        run = Run(
            warehouse=Warehouse(
                self.connect,
                MemoryDialect(),
                ledger=Table("analytics", "_singer_loads"),
                create_schema=bool(settings.get("create_schema")),
                pause=self.clock.pass_seconds,
                monotonic=self.clock.monotonic,
            ),
            stage=self.stage,
            file_format=lambda: FileFormat(b"@null@", 6, True, 65535, 16_000_000, 65535),
            settings=chosen,
            intake=Intake(chosen, mapper),
            emit=self.emitted.append,
            runtime=self.clock,
            layout=layout,
            stop_signal=stop_signal,
            watch=watch,
        )
        run.read(io.StringIO(source) if isinstance(source, str) else source)


def lines(*messages: dict[str, Any]) -> str:
    """Return messages as the lines of a tap."""
    return "".join(json.dumps(message) + "\n" for message in messages)


def schema(stream: str = "orders", **properties: Any) -> dict[str, Any]:
    """Return a SCHEMA; without properties one integer, `id`."""
    declared = properties or {"id": {"type": ["null", "integer"]}}
    return {"type": "SCHEMA", "stream": stream, "schema": {"properties": declared}, "key_properties": []}


def record(stream: str = "orders", **values: Any) -> dict[str, Any]:
    """Return a RECORD."""
    return {"type": "RECORD", "stream": stream, "record": values}


def state(value: Any) -> dict[str, Any]:
    """Return a STATE."""
    return {"type": "STATE", "value": value}
