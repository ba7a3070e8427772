"""Where do a property's values go when its table exists: into its column, a wider one, or a second one?

This is decided when a SCHEMA arrives, and again when a value outgrows its column; `warehouse/alter_table.py` changes
the table when the load commits. A column is widened only if the warehouse confirms that every row keeps its value, and
what was seen of rows that it does not have yet (`model/seen.py`) says the same. Otherwise the property gets a second
column, `name__s` for text, and the old column keeps its values.
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
from singer_bulk.model.type_fit import fitting, grown, is_whole

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

    present: by name, those of the table and those that uncommitted loads will have added. is_lossless: whether each
    value of a column is the same in another type, those in files that no load has committed among them. is_made:
    whether the table is there, or a load that makes it has been closed; before that nothing of it is frozen.
    """

    stream: str
    present: Mapping[str, Column]
    rules: EvolutionRules
    names: NameRules
    is_lossless: Callable[[Column, ColumnType], bool]
    is_made: bool = True
    taken: set[str] = field(default_factory=set)
    keys: Collection[str] = ()  # properties that decide what becomes of a row, which must stay in their columns
    _outgrown_types: dict[str, ColumnType] = field(default_factory=dict)  # of properties with a second column

    def remember(self, columns: Collection[Column]) -> None:
        """Add the columns of a load to those of the table, so that later changes reckon with them."""
        self.present = with_pending(self.present, columns)
        self.is_made = True

    @property
    def is_frozen(self) -> bool:
        """Whether the user forbids to alter the table, and there is one."""
        return self.rules.frozen and self.is_made

    def keep(self, keys: Collection[str]) -> None:
        """Allow these properties no second column; raises ConfigError if one has it already."""
        self.keys = keys
        for name in keys:
            if name in self._outgrown_types:
                raise self._key_moved(name, self._outgrown_types[name])

    def _key_moved(self, name: str, existing: ColumnType) -> ConfigError:
        return ConfigError(
            f"stream {self.stream!r}: property {name!r} changed its type, its column is {existing}, and what "
            "decides over rows is looked for in no other column; widen the column, or load into another table",
            code="STREAM-KEY-TYPE",
        )

    def place(self, wanted: Column) -> Column:
        """Return the column that the property's values go to; raises ConfigError where the user forbids the change."""
        existing = self.present.get(wanted.name)
        if existing is None:
            if self.present and self.is_frozen:
                raise self._forbidden(wanted, "does not exist", "schema_evolution is freeze")
            return wanted
        if wanted.chosen:
            return self._as_chosen(wanted, existing)
        fit = fitting(wanted.type, existing.type)
        if fit is not None:
            return replace(wanted, type=fit)
        return self._change(wanted, existing)

    def _as_chosen(self, wanted: Column, existing: Column) -> Column:
        """Return a column whose type the user has chosen, as the table has it: it stays as it is."""
        fit = fitting(wanted.type, existing.type)
        if fit is None:
            raise ConfigError(
                f"stream {self.stream!r}: setting 'columns' makes column {wanted.name!r} {wanted.type}, and the table "
                f"has it as {existing.type}, which does not hold every such value; alter the table, or leave the "
                "property out of the setting",
                code="STREAM-COLUMN-TYPE",
            )
        if fit.as_in_table() != wanted.type.as_in_table():
            logger.warning(
                "stream %s: column %r is %s in the table, not %s as the setting 'columns' says; it stays as it is",
                self.stream,
                wanted.name,
                existing.type,
                wanted.type,
            )
        return replace(wanted, type=fit)

    def outgrow(self, column: Column, outgrown: ColumnOutgrown) -> Column:
        """Return the column for this row and all after it; raises ValueRejected where the user forbids the change."""
        needed, existing = outgrown.needed, self.present.get(column.name)
        if column.type.kind is Kind.DATETIME:
            return replace(column, type=needed)  # no value has decided its type yet
        is_change = needed.kind is not Kind.TEXT
        if (self.is_frozen and existing is not None) or (is_change and self.rules.on_type_change == ERROR):
            raise outgrown.rejected
        if column.property in self.keys and existing is not None and grown(existing.type, needed) is None:
            raise outgrown.rejected  # rows are found by this column, never by a second one
        if existing is None:
            self._log_change(column, column.type, f"becomes {needed}")
            return replace(column, type=needed)
        return self._change(replace(column, type=needed), existing)

    def _change(self, wanted: Column, existing: Column) -> Column:
        is_change = not wanted.type.kind is existing.type.kind is Kind.TEXT
        if self.is_frozen:
            raise self._forbidden(wanted, f"is {existing.type}", "schema_evolution is freeze")
        if is_change and self.rules.on_type_change == ERROR:
            raise self._forbidden(wanted, f"is {existing.type}", "on_type_change is error")
        wider = grown(existing.type, wanted.type)
        if wider is not None and (not is_change or self._may_widen(existing, wider)):
            self._log_change(
                wanted, existing.type, f"is widened to {wider}; column {existing.name!r} keeps its name and values"
            )
            return replace(wanted, type=wider)
        return self._second_column(wanted, existing)

    def _may_widen(self, existing: Column, wider: ColumnType) -> bool:
        if not self.names.is_short(WIDENED + existing.name):
            return False
        asked = TIMESTAMPTZ if wider.kind is Kind.DATETIME else wider
        return self.rules.on_type_change == WIDEN and self.is_lossless(existing, asked)

    def _second_column(self, wanted: Column, existing: Column) -> Column:
        """Return the first column `name__s`, `name__s2` .. that is free or fits."""
        column_type = TIMESTAMPTZ if wanted.type.kind is Kind.DATETIME else wanted.type
        self._outgrown_types[str(wanted.property)] = existing.type
        if wanted.property in self.keys:
            raise self._key_moved(str(wanted.property), existing.type)
        for number in range(1, 1000):
            kind = Kind.INTEGER if is_whole(column_type) else column_type.kind
            suffix = f"_{KINDS[kind].suffix}{number if number > 1 else ''}"
            name = self.names.with_suffix(wanted.name, suffix)
            second = self.present.get(name)
            fit = column_type if second is None else fitting(column_type, second.type)
            if fit is not None and name not in self.taken:
                self._log_change(wanted, existing.type, f"goes to column {name!r}")
                self.taken.add(name)
                return replace(wanted, name=name, type=fit)
        raise self._forbidden(
            wanted, f"is {existing.type}", "no name for a second column is free", code="TABLE-NO-COLUMN"
        )

    def _log_change(self, wanted: Column, existing: ColumnType, what: str) -> None:
        logger.warning(
            "stream %s: property %r is %s, its column %s: it %s",
            self.stream,
            wanted.property,
            wanted.type,
            existing,
            what,
        )

    def _forbidden(self, wanted: Column, what: str, why: str, code: str = "TABLE-FROZEN") -> ConfigError:
        # A SCHEMA without maxLength has the longest text that there is, on Redshift what varchar_default_bytes says.
        shorter = "give the property a maxLength (or a smaller default), " if wanted.type.max_bytes else ""
        return ConfigError(
            f"stream {self.stream!r}: column {wanted.name!r} {what} in the table, the SCHEMA declares {wanted.type}, "
            f"and {why}; alter the table, allow the change, {shorter}or map the property by a stream map",
            code=code,
        )


def with_pending(present: Mapping[str, Column], pending: Collection[Column]) -> dict[str, Column]:
    """Return the columns that the table will have when the waiting loads have been committed."""
    columns = dict(present)
    for column in pending:
        columns[column.name] = wider_column(columns.get(column.name), column)
    return columns


def wider_column(one: Column | None, other: Column) -> Column:
    """Return the wider of two forms of a column in one load, one of which fits into the other."""
    if one is None:
        return other
    wider = other if fitting(one.type, other.type) is not None else one
    return replace(wider, nullable=one.nullable or other.nullable)
