"""What does a SCHEMA mean, whatever form a tap gives it? The rules, which docs/types.md has for users:

1. A keyword with a value that JSON Schema does not know says nothing: it is passed over and named. So is a `$ref` that
   leads nowhere.
2. What the record itself gets by `$ref` and `allOf` becomes part of it. Properties that only `anyOf`, `oneOf`, `then`,
   `else` or `dependentSchemas` declare are declared.
3. Null is taken where `type` names it, even if `enum` or `const` does not; and where OpenAPI's `nullable` is true.
4. What a `$ref` leads to stands in `$defs`, wherever it was, so that a part of the SCHEMA can be judged alone.
5. A SCHEMA without any properties has none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from singer_bulk.errors import ConfigError, shown
from singer_bulk.schema.keywords import DEFS, KeywordReader
from singer_bulk.schema.residue import RECORD_KEYWORDS

Json = Mapping[str, Any]


def meaning_of(stream: str, schema: Any) -> tuple[dict[str, Any], list[str]]:
    """Return the SCHEMA in the form that all of the loader reads, and the places that were passed over.

    Raises ConfigError for a SCHEMA that is no JSON object, and for one that is nested too deep.
    """
    if not isinstance(schema, Mapping):
        raise ConfigError(
            f"stream {stream!r}: the SCHEMA is no JSON object, but {shown(schema)}; check the tap", code="STREAM-SCHEMA"
        )
    reader = KeywordReader(schema)
    try:
        read = _merged(reader.schema(schema, "$"), reader.found, set())
        properties = _declared(read, reader.found, set())
    except RecursionError:
        raise ConfigError(
            f"stream {stream!r}: the SCHEMA is nested too deep; flatten it at the tap", code="STREAM-SCHEMA"
        ) from None
    read["properties"] = {name: _followed(part, reader.found) for name, part in properties.items()}
    return (read | {DEFS: reader.found} if reader.found else read), reader.odd


def _merged(schema: Any, found: Json, passed: set[str]) -> dict[str, Any]:
    """Return the schema of a record with its `$ref` and `allOf` in one piece; `passed` are references merged before."""
    if not isinstance(schema, Mapping):
        return {}
    merged = {keyword: part for keyword, part in schema.items() if keyword not in ("$ref", "allOf")}
    parts = list(schema.get("allOf", ()))
    if "$ref" in schema and schema["$ref"] not in passed:
        passed.add(schema["$ref"])
        parts.insert(0, _referred(schema["$ref"], found))
    for part in parts:
        merged = {**merged, "not": {}} if part is False else _both(merged, _merged(part, found, passed))
    return merged


def _both(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of records that both schemas take."""
    both, rest = dict(one), dict(other)
    properties = dict(one.get("properties", {}))
    for name, schema in rest.pop("properties", {}).items():
        properties[name] = _narrowed(properties.get(name, schema), schema)
    required = [*one.get("required", ()), *rest.pop("required", ())]
    more = [*one.get("allOf", ()), *rest.pop("allOf", ())]
    if any(keyword in one and one[keyword] != part for keyword, part in rest.items() if keyword in RECORD_KEYWORDS):
        more.append({keyword: part for keyword, part in rest.items() if keyword in RECORD_KEYWORDS})
    else:
        both = {**rest, **both}
    named = {"properties": properties, "required": list(dict.fromkeys(required)), "allOf": more}
    return both | {keyword: part for keyword, part in named.items() if part}


def _narrowed(one: Any, other: Any) -> Any:
    if one == other or other in ({}, True):
        return one
    return other if one in ({}, True) else {"allOf": [one, other]}


def _declared(schema: Json, found: Json, passed: set[int]) -> dict[str, Any]:
    """Return the properties of a record with their schemas: its own, then those of its alternatives, each seen once."""
    own: dict[str, Any] = dict(schema.get("properties", {}))
    others: dict[str, list[Any]] = {}
    for part in _alternatives(schema):
        if id(part) in passed:
            continue
        passed.add(id(part))
        for name, one in _declared(_merged(part, found, set()), found, passed).items():
            if name not in own and one not in others.setdefault(name, []):
                others[name].append(one)
    return own | {name: parts[0] if len(parts) == 1 else {"anyOf": parts} for name, parts in others.items()}


def _alternatives(schema: Json) -> Iterator[Any]:
    for keyword in ("anyOf", "oneOf"):
        yield from schema.get(keyword, ())
    for keyword in ("then", "else"):
        if keyword in schema:
            yield schema[keyword]
    for keyword in ("dependentSchemas", "dependencies"):
        yield from schema.get(keyword, {}).values()


def _followed(part: Any, found: Json) -> Any:
    """Return the schema of a property in place of a reference to it; one that only refers to itself allows anything."""
    passed = set[str]()
    while isinstance(part, Mapping) and "$ref" in part:
        target = {} if part["$ref"] in passed else _referred(part["$ref"], found)
        passed.add(part["$ref"])
        if not isinstance(target, Mapping):
            return target
        part = {**target, **{keyword: value for keyword, value in part.items() if keyword != "$ref"}}
    return part


def _referred(reference: str, found: Json) -> Any:
    return found[reference.rpartition("/")[2]]
