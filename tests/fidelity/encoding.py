"""A property's values through the encoders of one warehouse, into a file and back by the independent reader."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from singer_bulk.encode.blocks import BlockEncoder
from singer_bulk.encode.rows import RowEncoder
from singer_bulk.model.columns import Column
from singer_bulk.model.file_format import ColumnOutgrown, FileFormat, ValueRules
from singer_bulk.model.messages import Records
from singer_bulk.schema.meaning import meaning_of
from singer_bulk.schema.placement import EvolutionRules, Placement
from singer_bulk.schema.record_check import record_check
from singer_bulk.self_test.corpus import REDSHIFT
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stream.stream import stream_columns
from target_redshift_copy.cli import file_format as redshift_format
from target_redshift_copy.copy_access import CopyAccess
from target_redshift_copy.sql import Redshift
from target_snowflake_stage.cli import file_format as snowflake_format
from target_snowflake_stage.sql import Place, Snowflake

from tests.fidelity.reader import fields, redshift_value, snowflake_value

DIALECTS: dict[str, Any] = {
    "redshift": Redshift(CopyAccess("default")),
    "snowflake": Snowflake("DEMO", Place("DEMO", "PUBLIC", "S"), Place("DEMO", "PUBLIC", "F"), ""),
}


class Encoding:
    """The encoders of one stream for one warehouse, as a run would make them."""

    def __init__(
        self,
        warehouse: str,
        schema: Mapping[str, Any],
        settings: Mapping[str, Any] | None = None,
        values: ValueRules | None = None,
    ) -> None:
        self.warehouse = warehouse
        schema, self.odd = meaning_of("s", schema)
        self.schema = schema
        dialect = DIALECTS[warehouse]
        loads = LoadSettings(**(settings or {}))
        placement = Placement("s", {}, EvolutionRules(), dialect.names, lambda existing, new_type: True)
        self.columns: tuple[Column, ...] = stream_columns(schema, loads, dialect.names, placement, dialect.types)
        made = redshift_format() if warehouse == REDSHIFT else snowflake_format()
        self.format: FileFormat = replace(made, rules=values or ValueRules())
        self.check = record_check("s", schema, self.columns)

    def rows(self, records: Sequence[str], *, in_blocks: bool = False) -> bytes:
        """Return the rows of records, given as JSON texts; a column may be outgrown on the way."""
        lines = ['{"type":"RECORD","stream":"s","record":' + record + "}" for record in records]
        run = Records.of_lines("s", [line.encode("utf-8", "surrogatepass") for line in lines], range(len(lines)))
        while True:
            if self.check is not None:
                self.check(run)
            try:
                required = frozenset(self.schema.get("required", ()))
                rows = RowEncoder("s", self.columns, self.format, required=required)
                if in_blocks:
                    return BlockEncoder(rows, self.format).encode(run, 0, bytes)
                return rows.encode(run, 0)
            except ColumnOutgrown as outgrown:
                self.columns = tuple(
                    replace(column, type=outgrown.needed) if column.name == outgrown.column else column
                    for column in self.columns
                )
                self.check = record_check("s", self.schema, self.columns)

    def read(self, content: bytes) -> list[list[str | None]]:
        """Return what the columns would show of a file."""
        declared = DIALECTS[self.warehouse].types.declared
        types = [declared(_decided(column)) for column in self.columns]
        read = []
        for row in fields(content):
            assert len(row) == len(types)
            if self.warehouse == REDSHIFT:
                read.append([redshift_value(*pair, self.format.null) for pair in zip(row, types, strict=True)])
            else:
                read.append([snowflake_value(*pair) for pair in zip(row, types, strict=True)])
        return read


def _decided(column: Column) -> Any:
    from singer_bulk.stream.stream import decided

    return decided([column], {column.name})[0].type


def record(**texts: str) -> str:
    """Return a record of properties with these JSON texts."""
    return "{" + ", ".join(f"{json.dumps(name)}: {text}" for name, text in texts.items()) + "}"
