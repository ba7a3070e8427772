"""How a table of Redshift lies and who may read it: the settings for that, what is wrong with them, and their words.

Pages are those of https://docs.aws.amazon.com/redshift/latest/dg/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from singer_bulk.model.declared import Meta
from singer_bulk.model.names import lower
from singer_bulk.model.table_properties import TableProperties
from singer_bulk.settings.named import grantee, of_each, stored

# What may stand before a name in `grants`, and what r_GRANT has there.
GRANTEES = {"": "", "USER": "", "ROLE": "ROLE", "GROUP": "GROUP"}
# c_Compression_encodings
ENCODINGS = (
    "raw", "az64", "bytedict", "delta", "delta32k", "lzo", "mostly8", "mostly16", "mostly32", "runlength",
    "text255", "text32k", "zstd",
)  # fmt: skip
MAX_COMPOUND, MAX_INTERLEAVED = 400, 8  # r_CREATE_TABLE_NEW

DistStyle = Annotated[
    Literal["auto", "even", "all", "key"] | None,
    Meta(description="DISTSTYLE of a new table; key needs dist_key. Default: as Redshift makes it, auto."),
]
DistKey = Annotated[
    str | None, Meta(description="Column of a new table whose values say on which slice a row lies (DISTKEY).")
]
SortKey = Annotated[
    tuple[str, ...] | None, Meta(description="Columns that a new table is sorted by (SORTKEY), in their order.")
]
SortStyle = Annotated[
    Literal["compound", "interleaved", "auto"] | None,
    Meta(description="How sort_key sorts; auto leaves the columns to Redshift and takes no sort_key."),
]
Encodings = Annotated[
    dict[str, str] | None,
    Meta(description='Compression of columns of a new table: {"note": "zstd"}; columns that are added later, too.'),
]
Backup = Annotated[
    bool | None,
    Meta(description="false: a new table is in no snapshot (BACKUP NO). RA3 and Serverless back up every table."),
]
NAMES = ("grants", "dist_style", "dist_key", "sort_key", "sort_style", "encodings")


def layout_problems(config: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the settings of tables, for all streams and for one."""
    return [
        f"setting {where + name!r} {problem}"
        for where, own in of_each(config, NAMES)
        for name, problem in _problems(own)
    ]


def _problems(own: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    style, key, sorts = own["dist_style"], own["dist_key"], own["sort_key"] or ()
    for written in own["grants"] or ():
        try:
            grantee(written, GRANTEES, lower)
        except ValueError as error:
            yield "grants", str(error)
    columns = [("dist_key", one) for one in ([key] if key else [])] + [("sort_key", one) for one in sorts]
    for name, written in columns + [("encodings", one) for one in own["encodings"] or {}]:
        try:
            stored(written, lower)
        except ValueError as error:
            yield name, str(error)
    if key and style not in (None, "key"):
        yield "dist_key", f"and 'dist_style' {style} exclude each other; a table with a key has the style key"
    if style == "key" and not key:
        yield "dist_style", "key needs 'dist_key', the column"
    if own["sort_style"] == "auto" and sorts:
        yield "sort_key", "and 'sort_style' auto exclude each other: Redshift chooses the columns"
    if own["sort_style"] in ("compound", "interleaved") and not sorts:
        yield "sort_style", "needs 'sort_key', the columns"
    most = MAX_INTERLEAVED if own["sort_style"] == "interleaved" else MAX_COMPOUND
    if len(sorts) > most:
        yield "sort_key", f"takes {most} columns at most"
    if len({lower(one) for one in sorts}) < len(sorts):
        yield "sort_key", "names a column twice"
    for encoding in (own["encodings"] or {}).values():
        if lower(encoding) not in ENCODINGS:
            yield "encodings", f"takes {', '.join(ENCODINGS)}, got {encoding[:80]!r}"


def properties_of(settings: Any) -> TableProperties:
    """Return what the settings want of a table: r_CREATE_TABLE_NEW has the words and their order."""
    key = stored(settings.dist_key, lower) if settings.dist_key else None
    sorts = tuple(stored(one, lower) for one in settings.sort_key or ())
    encodings = {stored(one, lower): lower(words) for one, words in (settings.encodings or {}).items()}
    style = settings.dist_style or ("key" if key else None)
    interleaved = settings.sort_style == "interleaved"
    named = {"dist_key": (key,) if key else (), "sort_key": sorts}
    return TableProperties(
        grants=tuple(grantee(one, GRANTEES, lower) for one in settings.grants),
        clauses=tuple(_clauses(settings, style, key, sorts)),
        of_columns=tuple((column, f"ENCODE {words.upper()}") for column, words in encodings.items()),
        keys=tuple((setting, columns) for setting, columns in named.items() if columns),
        named=(("encodings", tuple(encodings)),) if encodings else (),
        shown=(
            *((("DISTSTYLE", style.upper()),) if style else ()),
            *((("DISTKEY", key),) if key else ()),
            *((("SORTKEY", ", ".join(sorts)), ("INTERLEAVED", "yes" if interleaved else "no")) if sorts else ()),
            *((f"ENCODE of {column}", words) for column, words in encodings.items()),
        ),
        comments=settings.comments,
    )


def _clauses(settings: Any, style: str | None, key: str | None, sorts: tuple[str, ...]) -> Iterator[str]:
    if settings.backup is not None:
        yield "BACKUP YES" if settings.backup else "BACKUP NO"
    if style:
        yield f"DISTSTYLE {style.upper()}"
    if key:
        yield f"DISTKEY ({_quoted(key)})"
    if sorts:
        columns = ", ".join(map(_quoted, sorts))
        yield f"{'INTERLEAVED' if settings.sort_style == 'interleaved' else 'COMPOUND'} SORTKEY ({columns})"
    elif settings.sort_style == "auto":
        yield "SORTKEY AUTO"


def _quoted(stored_name: str) -> str:
    escaped = stored_name.replace('"', '""')
    return f'"{escaped}"'
