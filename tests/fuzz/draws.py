"""What a fuzz is made of: values, names, SCHEMAs and lines that a seed draws, most of them odd."""

from __future__ import annotations

import json
from random import Random
from typing import Any

NAMES = [
    "id", "a", "A", "a.b", "a__b", "", " ", ".", "-", "--", "'", '"', "`", "\\", "%s", "{}", "$", "#t", "é",
    "ß", "İ", "ı",
    "😀", "\u200b", "\u202e", "\ufeff", "\ufffd", "\n", "\r", "\t", "\0", "\x1f", "\x1e", "a" * 128,
    "ä" * 64, "x" * 400,
    "select", "current_date", "oid", "_sdc_sequence", "_sdc_extra", "_sdc_deleted_at", "_singer_loads",
    "a;drop", "../x",
    "*", "a\x00b", "--x", "/*", "1", "null", "properties", "type", "$ref", "record", "stream", "a b", "ａ", "\u0301",
]  # fmt: skip
TYPES = ["null", "boolean", "integer", "number", "string", "array", "object", "any", "float", "date-time", ""]
FORMATS = ["date", "time", "date-time", "uuid", "email", "decimal", "singer.decimal", "uri", "regex", "binary", "x"]
KEYWORDS = [
    "type", "format", "enum", "const", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
    "maxLength", "minLength", "pattern", "items", "prefixItems", "additionalItems", "maxItems",
    "uniqueItems", "contains",
    "maxProperties", "required", "properties", "patternProperties", "additionalProperties", "dependencies",
    "dependentRequired", "dependentSchemas", "propertyNames", "if", "then", "else", "allOf", "anyOf", "oneOf", "not",
    "$ref", "$defs", "definitions", "precision", "scale", "nullable", "description", "default", "unevaluatedProperties",
]  # fmt: skip
TEXTS = [
    "", "a", "2020-06-01", "2020-06-01T12:00:00Z", "0000-00-00", "12:00:00+00:00", "24:00", "1.5", "NaN",
    "null", "true",
    "a|b", '"', "@n@", "\\N", "\x1f", "\n", "x" * 300, "😀", "1e400", "00000000-0000-0000-0000-000000000000", "'; drop",
]  # fmt: skip
NUMBERS = [
    0,
    -1,
    1,
    0.1,
    1.0,
    -0.0,
    1e22,
    1e-320,
    2**31,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63) - 1,
    2**64,
    10**38,
    10**40,
    1e308,
]
# Texts of values that json.dumps does not write, and that a line may hold.
RAW_VALUES = [
    "NaN",
    "-Infinity",
    "1e400",
    "01",
    "\\u0041",
    '"\\ud800"',
    '"\\u0000"',
    "1" * 5000,
    "[" * 3000,
    "{",
    '"',
    "",
]


def pick(random: Random, choices: list[Any]) -> Any:
    """Return one of the choices."""
    return choices[random.randrange(len(choices))]


def value(random: Random, depth: int = 3) -> Any:
    """Return a JSON value."""
    kind = random.randrange(8 if depth else 5)
    if kind < 2:
        return pick(random, TEXTS)
    if kind < 4:
        return pick(random, NUMBERS)
    if kind == 4:
        return pick(random, [None, True, False])
    if kind == 5:
        return [value(random, depth - 1) for _ in range(random.randrange(4))]
    return {pick(random, NAMES): value(random, depth - 1) for _ in range(random.randrange(4))}


def json_schema(random: Random, depth: int = 3) -> Any:
    """Return something that stands where a JSON Schema does: mostly one, with keywords that mostly fit."""
    if random.random() < 0.04:
        return value(random, 1)
    schema: dict[str, Any] = {}
    if random.random() < 0.8:
        names = [pick(random, TYPES) for _ in range(random.choice([1, 1, 2, 2, 3]))]
        schema["type"] = names[0] if len(names) == 1 else names
    for _ in range(random.choice([0, 0, 1, 1, 2, 4])):
        keyword = pick(random, KEYWORDS)
        schema[keyword] = _part(random, keyword, depth) if random.random() < 0.85 else value(random, 1)
    return schema


def _part(random: Random, keyword: str, depth: int) -> Any:
    if keyword == "format":
        return pick(random, FORMATS)
    if keyword == "$ref":
        return pick(
            random, ["#", "#/$defs/a", "#/definitions/a", "#/properties/id", "#/nowhere", "#a", "http://x.example/"]
        )
    if keyword in ("enum", "required"):
        return [pick(random, [*NAMES[:8], *TEXTS[:6], 1, None]) for _ in range(random.randrange(4))]
    if not depth:
        return value(random, 0)
    if keyword in ("properties", "patternProperties", "dependentSchemas", "dependencies", "$defs", "definitions"):
        return {pick(random, ["a", *NAMES]): json_schema(random, depth - 1) for _ in range(random.randrange(3))}
    if keyword in ("allOf", "anyOf", "oneOf", "prefixItems"):
        return [json_schema(random, depth - 1) for _ in range(random.randrange(3))]
    if keyword in ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"):
        return json_schema(random, depth - 1)
    return pick(random, [*NUMBERS, *TEXTS[:4]])


def schema_message(random: Random, stream: str) -> dict[str, Any]:
    """Return a SCHEMA of some properties, with keys that it mostly has."""
    names = [pick(random, NAMES) for _ in range(random.randrange(1, 5))]
    schema = {"type": "object", "properties": {name: json_schema(random) for name in names}}
    if random.random() < 0.3:
        more = json_schema(random)
        schema.update(more if isinstance(more, dict) else {})
        schema = {**schema, "properties": schema.get("properties")} if random.random() < 0.9 else schema
    keys = random.choice([[], [], names[:1], names[:2], ["nothing"]])
    return {"type": "SCHEMA", "stream": stream, "schema": schema, "key_properties": keys}


def record_line(random: Random, stream: str, names: list[str]) -> str:
    """Return a RECORD of some of the properties, and now and then of another or of a value that is no JSON."""
    members = {name: value(random) for name in names if random.random() < 0.8}
    if random.random() < 0.2:
        members[pick(random, NAMES)] = value(random)
    text = json.dumps({"type": "RECORD", "stream": stream, "record": members})
    if random.random() < 0.05 and names:
        return text.replace("}}", f", {json.dumps(names[0])}: {pick(random, RAW_VALUES)}}}}}")
    return text


def damaged(random: Random, line: str) -> bytes:
    """Return the line with something cut out, put in or exchanged."""
    text = line.encode("utf-8", "surrogatepass")
    at = random.randrange(len(text) + 1)
    return random.choice(
        [
            text[:at],
            text[:at] + bytes([random.randrange(256)]) + text[at + 1 :],
            text[:at] + b"\n" + text[at:],
            text[:at] + text[at : at + 20] * 3 + text[at:],
            text.replace(b'"stream"', random.choice([b'"Stream"', b'"type"', b'"record"'])),
            text.replace(
                b'"RECORD"', random.choice([b'"STATE"', b'"SCHEMA"', b'"BATCH"', b"5", b"null", b'"ACTIVATE_VERSION"'])
            ),
            json.dumps(value(random)).encode(),
            b"\xff\xfe" + text,
        ]
    )
