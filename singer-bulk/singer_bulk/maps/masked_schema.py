"""The SCHEMA of a stream whose values are masked: what was demanded of a value is not of what stands for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Union

from singer_bulk.errors import ConfigError
from singer_bulk.maps.masked_values import DIGEST_CHARACTERS, DROP, HMAC, REDACT, SHA256
from singer_bulk.model.messages import MASKED
from singer_bulk.schema.json_schema import alternatives, takes_null
from singer_bulk.schema.residue import RECORD_KEYWORDS

Json = Mapping[str, Any]
# What is masked in an object, by the names of its members: a method, or what is masked in that member.
Tree = dict[str, Union[str, "Tree"]]


@dataclass
class MaskedSchema:
    """A SCHEMA as the loader gets it, and what is masked in the records behind it.

    again: properties and paths that came masked by the same method, as a rejected record that is loaded again does.
    """

    schema: dict[str, Any]
    tree: Tree
    found: set[str] = field(default_factory=set)  # names of the settings that the SCHEMA has
    again: set[str] = field(default_factory=set)


def masked_schema(stream: str, schema: Json, masks: Mapping[str, str], own: Json, keys: list[str]) -> MaskedSchema:
    """Return the SCHEMA for masked values; masks: property or path -> method; own: those set for this stream alone.

    Raises ConfigError for a mask that cannot be, and for one that the SCHEMA has no property for.
    """
    made = MaskedSchema({**schema, "properties": dict(schema["properties"])}, {})
    before = dict(_json(schema.get(MASKED)))
    for name, method in masks.items():
        if came_by := before.get(name, _json(schema["properties"].get(name)).get(MASKED)):
            _demand_same(name, came_by, method)
            made.again.add(name)
        _enter(made, stream, schema, name, method, keys)
        if name not in made.found and name not in before:
            _demand_no_typo(stream, name, schema["properties"], is_own=name in own)
    if made.found:
        made.schema = {keyword: part for keyword, part in made.schema.items() if keyword not in RECORD_KEYWORDS}
    made.schema[MASKED] = {**before, **masks}
    return made


def _demand_same(name: str, before: str, method: str) -> None:
    if before != method:
        raise ConfigError(
            f"property {name!r} came masked by {before}, and the setting 'mask' says {method}; a digest of a digest is "
            "none of the value: set the same method, or load the records from their source",
            code="STREAM-MASK",
        )


def _enter(made: MaskedSchema, stream: str, schema: Json, name: str, method: str, keys: list[str]) -> None:
    properties = made.schema["properties"]
    if name in keys and method in (REDACT, DROP):
        raise ConfigError(
            f"stream {stream!r}: setting 'mask' takes {method} for {name!r}, which is a key property, so rows would "
            f"not be told apart; take {SHA256} or {HMAC} for it",
            code="STREAM-MASK",
        )
    made.tree[name] = method  # be it declared or not: a property that the SCHEMA lacks may come
    if name in properties:
        _replace(made, schema, name, method)
        made.found.add(name)
        return
    first, *path = name.split(".")
    if not path:
        return
    _graft(made.tree, [first, *path], method)
    if first in properties and not (isinstance(made.tree.get(first), str)):
        inner = _without(properties[first], path, method, schema)
        if inner is not None:
            made.found.add(name)
            properties[first] = inner
        else:  # whatever it is made of, what was demanded of its parts is not of masked ones
            kinds = sorted({kind for kind, _ in alternatives(_json(properties[first]), schema)})
            properties[first] = {"type": [*kinds, "null"]} if kinds and "any" not in kinds else {}


def _replace(made: MaskedSchema, schema: Json, name: str, method: str) -> None:
    properties = made.schema["properties"]
    if method == DROP:
        del properties[name]
        made.schema["required"] = [one for one in made.schema.get("required", ()) if one != name]
        return
    properties[name] = _text(_json(properties[name]), schema, method)


def _text(declared: Json, schema: Json, method: str) -> dict[str, Any]:
    types = ["null", "string"] if takes_null(declared, schema) else "string"
    said = {"description": declared["description"]} if "description" in declared else {}
    return {"type": types, "maxLength": DIGEST_CHARACTERS, **said, MASKED: method}


def _without(declared: Any, path: list[str], method: str, schema: Json) -> dict[str, Any] | None:
    """Return the schema of an object, or of an array of objects, with a member masked; None where it is not found."""
    name, *rest = path
    if not isinstance(declared, Mapping):
        return None
    if isinstance(declared.get("items"), Mapping) and "properties" not in declared:
        inner = _without(declared["items"], path, method, schema)
        return None if inner is None else {**_bare(declared), "items": inner}
    members = declared.get("properties")
    if not isinstance(members, Mapping) or name not in members:
        return None
    part = _text(_json(members[name]), schema, method) if not rest else _without(members[name], rest, method, schema)
    if part is None:
        return None
    kept = {one: members[one] for one in members if one != name}
    kept |= {} if method == DROP and not rest else {name: part}
    required = [one for one in declared.get("required", ()) if one in kept]
    return {**_bare(declared), "properties": kept, "required": required}


def _bare(declared: Json) -> dict[str, Any]:
    """Return the keywords of an object or array that no masked part of it can fail."""
    return {name: part for name, part in declared.items() if name in ("type", "description", "required")}


def _graft(tree: Tree, path: list[str], method: str) -> None:
    first, *rest = path
    there = tree.get(first)
    if isinstance(there, str):
        return  # the whole of it is masked
    if not rest:
        tree[first] = method
        return
    _graft(tree.setdefault(first, {}), rest, method)  # type: ignore[arg-type]


def _json(declared: Any) -> Json:
    return declared if isinstance(declared, Mapping) else {}


def _demand_no_typo(stream: str, name: str, properties: Json, *, is_own: bool) -> None:
    """Raise ConfigError for a name that is written otherwise in the SCHEMA, or is set for this stream and not there."""
    alike = [one for one in properties if one.casefold() == name.casefold()]
    if not (alike or is_own):
        return
    near = alike or get_close_matches(name, properties, 1)
    advice = f"is {near[0]!r} meant?" if near else "correct it, or take it out"
    where = f"stream_settings.{stream}.mask" if is_own else "mask"
    raise ConfigError(
        f"stream {stream!r}: setting {where!r} names property {name!r}, which the SCHEMA does not have, so nothing "
        f"would be masked by it; {advice}",
        code="STREAM-NO-PROPERTY",
    )
