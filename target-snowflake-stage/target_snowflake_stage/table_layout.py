"""What a table of Snowflake has besides its columns: the settings for that, what is wrong with them, and their words.

Pages are those of https://docs.snowflake.com/en/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from singer_bulk.model.declared import Meta
from singer_bulk.model.names import upper
from singer_bulk.model.table_properties import TableProperties
from singer_bulk.settings.named import grantee, of_each, stored
from singer_bulk.warehouse.words import literal

# What may stand before a name in `grants`, and what sql/grant-privilege has there.
GRANTEES = {"": "ROLE", "ROLE": "ROLE"}
MAX_RETENTION_DAYS = 90  # user-guide/data-time-travel, Enterprise; else 1
MAX_TAGS, MAX_TAG_CHARACTERS = 50, 256  # user-guide/object-tagging

ClusterBy = Annotated[
    tuple[str, ...] | None,
    Meta(description="Columns that a new table is clustered by (CLUSTER BY); no expressions, which COPY refuses."),
]
Transient = Annotated[
    bool | None, Meta(description="Make new tables TRANSIENT: no Fail-safe, a day of Time Travel at most.")
]
RetentionDays = Annotated[
    Annotated[int, Meta(ge=0, le=MAX_RETENTION_DAYS)] | None,
    Meta(description="Days of Time Travel of a new table (DATA_RETENTION_TIME_IN_DAYS); more than 1 needs Enterprise."),
]
Tags = Annotated[
    dict[str, str] | None,
    Meta(description='Tags of a new table, which exist: {"governance.tags.owner": "sales"}.'),
]
NAMES = ("grants", "cluster_by", "transient", "retention_days", "tags")
_PART = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_TAG = re.compile(rf"{_PART}(?:\.{_PART}){{0,2}}")


def layout_problems(config: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the settings of tables, for all streams and for one."""
    return [
        f"setting {where + name!r} {problem}"
        for where, own in of_each(config, NAMES)
        for name, problem in _problems(own)
    ]


def _problems(own: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for written in own["grants"] or ():
        try:
            grantee(written, GRANTEES, upper)
        except ValueError as error:
            yield "grants", str(error)
    for written in own["cluster_by"] or ():
        try:
            stored(written, upper)
        except ValueError as error:
            yield "cluster_by", str(error)
    if own["transient"] and (own["retention_days"] or 0) > 1:
        yield "retention_days", "is more than 1, and 'transient' tables keep a day at most"
    tags = own["tags"] or {}
    if len(tags) > MAX_TAGS:
        yield "tags", f"takes {MAX_TAGS} tags at most"
    for tag, value in tags.items():
        if not _TAG.fullmatch(tag):
            yield "tags", f"takes NAME, SCHEMA.NAME or DATABASE.SCHEMA.NAME of a tag, got {tag[:80]!r}"
        if len(value) > MAX_TAG_CHARACTERS:
            yield "tags", f"takes {MAX_TAG_CHARACTERS} characters at most as the value of {tag[:80]!r}"


def properties_of(settings: Any) -> TableProperties:
    """Return what the settings want of a table: sql/create-table has the words."""
    clusters = tuple(stored(one, upper) for one in settings.cluster_by or ())
    days = settings.retention_days
    return TableProperties(
        grants=tuple(grantee(one, GRANTEES, upper) for one in settings.grants),
        kind="TRANSIENT" if settings.transient else "",
        clauses=tuple(_clauses(settings, clusters)),
        last=_tags(settings.tags or {}),
        keys=(("cluster_by", clusters),) if clusters else (),
        shown=(
            *((("CLUSTER BY", ", ".join(clusters)),) if clusters else ()),
            *((("kind", "TRANSIENT" if settings.transient else "TABLE"),) if settings.transient is not None else ()),
            *((("retention_time", str(days)),) if days is not None else ()),
        ),
        comments=settings.comments,
    )


def _clauses(settings: Any, clusters: tuple[str, ...]) -> Iterator[str]:
    if clusters:
        columns = ", ".join('"' + one.replace('"', '""') + '"' for one in clusters)
        yield f"CLUSTER BY ({columns})"
    if settings.retention_days is not None:
        yield f"DATA_RETENTION_TIME_IN_DAYS = {settings.retention_days}"


def _tags(tags: Mapping[str, str]) -> tuple[str, ...]:
    listed = ", ".join(f"{_tag(tag)} = {literal(value)}" for tag, value in tags.items())
    return (f"WITH TAG ({listed})",) if listed else ()


def _tag(written: str) -> str:
    """Return the name of a tag with each of its parts in quotes, as it is stored."""
    parts = [stored(part, upper) for part in re.findall(_PART, written)]
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def clustered_by(shown: str) -> str:
    """Return the columns in what SHOW TABLES shows as cluster_by, LINEAR("a", B), in the form of `shown`."""
    inside = re.fullmatch(r"(?:LINEAR)?\s*\((.*)\)", shown.strip(), re.DOTALL)
    parts = re.findall(r'"(?:[^"]|"")+"|[^,\s][^,]*', inside[1] if inside else shown)
    return ", ".join(part[1:-1].replace('""', '"') if part[:1] == '"' else part.strip() for part in parts)
