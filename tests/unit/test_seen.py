"""What the fields of a column show, and what a type change in mid-run may conclude from it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_bulk.encode.rows import RowEncoder
from singer_bulk.encode.seen import seen_of
from singer_bulk.errors import ValueRejected, WarehouseError
from singer_bulk.model.columns import BIG_INTEGER, BOOLEAN, DOUBLE, INTEGER, JSON, TEXT, TIMESTAMPTZ, Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import ClosedBatch, Table, TableLoad
from singer_bulk.model.messages import Records
from singer_bulk.model.seen import ColumnSeen, keeps, merge
from singer_bulk.schema.joined import joined
from singer_bulk.stream.from_schema import Present
from singer_bulk.warehouse.alter_table import is_lossless
from singer_bulk.warehouse.converted import demand_fields_held, insert_converted, is_converted
from target_snowflake_stage.cli import file_format

from tests.fidelity.encoding import DIALECTS

CENTS, WIDE, FINER = (ColumnType(Kind.DECIMAL, *size) for size in ((12, 2), (38, 2), (38, 3)))
DATE, TIMESTAMP = ColumnType(Kind.DATE), ColumnType(Kind.TIMESTAMP)
DATETIME = ColumnType(Kind.DATETIME)
NULL = b"@null@"

# (type, fields, what they show)
SHOWN: list[tuple[ColumnType, list[bytes], ColumnSeen]] = [
    (INTEGER, [], ColumnSeen()),
    (INTEGER, [NULL, NULL], ColumnSeen()),
    (INTEGER, [b"0", b"-0"], ColumnSeen(2)),
    (INTEGER, [b"-120", NULL, b"7"], ColumnSeen(2, 3, 2)),
    (INTEGER, [b"%d" % 2**53], ColumnSeen(1, 16, 16)),
    (INTEGER, [b"%d" % (2**53 + 1)], ColumnSeen(1, 16, 16, True)),
    (INTEGER, [b"%d" % (2**53 + 2), b"%d" % -(2**63)], ColumnSeen(2, 19, 19)),
    (INTEGER, [b"1234567890123450000"], ColumnSeen(1, 19, 15, True)),
    (BIG_INTEGER, [b"%d" % 2**126], ColumnSeen(1, 38, 38)),
    (BIG_INTEGER, [b"1" + b"0" * 22], ColumnSeen(1, 23, 1)),
    (BIG_INTEGER, [b"1" + b"0" * 23], ColumnSeen(1, 24, 1, True)),
    (CENTS, [b"0.50"], ColumnSeen(1, 0, 1)),
    (CENTS, [b"-1.05", b"120"], ColumnSeen(2, 3, 3)),
    (WIDE, [b"%d.01" % (2**53 + 1)], ColumnSeen(1, 16, 18)),
    (DOUBLE, [b"0.0", b"-0"], ColumnSeen(2)),
    (DOUBLE, [b"1.50E-7", b"-12e300"], ColumnSeen(2, 0, 2)),
    (DOUBLE, [b"0.1234567890123456"], ColumnSeen(1, 0, 16)),
    (DOUBLE, [b"0.10000000000000001"], ColumnSeen(1, 0, 1)),
    (DOUBLE, [b"0.32528887428177183"], ColumnSeen(1, 0, 17)),
    (DOUBLE, [b"1152921504606846976"], ColumnSeen(1, 0, 16)),
    (DATETIME, [b"2020-06-01 12:00:00.0", NULL], ColumnSeen(1)),
    (TEXT, [b'""', b'"123"', NULL, b'"12"""'], ColumnSeen(3, longest=3)),
    (TEXT, [b'"\xc3\xa4"', b'""""'], ColumnSeen(2, longest=2)),
    (JSON, [b'"{""a"": 1}"'], ColumnSeen(1, longest=8)),
    (BOOLEAN, [b"true", NULL], ColumnSeen(1)),
]  # fmt: skip


@pytest.mark.parametrize(("column_type", "fields", "shown"), SHOWN)
def test_what_fields_show(column_type: ColumnType, fields: list[bytes], shown: ColumnSeen) -> None:
    """Each number means what its description says, field by field and in parts."""
    assert seen_of(column_type, fields, NULL) == shown
    found = ColumnSeen()
    for one in fields:
        found = merge(found, seen_of(column_type, [one], NULL))
    assert found == shown


@given(st.integers(-(10**38) + 1, 10**38 - 1))
def test_integers_beyond_a_double(number: int) -> None:
    """A whole number is beyond a double if and only if the nearest double is another number."""
    seen = seen_of(BIG_INTEGER, [b"%d" % number], NULL)
    assert seen.beyond_double is (int(float(number)) != number)
    assert seen.whole_digits == (len(str(abs(number))) if number else 0)


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(16, 25))
def test_digits_of_a_double_are_its_shortest(number: float, digits: int) -> None:
    """However many digits are written, those of the shortest text count."""
    shortest = Decimal(repr(number)).normalize().as_tuple().digits if number else ()
    for written in (repr(number), f"{number:.{digits}e}"):
        assert seen_of(DOUBLE, [written.encode()], NULL).digits == len(shortest)


class Numbered:
    """A metadata column of numbers that are longer than those of the rows."""

    def suffix(self) -> Any:
        """Return what writes them."""
        return lambda messages, sequence: [b"|9999"]

    def parts(self) -> list[Any]:
        """Return the one field."""
        return [b"9999"]


def test_rows_of_the_definition_show_their_fields() -> None:
    """What stands in a file counts: no metadata, no NULL, and nothing of a run in which a record is rejected."""
    columns = [Column(name, kind, name) for name, kind in (("n", INTEGER), ("t", DATETIME), ("s", TEXT))]
    encoder = RowEncoder("s", columns, file_format(), added=Numbered())

    def encode(*records: dict[str, Any]) -> None:
        lines = [json.dumps({"type": "RECORD", "stream": "s", "record": one}).encode() for one in records]
        encoder.encode(Records.of_lines("s", lines, range(len(lines))), 0)

    assert encoder.seen == (ColumnSeen(), ColumnSeen(), ColumnSeen())
    encode({"n": 12, "s": ""}, {"n": None})
    with pytest.raises(ValueRejected):
        encode({"n": 12345, "t": "2020-06-01"}, {"n": "x"})
    assert encoder.seen == (ColumnSeen(1, 2, 2), ColumnSeen(), ColumnSeen(1))


def refuses(value: str, old: ColumnType, new: ColumnType) -> bool:
    raise AssertionError((value, old, new))


# (what was seen, the column's type, the wider one, whether the values stay)
RULES: list[tuple[ColumnSeen, ColumnType, ColumnType, bool]] = [
    (ColumnSeen(), INTEGER, DOUBLE, True),
    (ColumnSeen(1, 15, 15), INTEGER, DOUBLE, True),
    (ColumnSeen(1, 16, 16, True), INTEGER, DOUBLE, False),
    (ColumnSeen(1, 19, 15, True), INTEGER, DOUBLE, False),
    (ColumnSeen(1, 36, 38), BIG_INTEGER, WIDE, True),
    (ColumnSeen(1, 37, 38), BIG_INTEGER, WIDE, False),
    (ColumnSeen(1, 35, 38), WIDE, FINER, True),
    (ColumnSeen(1, 36, 38), WIDE, FINER, False),
    (ColumnSeen(1), DOUBLE, TEXT, True),
    (ColumnSeen(1, 19, 19, True), INTEGER, TEXT, True),
    (ColumnSeen(1), DATE, TIMESTAMPTZ, True),
    (ColumnSeen(1), TIMESTAMP, TIMESTAMPTZ, True),
    (ColumnSeen(1), BOOLEAN, TEXT, True),
    (ColumnSeen(1), BOOLEAN, INTEGER, False),
]


@pytest.mark.parametrize(("seen", "old", "new", "stay"), RULES)
def test_rules(seen: ColumnSeen, old: ColumnType, new: ColumnType, stay: bool) -> None:
    """What is certain is decided by what was seen, and nobody is asked."""
    assert keeps(seen, old, new, refuses) is stay


@pytest.mark.parametrize("digits", range(1, 18))
@pytest.mark.parametrize("answer", [True, False])
def test_the_warehouse_is_asked_about_a_double_of_so_many_digits(digits: int, answer: bool) -> None:
    """How many digits the text of a double has is the warehouse's to say: by one value that has as many."""
    asked = []

    def asks(value: str, old: ColumnType, new: ColumnType) -> bool:
        asked.append((seen_of(old, [value.encode()], NULL), old, new))
        return answer

    assert keeps(ColumnSeen(1, 0, digits), DOUBLE, TEXT, asks) is answer
    assert asked == [(ColumnSeen(1, 0, digits), DOUBLE, TEXT)]


@pytest.mark.parametrize("answer", [True, False])
@pytest.mark.parametrize("number", [10**36, 123_456_789_012_345 * 10**23, 10**23])
def test_the_warehouse_is_asked_about_a_decimal_of_few_digits(number: int, answer: bool) -> None:
    """A decimal that is no double, and has no more digits than come back from one: by another such number."""
    seen, asked = seen_of(BIG_INTEGER, [b"%d" % number], NULL), []

    def asks(value: str, old: ColumnType, new: ColumnType) -> bool:
        asked.append(seen_of(old, [value.encode()], NULL))
        return answer

    assert keeps(seen, BIG_INTEGER, DOUBLE, asks) is answer
    assert asked == [seen]
    assert seen.beyond_double


@pytest.mark.parametrize(("column_type", "digits"), [*product([INTEGER], range(16, 20)), *product([BIG_INTEGER], [38])])
def test_the_warehouse_is_asked_about_an_integer_of_so_many_digits(column_type: ColumnType, digits: int) -> None:
    """How many digits of a double come back to a column of numbers: by one that is a double, and has as many."""
    asked = []

    def asks(value: str, old: ColumnType, new: ColumnType) -> bool:
        asked.append(seen_of(old, [value.encode()], NULL))
        return True

    assert keeps(ColumnSeen(1, digits, digits), column_type, DOUBLE, asks)
    assert asked == [ColumnSeen(1, digits, digits)]


@dataclass
class Asked:
    """A warehouse that has a table with one column, and says whether its values stay; it notes what it is asked."""

    column: Column | None
    answer: bool = True
    asked: list[Any] = field(default_factory=list)

    def columns(self, table: Table) -> dict[str, Column]:
        return {} if self.column is None else {"v": self.column}

    def is_lossless(self, table: Table, existing: Column, new_type: ColumnType) -> bool:
        self.asked.append((existing.type, new_type))
        return self.answer

    def is_same(self, value: str, old_type: ColumnType, new_type: ColumnType) -> bool:
        raise AssertionError(value)


def part(column_type: ColumnType, *seen: ColumnSeen) -> TableLoad:
    """Return a part of a load, with a batch for each that was seen."""
    column = Column("v", column_type, "v")
    batches = (ClosedBatch("s", (column,), b"", (), 1, 1, 0, 0, (one,)) for one in seen)
    return TableLoad("s", Table("s", "t"), (column,), tuple(batches))


FITS, BEYOND = ColumnSeen(1, 1, 1), ColumnSeen(1, 16, 16, True)


@pytest.mark.parametrize(
    ("answer", "parts", "stays"),
    [
        (True, [], True),
        (False, [], False),
        (True, [part(INTEGER, FITS)], True),
        (False, [part(INTEGER, FITS)], False),
        (True, [part(INTEGER, FITS, BEYOND)], False),
        (True, [part(INTEGER, BEYOND), part(INTEGER, FITS)], False),
    ],
)
def test_rows_of_the_table_and_of_files_both_count(answer: bool, parts: list[TableLoad], stays: bool) -> None:
    """A column is widened only if neither its rows nor those in files lose anything, whichever part they are of."""
    warehouse: Any = Asked(Column("v", INTEGER), answer)
    present = Present(lambda: warehouse, Table("s", "t"), parts)
    assert present.is_lossless(present.columns()["v"], DOUBLE) is stays


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_rows_of_the_table_are_looked_at_as_the_load_leaves_them(warehouse: str) -> None:
    """An integer that a double holds, and its text does not: what the load makes of the column first decides."""
    dialect, sent = DIALECTS[warehouse], []

    class Session:
        def execute(self, sql: str) -> list[tuple[int]]:
            sent.append(sql)
            return [(0,)]

    column = Column("v", dialect.types.created(INTEGER))
    assert is_lossless(Session(), dialect, Table("s", "t"), column, TEXT, DOUBLE)
    assert is_lossless(Session(), dialect, Table("s", "t"), column, TEXT, column.type)
    double = dialect.types.declared(DOUBLE)
    assert [f'CAST(CAST("v" AS {double}) AS VARCHAR' in sql for sql in sent] == [True, False]


def test_parts_remember_the_types_that_their_columns_go_through() -> None:
    """The batches of each SCHEMA are converted from the type that they were written for by every one that came then."""
    (load,) = joined([part(DATE, FITS), part(TIMESTAMP, FITS), part(TIMESTAMP, FITS), part(TEXT, FITS)])
    paths = [load.types_of(batch, "v") for batch in load.batches]
    assert paths == [[DATE, TIMESTAMP, TEXT], [TIMESTAMP, TEXT], [TIMESTAMP, TEXT], [TEXT]]
    assert [is_converted(load, batch) for batch in load.batches] == [True, True, True, False]
    assert [column.type for column in load.columns] == [TEXT]
    sql = insert_converted(DIALECTS["redshift"], load, load.batches[0], '"written"', '"t"')
    value = "TO_CHAR(CAST(\"v\" AS TIMESTAMP), 'YYYY-MM-DD HH24:MI:SS.US')"
    assert sql == f'INSERT INTO "t" ("v") SELECT {value} FROM "written"'
    (plain,) = joined([part(INTEGER, FITS), part(WIDE, FITS)])
    assert not any(is_converted(plain, batch) for batch in plain.batches)


def test_another_run_may_not_change_what_rows_are_converted_for() -> None:
    """What was found to lose nothing holds for one type: a column that has become another since ends the load."""
    (load,) = joined([part(INTEGER, FITS), part(DOUBLE, FITS)])
    demand_fields_held(load, load.batches[0], {"v": Column("v", DOUBLE)})
    with pytest.raises(WarehouseError, match="another run has made column 'v' text while rows were written for double"):
        demand_fields_held(load, load.batches[0], {"v": Column("v", TEXT)})
    demand_fields_held(load, load.batches[1], {"v": Column("v", TEXT)})
