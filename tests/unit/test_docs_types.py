"""The tables of docs/types.md and docs/schema-evolution.md are what the code does."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from singer_bulk.model.columns import BIG_INTEGER, BOOLEAN, DOUBLE, INTEGER, JSON, TEXT, TIMESTAMPTZ, ColumnType
from singer_bulk.model.kinds import KINDS, Kind
from singer_bulk.model.type_fit import fitting, grown
from singer_bulk.self_test.corpus import REDSHIFT, SNOWFLAKE
from singer_bulk.stream.stream import decided
from target_redshift_copy.types import TYPES as REDSHIFT_TYPES
from target_snowflake_stage.types import TYPES as SNOWFLAKE_TYPES

from tests.fidelity.changes import CHANGES, FURTHER_CHANGES, Change, placed
from tests.fidelity.encoding import Encoding
from tests.load import test_evolution

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "types.md"
WORDS = {REDSHIFT: REDSHIFT_TYPES.declared, SNOWFLAKE: SNOWFLAKE_TYPES.declared}
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
    ("decimal(12, 2)", ColumnType(Kind.DECIMAL, 12, 2)), ("double", DOUBLE), ("text", TEXT),
    ("date", ColumnType(Kind.DATE)), ("time", ColumnType(Kind.TIME)),
    ("timestamp", ColumnType(Kind.TIMESTAMP)), ("timestamptz", TIMESTAMPTZ), ("document", JSON),
]  # fmt: skip


def types_table() -> str:
    lines = ["| JSON Schema | Redshift | Snowflake | |", "|---|---|---|---|"]
    for schema, settings, remark in SCHEMAS:
        words = []
        for warehouse, spell in WORDS.items():
            columns = decided(Encoding(warehouse, {"properties": {"v": schema}}, settings).columns, ())
            words.append(spell(columns[0].type))
        lines.append(f"| `{json.dumps(schema)}` | {words[0]} | {words[1]} | {remark} |")
    return "\n".join(lines)


def changes_table() -> str:
    lines = [f"| | {' | '.join(name for name, _ in TYPES)} |", "|---|" + "---|" * len(TYPES)]
    for name, existing in TYPES:
        cells = []
        for _, wanted in TYPES:
            suffix = "i" if wanted in (INTEGER, BIG_INTEGER) else KINDS[wanted.kind].suffix
            cells.append("=" if fitting(wanted, existing) else "w" if grown(existing, wanted) else f"`{suffix}`")
        lines.append(f"| **{name}** | {' | '.join(cells)} |")
    return "\n".join(lines)


def evolution_table() -> str:
    either = "in the next run and in mid-run"
    lines = [f"| | Redshift | {either} | Snowflake | {either} |", "|---" * 5 + "|"]
    for change in CHANGES:
        cells = []
        for warehouse, spell in WORDS.items():
            old, _ = placed(warehouse, change)
            cells += [spell(old.type), becomes(warehouse, change)]
        lines.append(f"| {change.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def becomes(warehouse: str, change: Change) -> str:
    """Return what becomes of the column, in the words of the page."""
    old, new = placed(warehouse, change)
    spell = WORDS[warehouse]
    if new.name != old.name:
        return f"second column `{new.name.lower()}` {spell(new.type)}"
    return "fits" if spell(new.type) == spell(old.type) else f"becomes {spell(new.type)}"


def further_table() -> str:
    lines = ["| | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {change} | {result} |" for change, result, _ in FURTHER_CHANGES)])


def test_tables_are_what_the_code_does() -> None:
    """docs/types.md shows the types and the changes as they are."""
    demand_tables(PAGE, types=types_table(), changes=changes_table())


def test_evolution_page_is_what_is_tested() -> None:
    """Each row of docs/schema-evolution.md is made in both warehouses; the code decides what the tests find there."""
    demand_tables(DOCS / "schema-evolution.md", evolution=evolution_table(), further=further_table())
    assert test_evolution.CHANGES is CHANGES
    assert all(callable(getattr(test_evolution, name)) for _, _, name in FURTHER_CHANGES)
    for change in CHANGES:
        for warehouse in WORDS:
            assert placed(warehouse, change)[1].name.lower() == change.column, (change.name, warehouse)


def demand_tables(path: Path, **tables: str) -> None:
    """The page has these tables between its markers; with UPDATE_DOCS they are written there."""
    page = path.read_text(encoding="utf-8")
    made = page
    for mark, table in tables.items():
        made = re.sub(
            f"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)",
            lambda found, t=table: f"{found[1]}{t}\n{found[2]}",
            made,
            flags=re.S,
        )
    if os.environ.get("UPDATE_DOCS"):
        path.write_text(made, encoding="utf-8")
        page = made
    assert page == made


def test_names_page_shows_what_the_rule_gives() -> None:
    """The examples of docs/names.md are those of the rule."""
    from singer_bulk.schema.names import column_names
    from target_redshift_copy.sql import NAMES as REDSHIFT_NAMES
    from target_snowflake_stage.sql import NAMES as SNOWFLAKE_NAMES

    page = (PAGE.parent / "names.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| `([^`]+)` \|", page, flags=re.M)
    assert len(rows) >= 6
    for written, redshift, snowflake in rows:
        assert column_names([written], [], REDSHIFT_NAMES) == {written: redshift}
        assert column_names([written], [], SNOWFLAKE_NAMES) == {written: snowflake}
