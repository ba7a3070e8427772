"""May the stream load its table? What other streams and earlier loads have to do with it, asked at the SCHEMA."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Callable, Iterator

from singer_bulk.errors import ConfigError, shown
from singer_bulk.model.added import DELETED_SUFFIX, LIVE_SUFFIX
from singer_bulk.model.load import LoadMethod, Table
from singer_bulk.model.names import NameRules
from singer_bulk.warehouse.known_tables import KnownTable, KnownTables, key_held_twice, known_tables, row_count
from singer_bulk.warehouse.session import Warehouse
from singer_bulk.warehouse.views import CURRENT_SUFFIX, HISTORY_SUFFIX

_SUFFIXES = (LIVE_SUFFIX, DELETED_SUFFIX, CURRENT_SUFFIX, HISTORY_SUFFIX, LIVE_SUFFIX + DELETED_SUFFIX)


def tables_of(table: Table, method: LoadMethod, names: NameRules) -> list[Table]:
    """Return the table of a stream, and the tables and views that the loader keeps for it."""

    def further(base: Table, suffix: str) -> Table:
        return Table(table.schema, names.second_name(base.name, suffix))

    applied = further(table, LIVE_SUFFIX) if method.live else table
    found = [
        table,
        *([applied] if method.live else []),
        *([further(applied, DELETED_SUFFIX)] if method.forgets else []),
    ]
    return found + [further(table, suffix) for suffix in (CURRENT_SUFFIX, HISTORY_SUFFIX) if method.viewed]


class Known:
    """What a run knows of tables: what the ledger said when it was first asked, and the streams of this run."""

    def __init__(self) -> None:
        self._tables: dict[str, KnownTable] | None = None
        self._entered: dict[str, KnownTable] = {}

    def tables(self, warehouse: Callable[[], Warehouse]) -> KnownTables:
        """Return all that are known, by name."""
        if self._tables is None:
            self._tables = known_tables(warehouse())
        return ChainMap(self._entered, self._tables)

    def enter(self, stream: str, table: Table, method: LoadMethod) -> None:
        """Remember that a stream of this run loads the table, and by which keys."""
        keys = method.keys if method.applies else None
        self._entered[str(table)] = KnownTable(frozenset((stream,)), keys, is_last=method.applies)


def demand_table(
    stream: str,
    tables: list[Table],
    method: LoadMethod,
    known: Callable[[], KnownTables],
    warehouse: Callable[[], Warehouse],
    names: NameRules,
) -> None:
    """Raise ConfigError where the stream may not load its tables; the ledger is asked only where it can know."""
    if method.applies or tables[1:] or any(_bases(tables[0], names)):
        there = known()
        demand_own(stream, tables, there, warehouse(), names)
        demand_same_keys(stream, tables, method, there, warehouse())


def demand_own(stream: str, tables: list[Table], known: KnownTables, warehouse: Warehouse, names: NameRules) -> None:
    """Raise ConfigError where a table is one that the loader keeps for another stream, or the other way round."""
    for kept in tables[1:]:
        others = known.get(str(kept), KnownTable(frozenset())).streams - {stream}
        if others:
            raise _claimed(stream, kept, f"is loaded by stream {sorted(others)[0]!r}")
    for base in _bases(tables[0], names):
        there = known.get(str(base))
        if there and str(tables[0]) not in known and warehouse.columns(tables[0]):
            raise _claimed(stream, tables[0], f"is what the loader keeps for stream {sorted(there.streams)[0]!r}")


def _bases(table: Table, names: NameRules) -> Iterator[Table]:
    for suffix in map(names.fold, _SUFFIXES):
        if table.name.endswith(suffix) and table.name != suffix:
            yield Table(table.schema, table.name.removesuffix(suffix))


def _claimed(stream: str, table: Table, what: str) -> ConfigError:
    return ConfigError(
        f"stream {stream!r}: table {table} {what}; give one of the two another name by a stream map (__alias__)",
        code="STREAM-SAME-TABLE",
    )


def demand_same_keys(stream: str, tables: list[Table], method: LoadMethod, known: KnownTables, seen: Warehouse) -> None:
    """Raise ConfigError where rows would enter by other keys than before, or a key has more than one row already."""
    applied = tables[1] if method.live else tables[0]
    present = seen.columns(applied)
    last = known.get(str(tables[0]), KnownTable(frozenset()))
    if not method.applies or not present:
        return
    missing = [key for key in method.keys if key not in present]
    changed = last.keys is not None and set(last.keys) != set(method.keys)
    if (changed or missing) and row_count(seen, applied):
        before = f"entered by the keys {', '.join(last.keys)}" if last.keys else f"have no {', '.join(missing)}"
        raise ConfigError(
            f"stream {stream!r}: its key properties are {', '.join(method.keys)}, and the rows of table {applied} "
            f"{before}, so the same row would be there twice; set the keys by a stream map (__key_properties__), or "
            "empty the table and load it from the beginning",
            code="STREAM-KEYS-CHANGED",
        )
    twice = None if last.is_last or missing else key_held_twice(seen, applied, method.keys)
    if twice is not None:
        values = ", ".join(f"{key} {shown(value)}" for key, value in zip(method.keys, twice, strict=False))
        raise ConfigError(
            f"stream {stream!r}: table {applied} has {twice[-1]} rows of one key ({values}), and rows enter it by "
            "their keys; remove all but one row of each key, or empty the table and load it from the beginning",
            code="STREAM-KEY-TWICE",
        )
