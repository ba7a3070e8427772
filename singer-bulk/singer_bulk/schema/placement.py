"""Where does a property's value go when the table is there already: into its column, a wider one, or a new one?

Decided when a SCHEMA comes, and again when a value outgrows its column; `warehouse/alter_table.py` then changes the
table, when the load commits. A column is widened only where every row keeps its value (the warehouse is asked);
otherwise the property goes to a new column `name__s`, s for its type. The old column and its values always stay.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from singer_bulk.errors import ConfigError
from singer_bulk.model.added import WIDENED
from singer_bulk.model.columns import TIMESTAMPTZ, Column, ColumnType
from singer_bulk.model.file_format import ColumnOutgrown
from singer_bulk.model.kinds import KINDS, Kind
from singer_bulk.model.names import NameRules
from singer_bulk.model.type_fit import fitting, grown, holds_all, is_whole

logger = logging.getLogger(__name__)

WIDEN, ERROR = "widen", "error"


@dataclass(frozen=True)
class EvolutionRules:
    """What the user allows: on_type_change is widen, new_column or error; frozen tables are never altered."""

    on_type_change: str = WIDEN
    frozen: bool = False


@dataclass
class Placement:
    """The columns of one stream's table, and what may become of them.

    present: by name, those of the table and those that uncommitted loads will have added; is_lossless asks the
    warehouse whether each row of a column keeps its value in another type. pending: columns with values in files
    that no load has committed, which nobody can ask.
    """

    stream: str
    present: Mapping[str, Column]
    rules: EvolutionRules
    names: NameRules
    is_lossless: Callable[[Column, ColumnType], bool]
    pending: Collection[str] = ()
    taken: set[str] = field(default_factory=set)
    keys: Collection[str] = ()  # properties that rows are found by, which must stay in their columns
    _beside_of: dict[str, ColumnType] = field(default_factory=dict)

    def remember(self, columns: Collection[Column]) -> None:
        """Take note of columns that a load has, so that a later change knows them."""
        self.present = with_pending(self.present, columns)

    def keep(self, keys: Collection[str]) -> None:
        """Keep these properties in their columns; raises ConfigError if one has gone beside its column already."""
        self.keys = keys
        for name in keys:
            if name in self._beside_of:
                raise self._key_moved(name, self._beside_of[name])

    def _key_moved(self, name: str, here: ColumnType) -> ConfigError:
        return ConfigError(
            f"stream {self.stream!r}: key property {name!r} changed its type, its column is {here}, and the rows that "
            "are there would not be found in another column; widen the column, or load into another table"
        )

    def place(self, wanted: Column) -> Column:
        """Return the column that the property's values go to; raises ConfigError where the user forbids the change."""
        here = self.present.get(wanted.name)
        if here is None:
            if self.present and self.rules.frozen:
                raise self._forbidden(wanted, "does not exist", "schema_evolution is freeze")
            return wanted
        fit = fitting(wanted.type, here.type)
        if fit is not None:
            return replace(wanted, type=fit)
        return self._change(wanted, here)

    def outgrow(self, column: Column, outgrown: ColumnOutgrown) -> Column:
        """Return the column for the rows from here on; raises ValueRejected where the user forbids the change."""
        needed, here = outgrown.needed, self.present.get(column.name)
        if column.type.kind is Kind.DATETIME:
            return replace(column, type=needed)  # it has never been more than a guess
        is_change = needed.kind is not Kind.TEXT
        if (self.rules.frozen and here is not None) or (is_change and self.rules.on_type_change == ERROR):
            raise outgrown.rejected
        if column.property in self.keys and here is not None and grown(here.type, needed) is None:
            raise outgrown.rejected  # no row would be found by a column beside
        if here is None:
            self._tell(column, column.type, f"becomes {needed}")
            return replace(column, type=needed)
        return self._change(replace(column, type=needed), here)

    def _change(self, wanted: Column, here: Column) -> Column:
        is_change = not wanted.type.kind is here.type.kind is Kind.TEXT
        if self.rules.frozen:
            raise self._forbidden(wanted, f"is {here.type}", "schema_evolution is freeze")
        if is_change and self.rules.on_type_change == ERROR:
            raise self._forbidden(wanted, f"is {here.type}", "on_type_change is error")
        wider = grown(here.type, wanted.type)
        if wider is not None and (not is_change or self._may_widen(here, wider)):
            self._tell(wanted, here.type, f"is widened to {wider}; column {here.name!r} keeps its name and values")
            return replace(wanted, type=wider)
        return self._beside(wanted, here)

    def _may_widen(self, here: Column, wider: ColumnType) -> bool:
        if not self.names.is_short(WIDENED + here.name):
            return False
        asked = TIMESTAMPTZ if wider.kind is Kind.DATETIME else wider
        if self.rules.on_type_change != WIDEN or (here.name in self.pending and not holds_all(here.type, asked)):
            return False
        return self.is_lossless(here, asked)

    def _beside(self, wanted: Column, here: Column) -> Column:
        """Return the first column `name__s`, `name__s2` .. that is free or fits."""
        column_type = TIMESTAMPTZ if wanted.type.kind is Kind.DATETIME else wanted.type
        self._beside_of[str(wanted.property)] = here.type
        if wanted.property in self.keys:
            raise self._key_moved(str(wanted.property), here.type)
        for number in range(1, 1000):
            kind = Kind.INTEGER if is_whole(column_type) else column_type.kind
            suffix = f"_{KINDS[kind].suffix}{number if number > 1 else ''}"
            name = self.names.with_suffix(wanted.name, suffix)
            there = self.present.get(name)
            fit = column_type if there is None else fitting(column_type, there.type)
            if fit is not None and name not in self.taken:
                self._tell(wanted, here.type, f"goes to column {name!r}")
                self.taken.add(name)
                return replace(wanted, name=name, type=fit)
        raise self._forbidden(wanted, f"is {here.type}", "no column beside it is free")

    def _tell(self, wanted: Column, here: ColumnType, what: str) -> None:
        logger.warning(
            "stream %s: property %r is %s, its column %s: it %s", self.stream, wanted.property, wanted.type, here, what
        )

    def _forbidden(self, wanted: Column, what: str, why: str) -> ConfigError:
        return ConfigError(
            f"stream {self.stream!r}: column {wanted.name!r} {what} in the table, the SCHEMA declares {wanted.type}, "
            f"and {why}; alter the table, allow the change, or map the property by a stream map"
        )


def with_pending(present: Mapping[str, Column], pending: Collection[Column]) -> dict[str, Column]:
    """Return the columns of the table as they will be when the loads that wait have been committed."""
    columns = dict(present)
    for column in pending:
        columns[column.name] = joined(columns.get(column.name), column)
    return columns


def joined(one: Column | None, other: Column) -> Column:
    """Return the column that two parts of a load need, of which one has outgrown the other."""
    if one is None:
        return other
    wider = other if fitting(one.type, other.type) is not None else one
    return replace(wider, nullable=one.nullable or other.nullable)
