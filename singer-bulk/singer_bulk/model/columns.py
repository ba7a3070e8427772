"""What is a column, and which types can it have? They are of no warehouse: a dialect puts them into its own words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from singer_bulk.model.kinds import Kind

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
# DECIMAL on Redshift: https://docs.aws.amazon.com/redshift/latest/dg/r_Numeric_types201.html
# NUMBER on Snowflake: https://docs.snowflake.com/en/sql-reference/data-types-numeric
MAX_PRECISION = 38


class Content(str, Enum):
    """Which values a column takes, if its type does not say so. The file depends on it; the table does not show it."""

    STRINGS = "strings"  # a JSON string's text; other values are refused
    ANY = "any"  # a JSON string's text, or the JSON text of another value
    JSON = "json"  # the JSON text of every value, strings with their quotes
    INTEGERS = "integers"  # the values of an integer, in a DOUBLE column


@dataclass(frozen=True)
class ColumnType:
    """A kind and its size, `max_bytes` for TEXT (None: what the warehouse gives), precision and scale for DECIMAL; and
    what the table does not show: which JSON values the column takes.

    content: what the text in a TEXT column is; a DECIMAL column takes numbers in strings if it is ANY, a
    DOUBLE column leaves integers beyond its digits to a column of their own if it is INTEGERS. starts: the first
    characters of the JSON texts that a TEXT column of any content or a JSON column takes ("": all).
    """

    kind: Kind
    precision: int = 0
    scale: int = 0
    max_bytes: int | None = None
    content: Content = Content.STRINGS
    starts: str = ""

    def as_in_table(self) -> ColumnType:
        """Return the type without what the table does not show."""
        return replace(self, content=Content.STRINGS, starts="")

    def __str__(self) -> str:
        if self.kind is Kind.DECIMAL:
            return f"decimal({self.precision}, {self.scale})"
        if self.kind is Kind.TEXT and self.max_bytes is not None:
            return f"text of {self.max_bytes} bytes"
        return str(self.kind.value)


@dataclass(frozen=True)
class Column:
    """One column of a table, and the property whose values it takes (None: a metadata column).

    takes_null: whether a record may say null; nullable: whether the column may be NULL, because the property may be
    null or missing. comment, has_default: what a table says of a column. decides: its values decide what becomes of
    their rows, as keys, order and operation do; is_stamp: a value means a delete. chosen: the user has said its type,
    so it never becomes another one.
    """

    name: str
    type: ColumnType
    property: str | None = None
    takes_null: bool = True
    nullable: bool = True
    comment: str | None = None
    has_default: bool = False
    decides: bool = False
    is_stamp: bool = False
    chosen: bool = False


BOOLEAN = ColumnType(Kind.BOOLEAN)
INTEGER = ColumnType(Kind.INTEGER)
BIG_INTEGER = ColumnType(Kind.DECIMAL, MAX_PRECISION, 0)
DOUBLE = ColumnType(Kind.DOUBLE)
TEXT = ColumnType(Kind.TEXT)
TIMESTAMPTZ = ColumnType(Kind.TIMESTAMPTZ)
JSON = ColumnType(Kind.JSON)
