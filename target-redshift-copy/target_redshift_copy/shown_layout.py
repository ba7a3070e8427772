"""How does a table of Redshift lie? What the catalog shows of it, in the words of the settings (`table_layout.py`).

Pages are those of https://docs.aws.amazon.com/redshift/latest/dg/.
"""

from __future__ import annotations

from collections.abc import Sequence

from singer_bulk.model.load import Table
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.words import literal

# r_PG_CLASS_INFO, releffectivediststyle
STYLES = {0: "EVEN", 1: "KEY", 8: "ALL", 10: "AUTO", 11: "AUTO", 12: "AUTO"}


def ask_columns(tables: Sequence[Table]) -> str:
    """Return the query for keys and encodings (r_SVV_REDSHIFT_COLUMNS, which also shows those of datashares)."""
    return (
        "SELECT schema_name, table_name, column_name, encoding, distkey, sortkey FROM svv_redshift_columns "
        f"WHERE database_name = CAST(CURRENT_DATABASE() AS VARCHAR) AND ({_among(tables, 'schema_name', 'table_name')})"
    )


def ask_styles(tables: Sequence[Table]) -> str:
    """Return the query for the style of distribution (r_PG_CLASS_INFO)."""
    return (
        "SELECT n.nspname, c.relname, c.releffectivediststyle FROM pg_class_info c "
        f"JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {_among(tables, 'n.nspname', 'c.relname')}"
    )


def _among(tables: Sequence[Table], schema: str, name: str) -> str:
    return " OR ".join(f"({schema} = {literal(one.schema)} AND {name} = {literal(one.name)})" for one in tables)


def shown_layout(columns: Rows, styles: Rows) -> dict[Table, dict[str, str]]:
    """Return what is shown of each table; nothing of what a row has NULL for."""
    found: dict[Table, dict[str, str]] = {}
    sorts: dict[Table, dict[int, str]] = {}
    for schema, table, column, encoding, is_key, place in columns:
        shown = found.setdefault(Table(schema, table), {})
        sort = sorts.setdefault(Table(schema, table), {})
        if encoding is not None:
            shown[f"ENCODE of {column}"] = "raw" if encoding in ("none", "") else str(encoding)
        if is_key is not None and (is_key or "DISTKEY" not in shown):
            shown["DISTKEY"] = column if is_key else ""
        if place:
            sort[place] = column
        if place is not None:
            shown["SORTKEY"] = ""
    for one, sort in sorts.items():
        if sort:
            found[one]["SORTKEY"] = ", ".join(sort[place] for place in sorted(sort, key=abs))
        if len(sort) > 1:  # of one column the sign does not tell
            found[one]["INTERLEAVED"] = "yes" if min(sort) < 0 else "no"
    for schema, table, style in styles:
        if style in STYLES:
            found.setdefault(Table(schema, table), {})["DISTSTYLE"] = STYLES[style]
    return found
