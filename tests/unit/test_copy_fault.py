"""A row that COPY refuses is told by the record that it came from."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from singer_bulk.errors import StageError, WarehouseError
from singer_bulk.model.columns import DOUBLE, INTEGER, TEXT, Column
from singer_bulk.model.input_lines import MAX_RUNS, InputLines
from singer_bulk.model.load import ClosedBatch, StagedFile, Table, TableLoad
from singer_bulk.stage.memory import MemoryStage
from singer_bulk.warehouse.copy_fault import fields_of
from target_redshift_copy.copy_errors import explain_copy as redshift_error
from target_snowflake_stage.copy_errors import explain_copy as snowflake_error

KEY = "p/orders/20200601T120000Z-0001.csv.gz"
COLUMNS = (Column("id", INTEGER, "id"), Column("note", TEXT, "Note"), Column("amount", DOUBLE, "amount"))
# The second row has line ends of its own: the third one is line 5 of the file.
ROWS = b'1|"a"|1.5\n2|"b\n""c""\n|"|2.5\n3|"d"|@n@\n4|"' + b"e" * 100 + b'"|4.5\n'
TABLE = TableLoad("orders", Table("sales", "orders"), COLUMNS, ())


@st.composite
def line_numbers(draw: st.DrawFn) -> list[list[int]]:
    """Lines of one stream among those of others, in calls as they come."""
    taken = draw(st.lists(st.booleans(), max_size=2000))
    lines = [number for number, is_ours in enumerate(taken, start=1) if is_ours]
    cuts = sorted(draw(st.lists(st.integers(0, len(lines)), max_size=5)))
    return [lines[start:end] for start, end in zip([0, *cuts], [*cuts, len(lines)], strict=True)]


@given(line_numbers())
def test_lines_of_rows(calls: list[list[int]]) -> None:
    """The line of a row is within what is said; it is said exactly while there are few runs; memory is bounded."""
    lines = InputLines()
    for call in calls:
        lines.add(call)
    numbers = [number for call in calls for number in call]
    runs = 1 + sum(later != one + 1 for one, later in pairwise(numbers))
    for row, number in enumerate(numbers):
        first, last = lines.of(row) or (0, 0)
        assert first <= number <= last
        assert first == last or runs > MAX_RUNS
    assert lines.of(len(numbers)) is None
    assert len(lines._rows) <= MAX_RUNS


def test_lines_in_turns_stay_in_few_kilobytes() -> None:
    """A million rows of a stream that takes turns with another one, line by line."""
    lines = InputLines()
    for start in range(0, 1_000_000, 1000):
        lines.add(range(2 * start + 1, 2 * start + 2001, 2))
    assert len(lines._rows) <= MAX_RUNS
    first, last = lines.of(500_000) or (0, 0)
    assert first <= 1_000_001 <= last < first + 20_000


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ('1|"a"|', ["1", "a", "\0null"]),
        ('"x|""y"""', ['x|"y"']),
        ('""|2', ["", "2"]),
        ("||", ["\0null"] * 3),
        ("@n@|-1.5", ["@n@", "-1.5"]),
    ],
)
def test_fields_of_a_row(row: str, fields: list[str]) -> None:
    """A field is the text that it stands for; an empty one without quotes is NULL."""
    assert fields_of(row) == fields


def staged(lines: Sequence[int]) -> tuple[MemoryStage, ClosedBatch]:
    """Return a stage with the file, and its batch; `lines` are those of the input."""
    stage, numbers = MemoryStage(), InputLines()
    stage.put(KEY, gzip.compress(ROWS))
    numbers.add(lines)
    file = StagedFile(KEY, 4, 1, lines=numbers)
    return stage, ClosedBatch("orders", COLUMNS, b"@n@", (file,), 4, 1, 0, 3)


class LoadErrors:
    """A session that has a row of the load error tables of a provisioned cluster, or of a workgroup."""

    def __init__(self, *, serverless: bool, found: tuple[Any, ...]) -> None:
        self.serverless, self.found, self.asked = serverless, found, ""

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        self.asked = sql
        if "stl_load_errors" in sql and self.serverless:
            raise WarehouseError("permission denied for relation stl_load_errors", code="RS-RIGHT")
        return [self.found]


@pytest.mark.parametrize("serverless", [False, True])
def test_redshift_tells_the_record(serverless: bool) -> None:
    """Line of the input, property, value and limit, behind a row with line ends; only our files are asked for."""
    stage, batch = staged([11, 20, 21, 22])
    value = "" if serverless else "e" * 50
    session: Any = LoadErrors(
        serverless=serverless,
        found=(stage.url(KEY), 6, "note", "varchar", "20", value, 1204, "String length exceeds DDL length"),
    )
    error = redshift_error(session, WarehouseError("failed", code="RS-SQL"), TABLE, batch, stage.url, stage.read)
    assert error.code == "RS-COPY-ROW"
    assert error.text.startswith(
        "stream 'orders', line 22: COPY into sales.orders refuses column 'note' (varchar 20) of property 'Note': "
        f"String length exceeds DDL length (code 1204), got '{'e' * 76}...; give it more room by 'columns': {{'Note': "
    )
    assert error.text.endswith(f"it is line 6 of {KEY}")
    assert f"'{KEY}', '{stage.url(KEY)}'" in session.asked


SNOWFLAKE = (
    "Snowflake: Numeric value 'x' is not recognized\n  File '{file}', line 5, character 7\n  Row 3, column {column}\n"
    "  If you would like to continue loading when an error is encountered, use other values such as 'SKIP_FILE' or "
    "'CONTINUE' for the ON_ERROR option."
)


@pytest.mark.parametrize("column", ['"ORDERS"["amount":3]', '"TRANSIENT_STAGE_TABLE"["$3":3]', "amount"])
@pytest.mark.parametrize("readable", [True, False])
def test_snowflake_tells_the_record(column: str, readable: bool) -> None:
    """File, row and column are found in its text; the value comes from the file, where that may be read."""
    stage, batch = staged([11, 20, 21, 22])
    if not readable:
        stage.files.clear()
    text = SNOWFLAKE.format(file="orders/20200601T120000Z-0001.csv.gz", column=column)
    error = snowflake_error(WarehouseError(text, code="SF-SQL", sql_code="100038"), TABLE, batch, stage.read)
    assert error.text.startswith(
        "stream 'orders', line 21: COPY into sales.orders refuses column 'amount' of property 'amount': Snowflake: "
        f"Numeric value 'x' is not recognized{', got NULL' if readable else ''}; 'columns': {{'amount': \"text\"}} k"
    )
    assert (error.code, "If you would like" in error.text) == ("SF-COPY", False)


def test_a_file_that_cannot_be_read_leaves_the_rest() -> None:
    """Without s3:GetObject the line of the input is not known, and what the warehouse says is told all the same."""
    stage, batch = staged(range(1, 5))
    stage.files.clear()
    found = (KEY, 6, "note", "varchar", "20", "eee", 1204, "too long")
    session: Any = LoadErrors(serverless=False, found=found)
    error = redshift_error(session, WarehouseError("failed", code="RS-SQL"), TABLE, batch, stage.url, stage.read)
    assert error.text.startswith(
        "stream 'orders': COPY into sales.orders refuses column 'note' (varchar 20) of property"
    )
    assert "got 'eee'" in error.text
    with pytest.raises(StageError, match="no such file"):
        stage.read(KEY)


def test_lines_are_told_as_far_as_they_are_known() -> None:
    """Of a file whose runs were joined, the lines between which the record is."""
    stage, batch = staged(range(1, 5))
    lines = InputLines()
    for number in range(4 * MAX_RUNS):
        lines.add([3 * number + 1])
    batch = replace(batch, files=(replace(batch.files[0], lines=lines),))
    text = SNOWFLAKE.format(file=KEY, column='"ORDERS"["amount":3]')
    error = snowflake_error(WarehouseError(text, code="SF-SQL"), TABLE, batch, stage.read)
    assert error.text.startswith("stream 'orders', one of lines 1 to ")
