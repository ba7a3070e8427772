"""What both warehouses say alike."""

from __future__ import annotations

from typing import Any

import pytest
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import Table
from singer_bulk.warehouse import words

from tests.fidelity.encoding import DIALECTS

TABLE = Table("s", "t")
COMMENTED = Column("c", ColumnType(Kind.DATE), comment="it's")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, "NULL"), (7, "7"), ("", "''"), ("it's", "'it''s'"), ("a\\'", "'a\\\\'''"), ("é\n", "'é\n'")],
)
def test_literal_keeps_its_value(value: Any, expected: str) -> None:
    """Quotes and backslashes, which are escapes in the strings of both warehouses, are doubled."""
    assert words.literal(value) == expected


def test_name_keeps_its_quotes() -> None:
    """A quote inside a name is doubled; case and blanks stay."""
    assert words.listed(['Or"der', "a b"]) == '"Or""der", "a b"'


def test_condition_that_came_out_empty_does_not_mean_all_rows() -> None:
    """Only a statement without a condition is one of all rows: WHERE with nothing behind it is refused everywhere."""
    assert words.delete("t") == "DELETE FROM t"
    assert words.delete("t", "", using="u") == "DELETE FROM t USING u WHERE "
    assert words.update("t", "a = 1", "") == "UPDATE t SET a = 1 WHERE "
    assert words.count("t", "") == "SELECT COUNT(*) FROM t WHERE "


@pytest.mark.parametrize(
    ("warehouse", "inline"), [("redshift", ""), ("snowflake", " COMMENT 'it''s'")], ids=["redshift", "snowflake"]
)
def test_comment_stands_where_the_warehouse_takes_it(warehouse: str, inline: str) -> None:
    """CREATE TABLE and ADD COLUMN bear a column's comment only where that is a clause; a scratch table never does."""
    dialect = DIALECTS[warehouse]
    assert words.create_table(dialect, TABLE, [COMMENTED]).endswith(f'("c" DATE{inline})')
    assert words.add_column(dialect, TABLE, COMMENTED).endswith(f'ADD COLUMN "c" DATE{inline}')
    assert words.create_scratch(dialect, TABLE, [COMMENTED]).endswith('("c" DATE)')
