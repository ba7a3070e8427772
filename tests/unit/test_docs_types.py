"""The tables of docs/types.md are what the code does."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from singer_bulk.columns import (
    BIG_INTEGER,
    BOOLEAN,
    DATE,
    DOUBLE,
    INTEGER,
    JSON,
    TEXT,
    TIME,
    TIMESTAMPTZ,
    ColumnType,
    Kind,
)
from singer_bulk.evolution import SUFFIXES, fitting, grown
from singer_bulk.stream import decided
from target_redshift_copy.sql import type_words as redshift_words
from target_snowflake_stage.sql import type_words as snowflake_words

from tests.fidelity.corpus import REDSHIFT, SNOWFLAKE
from tests.fidelity.encoding import Encoding

PAGE = Path(__file__).parents[2] / "docs" / "types.md"
STRING = "string"
SCHEMAS: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"type": "boolean"}, {}, ""),
    ({"type": "integer"}, {}, ""),
    ({"type": "integer", "maximum": 2**64}, {}, "a bound beyond 64 bits"),
    ({"type": "number"}, {}, ""),
    ({"type": "number"}, {"number_type": "decimal"}, "number_type: decimal, number_scale: 9"),
    ({"type": "number", "multipleOf": 0.01}, {}, ""),
    ({"type": "number", "multipleOf": 1e-38}, {}, "a step that no decimal has: as without one"),
    ({"type": STRING, "format": "singer.decimal"}, {}, "also x-singer.decimal, decimal"),
    ({"type": STRING, "format": "singer.decimal", "precision": 12, "scale": 2}, {}, ""),
    ({"type": STRING}, {}, ""),
    ({"type": STRING, "maxLength": 10}, {}, ""),
    ({"type": STRING, "maxLength": 20000}, {}, ""),
    ({"type": STRING, "format": "uuid"}, {}, ""),
    ({"type": STRING, "format": "binary"}, {}, ""),
    ({"type": STRING, "format": "date"}, {}, ""),
    ({"type": STRING, "format": "time"}, {}, ""),
    ({"type": STRING, "format": "date-time"}, {"datetime_type": "timestamptz"}, "values with an offset, or none came"),
    ({"type": STRING, "format": "date-time"}, {"datetime_type": "timestamp"}, "values without offset"),
    ({"type": STRING, "format": "date-time"}, {"invalid_datetime": "text"}, "invalid_datetime: text"),
    ({"type": "object"}, {}, ""),
    ({"type": "array"}, {}, ""),
    ({}, {}, ""),
    ({"type": "object"}, {"json_as_text": True}, "json_as_text"),
    ({"enum": ["a", "b"]}, {}, "the type of its values"),
    ({"type": ["integer", "number"]}, {}, ""),
    ({"type": ["integer", STRING]}, {}, "any mixture of scalars"),
    ({"type": ["object", STRING]}, {}, "any mixture with objects or arrays"),
    ({"anyOf": [{"type": STRING, "format": "date-time"}, {"type": STRING}]}, {}, ""),
]
TYPES = [
    ("boolean", BOOLEAN), ("integer", INTEGER), ("decimal(38, 0)", BIG_INTEGER),
    ("decimal(12, 2)", ColumnType(Kind.DECIMAL, 12, 2)), ("double", DOUBLE), ("text", TEXT), ("date", DATE),
    ("time", TIME),
    ("timestamp", ColumnType(Kind.TIMESTAMP)), ("timestamptz", TIMESTAMPTZ), ("document", JSON),
]  # fmt: skip


def types_table() -> str:
    lines = ["| JSON Schema | Redshift | Snowflake | |", "|---|---|---|---|"]
    for schema, settings, remark in SCHEMAS:
        words = []
        for warehouse, spell in ((REDSHIFT, redshift_words), (SNOWFLAKE, snowflake_words)):
            columns = decided(Encoding(warehouse, {"properties": {"v": schema}}, settings).columns, ())
            words.append(spell(columns[0].type))
        lines.append(f"| `{json.dumps(schema)}` | {words[0]} | {words[1]} | {remark} |")
    return "\n".join(lines)


def changes_table() -> str:
    lines = [f"| | {' | '.join(name for name, _ in TYPES)} |", "|---|" + "---|" * len(TYPES)]
    for name, here in TYPES:
        cells = []
        for _, wanted in TYPES:
            beside = "i" if wanted in (INTEGER, BIG_INTEGER) else SUFFIXES[wanted.kind]
            cells.append("=" if fitting(wanted, here) else "w" if grown(here, wanted) else f"`{beside}`")
        lines.append(f"| **{name}** | {' | '.join(cells)} |")
    return "\n".join(lines)


def test_tables_are_what_the_code_does() -> None:
    """docs/types.md shows the types and the changes as they are."""
    page = PAGE.read_text(encoding="utf-8")
    made = page
    for mark, table in (("types", types_table()), ("changes", changes_table())):
        made = re.sub(
            f"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)",
            lambda found, t=table: f"{found[1]}{t}\n{found[2]}",
            made,
            flags=re.S,
        )
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(made, encoding="utf-8")
        page = made
    assert page == made


def test_names_page_shows_what_the_rule_gives() -> None:
    """The examples of docs/names.md are those of the rule."""
    from singer_bulk.names import column_names
    from target_redshift_copy.sql import NAMES as REDSHIFT_NAMES
    from target_snowflake_stage.sql import NAMES as SNOWFLAKE_NAMES

    page = (PAGE.parent / "names.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(.+?)` \| `(.+?)` \| `(.+?)` \|", page, flags=re.M)
    assert len(rows) >= 6
    for written, redshift, snowflake in rows:
        assert column_names([written], [], REDSHIFT_NAMES) == {written: redshift}
        assert column_names([written], [], SNOWFLAKE_NAMES) == {written: snowflake}
