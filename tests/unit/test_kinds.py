"""What is known of the kinds of columns: each kind in each table, each inverse derived."""

from __future__ import annotations

import pytest
from singer_bulk.encode.fields import field_encoder
from singer_bulk.model.columns import MAX_PRECISION, ColumnType
from singer_bulk.model.file_format import FileFormat
from singer_bulk.model.kinds import KINDS, Kind
from singer_bulk.schema.json_schema import TypeRules, column_type
from singer_bulk.warehouse.dialect import TypeTable
from target_redshift_copy.types import TYPES as REDSHIFT
from target_snowflake_stage.types import TYPES as SNOWFLAKE

TYPES = {"redshift": REDSHIFT, "snowflake": SNOWFLAKE}
# No table has a column of these: the one is decided before the load, the other is somebody else's.
NOWHERE = {Kind.DATETIME, Kind.OTHER}
SIZED = {
    Kind.DECIMAL: ColumnType(Kind.DECIMAL, 12, 2),
    Kind.TEXT: ColumnType(Kind.TEXT, max_bytes=99),
}


def sized(kind: Kind) -> ColumnType:
    """Return a type of the kind."""
    return SIZED.get(kind, ColumnType(kind))


def test_every_kind_has_its_row() -> None:
    """What a column holds is known of every kind, and so is the encoder of its fields."""
    assert set(KINDS) == set(Kind)
    file_format = FileFormat(b"", 6, True, 65_535, 16_000_000)
    for kind in set(Kind) - {Kind.OTHER}:
        assert field_encoder(sized(kind), file_format)


@pytest.mark.parametrize("types", TYPES.values(), ids=TYPES)
def test_both_warehouses_have_every_kind(types: TypeTable) -> None:
    """A kind that a property may become has a type in both warehouses."""
    assert set(types.rows) == set(Kind) - NOWHERE


@pytest.mark.parametrize("types", TYPES.values(), ids=TYPES)
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in NOWHERE])
def test_described_column_has_the_type_that_was_created(types: TypeTable, kind: Kind) -> None:
    """The catalog's words for a column that we made are read as the type that a new column has."""
    created = types.created(sized(kind))
    for words in types.rows[created.kind].described:
        found = types.described(words, created.max_bytes, created.precision or None, created.scale or None)
        assert found.kind is created.kind
        assert (found.precision, found.scale) == (created.precision, created.scale)
        assert found.max_bytes in (created.max_bytes, types.max_text)
    assert types.rows[created.kind].described


@pytest.mark.parametrize("types", TYPES.values(), ids=TYPES)
def test_words_of_the_catalog_mean_one_kind(types: TypeTable) -> None:
    """No two kinds are described by the same words; words that we do not know are a type of somebody else."""
    words = [words for row in types.rows.values() for words in row.described]
    assert len(words) == len(set(words))
    assert types.described("geometry", None, None, None) == ColumnType(Kind.OTHER)


@pytest.mark.parametrize(("types", "expected"), [(REDSHIFT, (18, 65_535)), (SNOWFLAKE, (MAX_PRECISION, 16_777_216))])
def test_sizes_that_the_catalog_leaves_out(types: TypeTable, expected: tuple[int, int]) -> None:
    """A decimal without digits has those of the warehouse, a text without a length its longest."""
    (decimal,) = types.rows[Kind.DECIMAL].described[:1]
    assert types.described(decimal, None, None, None) == ColumnType(Kind.DECIMAL, expected[0], 0)
    for text in types.rows[Kind.TEXT].described:
        assert types.described(text, None, None, None) == ColumnType(Kind.TEXT, max_bytes=expected[1])


@pytest.mark.parametrize("kind", [kind for kind, row in KINDS.items() if row.text_format is not None])
def test_format_of_a_string_names_its_kind(kind: Kind) -> None:
    """A string of a format that a kind has becomes a column of that kind, unless the user wants text."""
    schema = {"type": "string", "format": KINDS[kind].text_format}
    assert column_type(schema, TypeRules()).kind is kind
    assert column_type(schema, TypeRules(datetime_as_text=True)).kind is Kind.TEXT
