"""What does the declaration of a setting say: its JSON Schema, the value of a text, and what is wrong with a value?

A setting is a field of a struct: `port: Annotated[int, Meta(description="Port.", ge=1)] = 5439`. Text comes from the
environment and from INI files. No message shows a value: a secret may stand in the wrong setting.

The targets' library and the tap have the same file (docs/decisions/0008-settings-declared-once.md).
"""

from __future__ import annotations

import json
import math
import sys
import types
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import msgspec

Meta = msgspec.Meta
_Declared = TypeVar("_Declared", bound=msgspec.Struct)

# Both may name where the value is instead of holding it: references.py. A user is no secret, and may come with one.
Secret = Annotated[str, Meta(extra_json_schema={"secret": True, "writeOnly": True})]
Referable = Annotated[str, Meta(extra_json_schema={"reference": True})]

# So many names of settings may stand in a message.
FEW = 40
# Variables with the prefix of a command that name no setting: the Singer SDK's level of logging, and, behind a further
# underscore, what Meltano says of a plugin beside its settings (_CATALOG, _LOAD_SCHEMA, _SELECT).
# https://sdk.meltano.com/en/latest/implementation/logging.html
# https://docs.meltano.com/concepts/plugins#plugin-extras
NO_SETTING = "LOGLEVEL"
EXTRA = "_"
# Of 64 bits, as what settings are handed to takes it: files, drivers, the warehouse.
MAX_INTEGER = 2**63 - 1

_JSON_TYPES = {str: "string", int: "integer", float: "number", bool: "boolean"}
_BOUNDS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum"}
_KINDS = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


class Settings(msgspec.Struct, frozen=True, dict=True):
    """The base of all declarations; a repr, which may come into a log, shows no value."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"


def settings_schema(*declarations: type[msgspec.Struct]) -> dict[str, Any]:
    """Return the JSON Schema of all settings, as singer-sdk takes it: null means that an optional one is not set.

    There are no others; the SDK adds its own to the properties.
    """
    parts = [_object_schema(declaration) for declaration in declarations]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {name: schema for part in parts for name, schema in part["properties"].items()},
        "required": [name for part in parts for name in part.get("required", ())],
        "additionalProperties": False,
    }


def referable(declaration: type[msgspec.Struct]) -> dict[str, str]:
    """Return the fields that take a reference, each with the name of its setting."""
    schemas = {field.name: (field.encode_name, _schema(field.type)) for field in msgspec.structs.fields(declaration)}
    return {field: name for field, (name, schema) in schemas.items() if takes_reference(schema)}


def takes_reference(schema: Mapping[str, Any]) -> bool:
    """Return whether a setting may name where its value is."""
    return bool(schema.get("secret") or schema.get("reference"))


def _object_schema(declaration: type[msgspec.Struct]) -> dict[str, Any]:
    properties, required = {}, []
    for field in msgspec.structs.fields(declaration):
        schema = _schema(field.type)
        if field.required:
            required.append(field.encode_name)
        else:
            schema["type"] = [*(kind for kind in schema["type"] if kind != "null"), "null"]
            if "enum" in schema:
                schema["enum"] = [*schema["enum"], None]
            if field.default not in (msgspec.NODEFAULT, None, ()):
                schema["default"] = msgspec.to_builtins(field.default)
        properties[field.encode_name] = schema
    closed = {"additionalProperties": False} if declaration.__struct_config__.forbid_unknown_fields else {}
    return {"type": ["object"], "properties": properties, **({"required": required} if required else {}), **closed}


def _schema(annotation: Any) -> dict[str, Any]:
    """Return the JSON Schema of a type; its "type" is a list, which may end in "null"."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        schema = _schema(arguments[0])
        for meta in arguments[1:]:
            schema.update({"description": meta.description} if meta.description else {})
            schema.update({_BOUNDS[name]: getattr(meta, name) for name in _BOUNDS if getattr(meta, name) is not None})
            schema.update(meta.extra_json_schema or {})
        return schema
    if origin in (Union, types.UnionType):
        parts = [_schema(argument) for argument in arguments]
        merged = {key: value for part in parts for key, value in part.items()}
        return {**merged, "type": [one for part in parts for one in part["type"]]}
    if origin is Literal:
        return {"type": ["string"], "enum": list(arguments)}
    if origin is tuple:
        return {"type": ["array"], "items": _schema(arguments[0])}
    if origin is dict:
        return {"type": ["object"], "additionalProperties": True if arguments[1] is Any else _schema(arguments[1])}
    if annotation is types.NoneType:
        return {"type": ["null"]}
    return _object_schema(annotation) if annotation not in _JSON_TYPES else {"type": [_JSON_TYPES[annotation]]}


def value_of(schema: Mapping[str, Any], text: str) -> Any:
    """Return what a text of the environment or of an INI file says; None (not set) for one that is empty.

    A setting that takes text takes every text. One that takes several types takes it as the first one that fits, as
    text last. Raises ValueError, whose text says what the setting takes.
    """
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("has a text that is no UTF-8")
    kinds = [kind for kind in _types(schema) if kind != "null"]
    if not text.strip() and ("string" not in kinds or "enum" in schema):
        return None
    for kind in kinds:
        try:
            if kind in _READERS:
                return _READERS[kind](text.strip())
        except (ValueError, RecursionError):
            continue
    if "string" in kinds or not kinds:
        return text
    if "array" in kinds and "string" in _types(schema.get("items", {})) and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",")]
    raise ValueError(f"takes {allowed(schema)}, got other text")


def values_of(schema: Mapping[str, Any], texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings that the texts say, by the schema of all settings; raises ValueError, without the text."""
    values: dict[str, Any] = {}
    for name, text in texts.items():
        try:
            values[name] = value_of(schema["properties"].get(name, {}), text)
        except ValueError as error:
            raise ValueError(f"setting {name!r} {error}") from None
    return {name: value for name, value in values.items() if value is not None}


def read(declaration: type[_Declared], config: Mapping[str, Any]) -> _Declared:
    """Return the typed settings of a configuration that its JSON Schema allows; what others declare is passed over."""
    # Strict, since else the text "null" is null where a setting may be left out.
    return msgspec.convert(_with_integers(config), declaration)


def _with_integers(value: Any) -> Any:
    """Return the value with 5 for 5.0, which JSON Schema counts among the integers."""
    if isinstance(value, Mapping):
        return {name: _with_integers(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_with_integers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def problems_of_numbers(schema: Mapping[str, Any], value: Any, *path: str) -> list[str]:
    """Return what is wrong with numbers that JSON Schema allows and nobody can use: 1e22 rows, NaN seconds."""
    if isinstance(value, Mapping):
        named, others = schema.get("properties", {}), schema.get("additionalProperties")
        inside = [(str(name), named.get(name, others), inner) for name, inner in value.items()]
    elif isinstance(value, list | tuple):
        inside = [(str(place), schema.get("items"), inner) for place, inner in enumerate(value)]
    elif isinstance(value, int | float) and not (_fits(value, kinds := _types(schema)) or "string" in kinds):
        return [f"setting {'.'.join(path)!r} takes {allowed(schema)}, got one that is too large"]
    else:
        return []
    known = [(name, declared, inner) for name, declared, inner in inside if isinstance(declared, Mapping)]
    return [problem for name, declared, inner in known for problem in problems_of_numbers(declared, inner, *path, name)]


def _fits(value: float, kinds: Collection[str]) -> bool:
    """Return whether the number is one of 64 bits, as all that a setting counts; NaN is not."""
    return abs(value) <= (sys.float_info.max if "number" in kinds else MAX_INTEGER)


def problem_of(error: Any, elsewhere: Mapping[str, str] | None = None) -> str:
    """Return in words what jsonschema's ValidationError finds wrong.

    elsewhere: of names that other programs have, what to do here.
    """
    path = [str(part) for part in error.absolute_path]
    where = f"setting {'.'.join(path)!r}" if path else "the configuration"
    schema, got = error.schema, _KINDS[_type_of(error.instance)]
    if error.validator == "required":
        missing = error.message.rpartition(" is a required property")[0].strip("'\"")
        return f"setting {'.'.join([*path, missing])!r} is missing"
    if error.validator == "additionalProperties":
        known = schema["properties"]
        has_no = f"{where} has no" if path else "there is no setting"
        unknown = [name for name in error.instance if name not in known]
        return "; ".join(f"{has_no} {name[:80]!r}; {unknown_name(name, known, elsewhere or {})}" for name in unknown)
    if error.validator == "type":
        return f"{where} takes {allowed(schema)}, got {got}"
    if error.validator in ("enum", *_BOUNDS.values()):
        return f"{where} takes {allowed(schema)}, got another one"
    return f"{where} has a form that it does not take"


def unknown_name(name: str, known: Collection[str], elsewhere: Mapping[str, str]) -> str:
    """Return in words what to do about a name that is no setting's: the nearest one, else those there are, if few."""
    if name in elsewhere:
        return elsewhere[name]
    if near := get_close_matches(name.lower().replace("-", "_"), known, 1):
        return f"is {near[0]!r} meant?"
    return "remove it" if len(known) > FEW else "it takes " + ", ".join(known)


def unknown_variables(
    prefix: str, environment: Mapping[str, str], settings: Collection[str], elsewhere: Mapping[str, str]
) -> list[str]:
    """Return what is wrong with variables of the environment whose prefix is the command's; no value is shown."""
    names = {_variable(name) for name in settings} | {NO_SETTING}
    return [
        f"variable {variable!r} names no setting; {unknown_name(rest.lower(), settings, elsewhere)}"
        for variable, rest in _with_prefix(prefix, environment)
        if rest not in names and not rest.startswith(EXTRA)
    ]


def unread_variables(prefix: str, environment: Mapping[str, str], settings: Collection[str]) -> list[str]:
    """Return the variables that give one of the settings, for a command that was not told to read the environment."""
    names = {_variable(name) for name in settings}
    return [variable for variable, rest in _with_prefix(prefix, environment) if rest in names and environment[variable]]


def _variable(setting: str) -> str:
    return setting.upper().replace("-", "_")


def _with_prefix(prefix: str, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the variables that begin so, each with the rest of its name."""
    return [(name, name[len(prefix) :]) for name in sorted(environment) if name.startswith(prefix)]


def allowed(schema: Mapping[str, Any]) -> str:
    """Return in words what a setting takes."""
    if "enum" in schema:
        return " or ".join(", ".join(repr(one) for one in schema["enum"] if one is not None).rsplit(", ", 1))
    words = " or ".join(_KINDS[kind] for kind in _types(schema) if kind != "null")
    low, high = schema.get("minimum"), schema.get("maximum")
    if high is not None:
        return f"{words} from {low} to {high}"
    return words if low is None else f"{words} of {low} or more"


def _types(schema: Mapping[str, Any]) -> list[str]:
    """Return the types that the schema names, also in its alternatives."""
    found = schema.get("type", [])
    inner = [kind for part in schema.get("anyOf", ()) if isinstance(part, Mapping) for kind in _types(part)]
    return [*([found] if isinstance(found, str) else found), *inner]


def _type_of(value: Any) -> str:
    if isinstance(value, str | bool | int | float):
        return _JSON_TYPES[type(value)]
    return "null" if value is None else "array" if isinstance(value, list) else "object"


def _boolean(text: str) -> bool:
    if text.lower() not in (*_TRUE, *_FALSE):
        raise ValueError
    return text.lower() in _TRUE


def _number(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError
    return float(text)


def _json(kind: type[Any]) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = json.loads(text)
        if not isinstance(value, kind):
            raise ValueError
        return value

    return read


_READERS: Mapping[str, Callable[[str], Any]] = {
    "boolean": _boolean,
    "integer": int,
    "number": _number,
    "array": _json(list),
    "object": _json(dict),
}
