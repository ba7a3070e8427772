"""The changes of a SCHEMA that tests/load/test_evolution.py makes in both warehouses, in mid-run and in the next run.

docs/schema-evolution.md shows them; `placed` says, without a warehouse, which column each of them gets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from singer_bulk.model.columns import Column
from singer_bulk.schema.placement import EvolutionRules, Placement
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stream.stream import decided, stream_columns

from tests.fidelity.encoding import DIALECTS

INTEGER, NUMBER = {"type": ["null", "integer"]}, {"type": ["null", "number"]}
BIG = {**INTEGER, "maximum": 10**38 - 1}
STRING, BOOLEAN = {"type": ["null", "string"]}, {"type": ["null", "boolean"]}
CENTS, MILLS = {**NUMBER, "multipleOf": 0.01}, {**NUMBER, "multipleOf": 0.001}
DATE, TIME = {**STRING, "format": "date"}, {**STRING, "format": "time"}
INSTANT, OBJECT = {**STRING, "format": "date-time"}, {"type": ["null", "object"]}


@dataclass(frozen=True)
class Change:
    """A property whose SCHEMA changes: what it was and is, a value of each, and what the table shows of both rows."""

    name: str
    old: dict[str, Any]
    new: dict[str, Any]
    values: tuple[Any, Any]
    column: str  # that takes the new values
    shown: tuple[Any, Any]  # in the column, as text

    @property
    def stream(self) -> str:
        """The name of the change as that of a stream."""
        return self.name.replace(" ", "_").replace("-", "_")


CHANGES = [
    Change("integer to decimal", INTEGER, CENTS, (7, 1.25), "v", ("7", "1.25")),
    Change("integer to text", INTEGER, STRING, (7, "x|y"), "v", ("7", "x|y")),
    Change("integer to double", INTEGER, NUMBER, (7, 0.5), "v", ("7", "0.5")),
    Change("decimal to finer decimal", CENTS, MILLS, (1.25, 1.125), "v", ("1.25", "1.125")),
    Change("decimal to text", CENTS, STRING, (1.25, "x"), "v", ("1.25", "x")),
    Change("boolean to text", BOOLEAN, STRING, (True, "x"), "v", ("true", "x")),
    Change("date to text", DATE, STRING, ("2020-06-01", "x"), "v", ("2020-06-01", "x")),
    Change("date to date-time", DATE, INSTANT, ("2020-06-01", "2020-06-02T12:00:00"), "v",
           ("2020-06-01 00:00:00", "2020-06-02 12:00:00")),
    Change("longer text", {**STRING, "maxLength": 1}, {**STRING, "maxLength": 9}, ("a", "b" * 9), "v", ("a", "b" * 9)),
    Change("text to integer", STRING, INTEGER, ("x", 7), "v", ("x", "7")),
    Change("decimal to integer", CENTS, INTEGER, (1.25, 7), "v", ("1.25", "7.00")),
    Change("text to object", STRING, OBJECT, ("x", {"a": 1}), "v__j", (None, '{"a":1}')),
    Change("object to text", OBJECT, STRING, ({"a": 1}, "x"), "v", ('{"a":1}', '"x"')),
    Change("decimal to double", CENTS, NUMBER, (1.25, 0.5), "v__f", (None, "0.5")),
    Change("boolean to integer", BOOLEAN, INTEGER, (True, 7), "v__i", (None, "7")),
    Change("time to date", TIME, DATE, ("12:00:00", "2020-06-01"), "v__dt", (None, "2020-06-01")),
]  # fmt: skip


def placed(warehouse: str, change: Change) -> tuple[Column, Column]:
    """Return the column that the old values have, and the one that the new ones get, every row keeping its value."""
    dialect = DIALECTS[warehouse]
    present: dict[str, Column] = {}
    made = []
    for declared in (change.old, change.new):
        placement = Placement("s", present, EvolutionRules(), dialect.names, lambda existing, new_type: True)
        columns = stream_columns(
            {"properties": {"v": declared}}, LoadSettings(), dialect.names, placement, dialect.types
        )
        (column,) = decided(columns, {"v", "V"})  # values came, none has an offset
        present = {**present, column.name: column}
        made.append(column)
    return made[0], made[1]


# Each with what becomes of it, and the test that makes it; the first four in mid-run as well.
FURTHER_CHANGES = [
    ("a new property", "its column is added, NULL in the rows before", "test_new_and_dropped_properties"),
    ("a property is dropped", "its column stays, NULL from there on", "test_new_and_dropped_properties"),
    ("an integer beyond 64 bits", "Redshift: BIGINT becomes DECIMAL(38, 0); Snowflake: NUMBER(38, 0) fits",
     "test_values_widen_columns_too"),
    ("a date-time with an offset, the first",
     "Redshift: TIMESTAMP becomes TIMESTAMPTZ; Snowflake: TIMESTAMP_NTZ(9) becomes TIMESTAMP_TZ(9)",
     "test_values_widen_columns_too"),
    ("null for a NOT NULL column", "NOT NULL goes", "test_not_null_is_relaxed"),
    ("a longer text for a VARCHAR with a default", "Redshift: the column is replaced, values kept; Snowflake: it grows",
     "test_text_grows_where_alter_is_refused"),
    ("integer to double, where an integer has more digits than a double", "second column `v__f`; `v` stays as it is",
     "test_what_the_new_type_does_not_keep_gets_a_second_column"),
    ("number to integer, with an integer that has more digits than a double",
     "second column `v__i` takes it, and the values after it in the load",
     "test_an_integer_that_a_double_does_not_hold_gets_a_second_column"),
    ("integer to text under `on_type_change: new_column`", "second column `v__s`, in every later run too",
     "test_new_column_keeps_the_old_one"),
    ("integer to text under `on_type_change: error`", "refused, nothing changed", "test_a_user_can_forbid_it"),
    ("integer to text, or a new property, under `schema_evolution: freeze`", "refused, nothing changed",
     "test_a_user_can_forbid_it"),
]  # fmt: skip
