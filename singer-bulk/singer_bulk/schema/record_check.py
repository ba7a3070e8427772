"""What does a SCHEMA demand of a record that the field encoders do not check already?

Compiled once per SCHEMA. The types of properties, and whatever else makes a column's type, are checked where a value
is written; `required` and null by the decoder of records. What is left of each property's JSON Schema, its residue,
is checked by this module: with a decoder in C if it consists of bounds of integers, lengths and enums only, else with
jsonschema-rs on numbers that keep their digits. A stream without residue costs nothing.

The formats date-time, date and time are checked by the columns, which take more than RFC 3339 does. A format that JSON
Schema does not define is ignored.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import MAX_EMAX, Decimal, InvalidOperation
from typing import Annotated, Any, Literal, TypedDict, Union

import jsonschema_rs
import msgspec

from singer_bulk.errors import ConfigError, RecordInvalid, shown
from singer_bulk.model.block_memory import collector_paused
from singer_bulk.model.check import Check, Demand, Shape
from singer_bulk.model.columns import INT64_MAX, INT64_MIN, Column
from singer_bulk.model.messages import Records
from singer_bulk.schema.demands import demand_of, shape_of
from singer_bulk.schema.residue import (
    RECORD_KEYWORDS,
    Json,
    definitions,
    judged,
    residue_of,
)

MAX_STEPS = 40_000  # 1 ms
_LONG_KEYWORDS = ("anyOf", "oneOf", "allOf", "not", "contains", "propertyNames", "if", "then", "else")
_OPERATION_REMEDY = (
    "an operation that is not known is never guessed: say what it means in cdc (insert_values, update_values, "
    "delete_values, truncate_values, ignore_values)"
)
_REMEDY = "correct it at its source, set on_invalid_record to reject, or set validate_records to false"


def record_check(
    stream: str,
    schema: Json,
    columns: Sequence[Column],
    operations: Mapping[str, Sequence[Any]] | None = None,
    *,
    rounds: bool = False,
) -> Check | None:
    """Return what raises RecordInvalid for the first record that fails; None if the encoders check everything.

    `operations` has the values that operation properties of a change feed may have; `rounds`: decimal columns round
    what they cannot hold. Raises ConfigError for a SCHEMA that is no JSON Schema.
    """
    operations = operations or {}
    _validator(stream, schema)  # raises ConfigError, so that all below may trust the SCHEMA
    schema = {**schema, "properties": {**schema["properties"], **_narrowed(schema["properties"], operations)}}
    types = {column.property: column for column in columns if column.property is not None}
    residues: dict[str, Any] = {}
    for name, part in schema["properties"].items():
        left = part if name not in types else residue_of(part, schema, types[name], rounds=rounds)
        if left not in ({}, True):
            residues[name] = left
    whole = {keyword: schema[keyword] for keyword in schema if keyword in RECORD_KEYWORDS}
    if not residues and not whole:
        return None
    kinds = {name: _simple(part) for name, part in residues.items()}
    # msgspec ignores the keys of a TypedDict that are not ASCII.
    typed = not whole and all(name.isascii() for name in residues)
    simple = typed and None not in kinds.values()
    # A TypedDict looks at all of its names for each property that is none of them.
    by_name = len(residues) * len(schema["properties"]) > MAX_STEPS
    demands = {name: demand_of(part, types.get(name)) for name, part in residues.items()}
    return _Checker(
        stream,
        _validator(stream, {**whole, **definitions(schema), "properties": residues}),
        _record_decoder({name: kind | None for name, kind in kinds.items()}) if simple and not by_name else None,
        _record_decoder(dict.fromkeys(residues, Any))
        if typed and not by_name
        else msgspec.json.Decoder(float_hook=_decimal),
        None
        if whole or None in demands.values()
        else {name: each for name, each in demands.items() if each is not None},
        frozenset(operations),
    )


def _narrowed(properties: Json, operations: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
    """Return the schemas of operation properties, with the values that they may have."""
    narrowed = {}
    for name, values in operations.items():
        part = properties.get(name)
        declared = part if isinstance(part, Mapping) else {}
        allowed = declared.get("enum", values)
        narrowed[name] = {**declared, "enum": [value for value in values if value in allowed]}
    return narrowed


class _Checker:
    def __init__(
        self,
        stream: str,
        validator: jsonschema_rs.Validator,
        fast: Any,
        decoder: Any,
        demands: Mapping[str, Demand] | None,
        operations: frozenset[str],
    ) -> None:
        self.demands = demands
        self._operations = operations
        self._stream = stream
        self._validator = validator
        self._fast = fast
        self._decoder = decoder

    def __call__(self, records: Records) -> None:
        if self._are_fine(records.text):
            return
        for number, line in zip(records.line_numbers, records.lines, strict=True):
            if self._are_fine(line):
                continue  # what is said of a record does not depend on those beside it
            try:
                record = self._decoder.decode(line)["record"]
            except (KeyError, TypeError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                continue  # no record at all: the encoder says what is wrong with it
            if not self._validator.is_valid(record):
                raise self._invalid(record, number)

    def _are_fine(self, lines: bytes) -> bool:
        """Return whether the fast decoder takes the lines; 1.0 for an integer it leaves to the validator."""
        if self._fast is None:
            return False
        try:
            with collector_paused():
                self._fast.decode_lines(lines)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            return False
        return True

    def _invalid(self, record: Any, line_number: int) -> RecordInvalid:
        error = next(iter(self._validator.iter_errors(record)))
        keyword = str(error.schema_path[-1]) if error.schema_path else "false"
        steps = _steps(record, error.instance_path)
        return RecordInvalid(
            stream=self._stream,
            line_number=line_number,
            path=_path(steps),
            expected=_expected(error, keyword),
            value=_at(record, steps),
            remedy=_OPERATION_REMEDY if steps and steps[0] in self._operations else _REMEDY,
        )


def _expected(error: jsonschema_rs.ValidationError, keyword: str) -> str:
    """Return the keyword and what it demands; the library's own message would repeat the value, however long it is."""
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.PropertyNames):
        return f"has a name that fails propertyNames ({keyword})"
    demanded = getattr(error.kind, "value", None)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.FalseSchema):
        return "may not be there"
    return f"fails {keyword}" if demanded is None or keyword in _LONG_KEYWORDS else f"fails {keyword} {shown(demanded)}"


def _path(steps: Iterable[Any]) -> str:
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return "$" + path


def _steps(value: Any, path: Iterable[Any]) -> list[Any]:
    """Return the steps to a value; a name that looks like a number comes as one, an empty one not at all."""
    steps: list[Any] = []
    for step in path:
        if isinstance(value, dict) and str(step) not in value:
            steps.append("")
            value = value[""]
        steps.append(str(step) if isinstance(value, dict) else step)
        value = value[steps[-1]]
    return steps


def _at(value: Any, steps: Iterable[Any]) -> Any:
    for step in steps:
        value = value[step]
    return _as_sent(value)


def _decimal(text: str) -> Decimal:
    """Return the number; where its exponent is beyond any Decimal, one that is as far out for every bound."""
    try:
        return Decimal(text)
    except InvalidOperation:
        digits, _, exponent = text.lower().partition("e")
        return Decimal(f"{digits}e{'-' if exponent[0] == '-' else ''}{MAX_EMAX // 2}")


def _as_sent(value: Any) -> Any:
    """Return the value with each number that has a point or an exponent as its JSON text."""
    if isinstance(value, Decimal):
        return _Digits(value)
    if isinstance(value, dict):
        return {name: _as_sent(part) for name, part in value.items()}
    return [_as_sent(part) for part in value] if isinstance(value, list) else value


class _Digits:
    def __init__(self, number: Decimal) -> None:
        self._number = number

    def __repr__(self) -> str:
        return str(self._number)


def _validator(stream: str, schema: Json) -> jsonschema_rs.Validator:
    # 2019-09 reads what the drafts before it write, as `meaning.py` leaves it, and knows the format uuid.
    try:
        # offline: a $ref is looked up in the SCHEMA, never at an address that it names
        return jsonschema_rs.Draft201909Validator(judged(schema), validate_formats=True, offline=True)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        reason = shown(str(getattr(error, "message", error)).splitlines()[0])
        path = list(getattr(error, "instance_path", ()))
        place = f"at {_path(path)}: " if path else ""
        raise ConfigError(
            f"stream {stream!r}: the SCHEMA is no JSON Schema ({place}{reason}); "
            "correct it at the tap, or give the property another schema where the tap's settings can",
            code="STREAM-SCHEMA",
        ) from error


def _simple(residue: Any) -> Any:
    """Return the msgspec type that checks a residue of bounds of integers, lengths or texts; None for any other."""
    if not isinstance(residue, Mapping):
        return None
    keywords = set(residue)
    if keywords == {"enum"} and all(_is_literal(value) for value in residue["enum"]):
        if all(value is None for value in residue["enum"]):
            return None
        return Literal[tuple(value for value in residue["enum"] if value is not None)]
    small = all(type(value) is int and INT64_MIN <= value <= INT64_MAX for value in residue.values())
    if keywords <= {"maxLength", "minLength"} and small:
        return Annotated[str, msgspec.Meta(max_length=residue.get("maxLength"), min_length=residue.get("minLength"))]
    if keywords <= {"minimum", "maximum"} and small:
        return Annotated[int, msgspec.Meta(ge=residue.get("minimum"), le=residue.get("maximum"))]
    shape = shape_of(residue)
    return None if shape is None else _document(shape)


def _is_literal(value: Any) -> bool:
    return value is None or isinstance(value, str) or (type(value) is int and INT64_MIN <= value <= INT64_MAX)


_SCALARS: dict[str, Any] = {"null": None, "string": str, "integer": int, "number": float, "boolean": bool}


def _document(shape: Shape) -> Any:
    """Return the msgspec type of the documents of a shape."""
    return Union[tuple(_part(name, shape) for name in sorted(shape.types))] if shape.types else msgspec.Raw  # noqa: UP007


def _part(name: str, shape: Shape) -> Any:
    if name in _SCALARS:
        return _SCALARS[name]
    if name == "array":
        return list[msgspec.Raw if shape.items is None else _document(shape.items)]  # type: ignore[misc]
    fields = [(f"f{position}", _document(part), None) for position, part in enumerate(shape.properties.values())]
    names = dict(zip((name for name, _, _ in fields), shape.properties, strict=True))
    return msgspec.defstruct("Document", fields, rename=names)


def _record_decoder(kinds: Mapping[str, Any]) -> Any:
    """Return a decoder of RECORD lines to a dict with these properties only."""
    typed_dict: Any = TypedDict
    record = typed_dict("record", dict(kinds), total=False)
    return msgspec.json.Decoder(typed_dict("message", {"record": record}), float_hook=_decimal)
