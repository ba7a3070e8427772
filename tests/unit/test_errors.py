"""Each error that is raised on purpose has a code, which its message ends in and docs/errors.md explains."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from singer_bulk.errors import CommitError, Interrupted, MessageError, WarehouseError
from singer_bulk.model.load import ClosedBatch, Table, TableLoad
from singer_bulk.stage.memory import MemoryStage
from tap_csv_extract.errors import OutputClosed, RowRejected
from target_snowflake_stage.copy_errors import explain_copy

from tests.error_codes import TABLES, TAP, TARGETS, ErrorCodes
from tests.fakes import Bench, Failure, lines, record, schema, state
from tests.house import TOP

each_table = pytest.mark.parametrize("table", TABLES, ids=lambda table: table.errors_module.__name__)


def test_message_ends_in_the_code() -> None:
    """What is printed of an error ends in its code; its text is free of it, for a message that repeats the text."""
    error = MessageError(7, "broken JSON", "check the tap", code="IN-JSON")
    assert str(error) == "line 7: broken JSON; check the tap [IN-JSON]"
    assert error.text == "line 7: broken JSON; check the tap"
    assert str(Interrupted(15, "nothing was read")) == "stopped by signal 15; nothing was read [RUN-SIGNAL]"
    row = RowRejected("a.csv", 7, "id", "'x' is no integer", code="CSV-ROW-VALUE")
    assert str(row) == "a.csv, line 7, column 'id': 'x' is no integer [CSV-ROW-VALUE]"
    assert row.text == "a.csv, line 7, column 'id': 'x' is no integer"
    assert str(OutputClosed()).endswith("is sent by the next run [CSV-RUN-OUTPUT]")


@each_table
def test_unknown_code_is_refused(table: ErrorCodes) -> None:
    """An error is not made with a code that its table does not have, also if another table has it."""
    for code in ("CFG-NONE", *(other for one in TABLES if one is not table for other in one.codes)):
        with pytest.raises(LookupError, match=code):
            table.errors_module.ConfigError("a setting is wrong", code=code)


@pytest.mark.parametrize(("table", "code"), [(table, code) for table in TABLES for code in table.codes])
def test_code_is_upper_case_and_of_a_known_area(table: ErrorCodes, code: str) -> None:
    """A code is AREA-WORD or AREA-WORD-WORD, and its sentence ends."""
    assert re.fullmatch(r"(-[A-Z]+){1,2}", code.removeprefix(table.area_of(code)))
    assert table.codes[code].endswith(".")


@each_table
def test_no_area_is_without_codes(table: ErrorCodes) -> None:
    """Each area has codes, and the codes of an area stand together in the order of the areas."""
    order = list(table.areas)
    places = [order.index(table.area_of(code)) for code in table.codes]
    assert places == sorted(places)
    assert set(places) == set(range(len(order)))


def test_area_tells_whose_the_code_is() -> None:
    """A code of the tap is known from those of the targets by how it begins."""
    assert all(area.startswith("CSV-") for area in TAP.areas)
    assert not any(area.startswith("CSV") for area in TARGETS.areas)


@each_table
def test_no_code_is_written_twice(table: ErrorCodes) -> None:
    """Each code stands in the table once; of two, Python would keep the second one without a word."""
    text = Path(table.codes_module.__file__ or "").read_text().partition("\nCODES = {\n")[2]
    assert sorted(re.findall(r'^    "([A-Z0-9-]+)":', text, re.MULTILINE)) == sorted(table.codes)


def _makings(table: ErrorCodes, path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Yield each place where an error of the table is made, and the name of its class."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in table.classes:
            yield node.func.id, node


@pytest.mark.parametrize(
    ("table", "path"),
    [pytest.param(table, path, id=str(path.relative_to(TOP))) for table in TABLES for path in table.sources],
)
def test_each_error_is_made_with_a_code(table: ErrorCodes, path: Path) -> None:
    """Wherever an error is made it gets a code, unless its class has but one."""
    for name, call in _makings(table, path):
        given = any(keyword.arg == "code" for keyword in call.keywords)
        assert given == table.classes[name], f"{path}:{call.lineno}"


@each_table
def test_every_code_is_raised_and_known(table: ErrorCodes) -> None:
    """No code of the table is raised nowhere, and none is raised that the table does not have."""
    given = [
        word.value
        for path in table.sources
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call | ast.FunctionDef)
        for word in _codes_in(call)
    ]
    assert len(given) > len(table.codes)
    assert set(given) == set(table.codes)


def _codes_in(node: ast.Call | ast.FunctionDef) -> Iterator[ast.Constant]:
    """Yield the texts that a call gives as `code`, or that a function has as its default."""
    if isinstance(node, ast.Call):
        given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
    else:
        names = [one.arg for one in node.args.args[len(node.args.args) - len(node.args.defaults) :]]
        given = [value for name, value in zip(names, node.args.defaults, strict=True) if name == "code"]
    for value in given:
        yield from _texts(value)


def _texts(value: ast.expr) -> Iterator[ast.Constant]:
    if isinstance(value, ast.IfExp):  # which texts it may be, not what it depends on
        yield from _texts(value.body)
        yield from _texts(value.orelse)
    elif isinstance(value, ast.Constant):
        yield value


def test_load_that_is_given_up_keeps_the_code_of_its_cause() -> None:
    """The error that ends the run says that the load was rolled back, and has the code of what failed, once."""
    undisturbed, bench = Bench(), Bench()
    undisturbed.run(lines(schema(), record(id=1), state(1)))
    at = undisturbed.warehouse.statements.index("BEGIN") + 1
    bench.warehouse.failure = Failure(at, error=WarehouseError("permission denied", code="RS-SQL", sql_code="42501"))
    with pytest.raises(CommitError, match="was rolled back") as refused:
        bench.run(lines(schema(), record(id=1), state(1)))
    assert (refused.value.code, refused.value.sql_code) == ("RS-SQL", "42501")
    assert str(refused.value).endswith(": permission denied [RS-SQL]")
    assert str(refused.value).count("RS-SQL") == 1


@pytest.mark.parametrize(("cause", "code"), [("SF-SQL", "SF-COPY"), ("SF-LOST", "SF-LOST")])
def test_copy_that_is_refused_has_a_code_of_its_own(cause: str, code: str) -> None:
    """COPY INTO that was refused is told from other statements; a lost connection stays one."""
    table = TableLoad("orders", Table("sales", "orders"), (), ())
    batch = ClosedBatch("orders", (), b"", (), 0, 0, 0, 0)
    told = explain_copy(WarehouseError("Snowflake: no", code=cause), table, batch, MemoryStage().read)
    assert str(told) == f"stream 'orders': COPY INTO {table.table} failed: Snowflake: no [{code}]"
