"""Which table does a stream load, and which column does a property fill? docs/names.md has the rule in words."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from singer_bulk.errors import ConfigError
from singer_bulk.model.columns import Column
from singer_bulk.model.names import DEFAULT_SCHEMA, NameRules, lower, name_hash

NOTHING_CHOSEN: Mapping[str, str] = {}
_COMMENT = re.compile(r'Singer property ("(?:[^"\\]|\\.)*")(?:\n.*)?', re.DOTALL)


def table_name(
    stream: str, default_schema: str | None, schema_mapping: Mapping[str, Any], rules: NameRules
) -> tuple[str, str]:
    """Return the schema and the name of a stream's table in the warehouse.

    `schema-table` is split at its last dash, as the taps for databases write it. The schema is what `schema_mapping`
    has for the stream's own, else the setting `default_target_schema`, else the stream's own (Singer SDK:
    SQLSink.schema_name; PipelineWise: schema_mapping, with `target_schema` inside).
    """
    first, _, last = stream.rpartition("-")
    own = first.rpartition("-")[2]
    mapped = schema_mapping.get(first, schema_mapping.get(own))
    if isinstance(mapped, Mapping):
        mapped = mapped.get("target_schema")
    if mapped is not None and not isinstance(mapped, str):
        raise ConfigError(
            f"schema_mapping: {own!r} must be the name of a schema, or hold target_schema", code="CFG-SCHEMA-NAME"
        )
    name = rules.name_for(last or stream)
    # On Redshift a name that begins with # is a temporary table's.
    # https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
    return rules.name_for(mapped or default_schema or own or DEFAULT_SCHEMA), f"_{name}" if name[:1] == "#" else name


def column_names(
    properties: Iterable[str], present: Collection[Column], rules: NameRules, chosen: Mapping[str, str] = NOTHING_CHOSEN
) -> dict[str, str]:
    """Return the column name of each property; `present` are the columns that the table has.

    A property that a column's comment names has that column. Of others that would share a name, the one that
    is written like it has it, else the first in the order of characters; the rest get a suffix of their own. The
    order within the SCHEMA does not matter. chosen: the columns that the user names, which no other property gets.
    """
    properties = list(properties)
    remembered = {owner: column.name for column in present if (owner := property_in(column.comment)) is not None}
    names = {written: remembered[written] for written in properties if written in remembered}
    for written, name in _chosen_names(properties, present, rules, chosen).items():
        if remembered.setdefault(written, name) != name:
            raise _refused_name(written, name, f"the table has its values in column {remembered[written]!r}")
        names[written] = name
    used = set(remembered.values())
    if len(used) < len(remembered):
        raise _shared_name(remembered)
    _demand_own(properties, names, present, rules)
    for written in sorted(set(properties) - set(names), key=lambda name: (not is_plain(name, rules), name)):
        name = rules.column_for(written)
        if name in used:
            name = rules.with_suffix(name, name_hash(written))
        if name in used:
            raise ConfigError(
                f"property {written!r} has no column name that is free; rename it by a stream map",
                code="STREAM-COLUMN-NAME",
            )
        used.add(name)
        names[written] = name
    for written in rules.granted & names.keys():
        if names[written] != (name := rules.fold(written)):
            raise ConfigError(
                f"property {written!r} is looked for in column {name!r}, and its values are in {names[written]!r}; "
                f"rename that column to {name!r} in the table, or set sdc_deleted_at to value",
                code="STREAM-OWN-NAME",
            )
    return names


def _chosen_names(
    properties: Collection[str], present: Collection[Column], rules: NameRules, chosen: Mapping[str, str]
) -> dict[str, str]:
    """Return the columns that the user names, of the properties that there are; raises ConfigError."""
    names: dict[str, str] = {}
    there = {column.name for column in present}
    for written, wanted in chosen.items():
        if written not in properties:
            continue
        name, before = rules.fold(wanted), rules.column_for(written)
        if not wanted or rules.column_for(wanted) != name:
            raise _refused_name(written, wanted, "which is no name of a column that a property may have")
        others = [one for one in properties if one != written and one not in chosen and rules.column_for(one) == name]
        if others:
            raise _refused_name(written, name, f"which is that of property {others[0]!r}")
        if before in there and name not in there:
            problem = f"and the table has its values in column {before!r}: rename that to {name!r} in the table"
            raise _refused_name(written, name, problem)
        names[written] = name
    return names


def _shared_name(names: Mapping[str, str]) -> ConfigError:
    """Return the error for two properties with one column."""
    owners: dict[str, str] = {}
    for written, name in names.items():
        if name in owners:
            return _refused_name(written, name, f"which is that of property {owners[name]!r}")
        owners[name] = written
    raise AssertionError("no name is shared")


def _refused_name(written: str, name: str, why: str) -> ConfigError:
    return ConfigError(
        f"setting 'column_names' calls the column of property {written!r} {name!r}, {why}; choose another name, or "
        "leave the property out",
        code="STREAM-COLUMN-NAME",
    )


def _demand_own(
    properties: Iterable[str], remembered: Mapping[str, str], present: Collection[Column], rules: NameRules
) -> None:
    """Raise ConfigError where a column of the loader's holds values of a property, or may hold some.

    That is so where the table was loaded before the loader wrote a column of that name.
    """
    there = {column.name for column in present}
    for written in properties:
        name, own = rules.fold(written), remembered.get(written, rules.column_for(written))
        if rules.is_own(own) and written not in rules.granted:
            taken, free = own, "_" + own
        elif rules.is_own(name) and written not in rules.granted and name in there and own not in there:
            taken, free = name, own
        else:
            continue
        raise ConfigError(
            f"property {written!r}: column {taken!r} is the loader's under these settings, and the table has one that "
            f"may hold values of the property. If it does, rename it to {free!r} in the table; if its values are the "
            "loader's, rename the property by a stream map",
            code="STREAM-OWN-NAME",
        )


def is_plain(written: str, rules: NameRules) -> bool:
    """Return whether the property's name follows from the column's, so that no comment is needed."""
    return lower(written) == written and rules.column_for(written) == rules.fold(written)


def comment_of(written: str, rules: NameRules, description: object = None, *, column: str | None = None) -> str | None:
    """Return the comment of a property's column: its name, unless that follows from the column's, and what the SCHEMA
    says of it. column: the name of the column, where the user may have chosen it.

    The name comes first: SVV_COLUMNS shows 256 bytes of a comment.
    https://docs.aws.amazon.com/redshift/latest/dg/r_SVV_COLUMNS.html
    """
    text = description if isinstance(description, str) and description else None
    is_own = column is None or column == rules.column_for(written)
    if is_plain(written, rules) and is_own and property_in(text) is None:
        return text
    name = f"Singer property {json.dumps(written, ensure_ascii=False)}"
    return name if text is None else f"{name}\n{text}"


def property_in(comment: str | None) -> str | None:
    """Return the property that a column's comment names."""
    found = _COMMENT.fullmatch(comment or "")
    if found is None:
        return None
    try:
        return str(json.loads(found[1]))
    except ValueError:
        return None  # not a comment of ours
