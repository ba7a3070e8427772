"""What DESC TABLE says becomes columns."""

from __future__ import annotations

import pytest
from singer_bulk.errors import WarehouseError
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.warehouse import words
from singer_bulk.warehouse.alter_table import describe
from singer_bulk.warehouse.dialect import Rows

from tests.fidelity.encoding import DIALECTS

SNOWFLAKE, ORDERS = DIALECTS["snowflake"], Table("SALES", "ORDERS")


@pytest.mark.parametrize(
    ("shown", "kind", "size"),
    [
        ("VARCHAR(16777216)", Kind.TEXT, (16_777_216, 0, 0)),
        ("VARCHAR(10)", Kind.TEXT, (10, 0, 0)),
        ("VARCHAR(10) COLLATE 'en-ci-rtrim'", Kind.TEXT, (10, 0, 0)),
        ("NUMBER(38,0)", Kind.DECIMAL, (None, 38, 0)),
        ("NUMBER(12,2)", Kind.DECIMAL, (None, 12, 2)),
        ("FLOAT", Kind.DOUBLE, (None, 0, 0)),
        ("BOOLEAN", Kind.BOOLEAN, (None, 0, 0)),
        ("DATE", Kind.DATE, (None, 0, 0)),
        ("TIME(9)", Kind.TIME, (None, 0, 0)),
        ("TIMESTAMP_NTZ(9)", Kind.TIMESTAMP, (None, 0, 0)),
        ("TIMESTAMP_TZ(9)", Kind.TIMESTAMPTZ, (None, 0, 0)),
        ("VARIANT", Kind.JSON, (None, 0, 0)),
        ("BINARY(8388608)", Kind.OTHER, (None, 0, 0)),
        ("VECTOR(FLOAT, 3)", Kind.OTHER, (None, 0, 0)),
    ],
)
def test_types_that_desc_table_shows(shown: str, kind: Kind, size: tuple[int | None, int, int]) -> None:
    """Type, size, NULL, default and comment are read from their places; a type that is none of ours is OTHER."""
    row = ("C", shown, "COLUMN", "N", "7", "N", "N", None, None, "c", None, None)
    (column,) = words.described(SNOWFLAKE, [row])
    assert (column.name, column.nullable, column.has_default, column.comment) == ("C", False, True, "c")
    assert column.type.kind is kind
    assert (column.type.max_bytes, column.type.precision or 0, column.type.scale or 0) == size


def test_question_inside_a_transaction_is_a_query() -> None:
    """DESC may commit as DDL does: the look before COMMIT is a SELECT, and its rows are read as well."""
    asked = SNOWFLAKE.describe_in_transaction([ORDERS])
    assert asked.startswith("SELECT table_schema, table_name, column_name")
    row = ("C", "TEXT", 10, None, None, "NO", None, "c")
    (column,) = words.described(SNOWFLAKE, [row])
    assert (column.type.kind, column.type.max_bytes, column.nullable) == (Kind.TEXT, 10, False)


@pytest.mark.parametrize(("code", "there"), [("2003", False), ("904", True)])
def test_table_that_is_missing_has_no_columns(code: str, there: bool) -> None:
    """DESC refuses what is not there; any other refusal is an error."""

    class Refusing:
        def execute(self, sql: str) -> Rows:
            raise WarehouseError("does not exist or not authorized", code="SF-SQL", sql_code=code)

    if there:
        with pytest.raises(WarehouseError):
            describe(Refusing(), SNOWFLAKE, ORDERS)
    else:
        assert describe(Refusing(), SNOWFLAKE, ORDERS) == {}
