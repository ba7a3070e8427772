"""The kinds of columns: what text each accepts, its JSON Schema, and the JSON that a value becomes.

A value keeps its digits: numbers are spliced into the message as they stand in the file, never through a float.
Two strengths. An inferred kind accepts only text that reads back the same ("007" is no integer); a kind that
is declared in `types` accepts every spelling of the value ("007" is 7).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tap_csv_extract.errors import ConfigError

Schema = dict[str, Any]

# Longer whole numbers stay text when inferred: up to 15 digits every reader of JSON keeps exactly, and what is
# longer is an account, card or article number rather than a quantity.
INFERRED_INTEGER_DIGITS = 15
# DECIMAL(38, s) is the widest of Redshift and Snowflake.
DECIMAL_DIGITS = 38

_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,9})?"
_DAY = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_OFFSET = r"(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?"

BOOLEANS = {"true": "true", "True": "true", "TRUE": "true", "false": "false", "False": "false", "FALSE": "false"}
DECLARED_BOOLEANS = {
    **dict.fromkeys(("true", "t", "yes", "y", "1", "on"), "true"),
    **dict.fromkeys(("false", "f", "no", "n", "0", "off"), "false"),
}

_NAMES = {
    "string": "string", "text": "string", "varchar": "string", "char": "string",
    "integer": "integer", "int": "integer", "bigint": "integer", "smallint": "integer",
    "number": "number", "float": "number", "double": "number", "real": "number",
    "decimal": "decimal", "numeric": "decimal",
    "boolean": "boolean", "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp", "datetime": "timestamp", "date-time": "timestamp",
    "time": "time",
    "json": "json", "object": "json", "array": "json",
}  # fmt: skip

NUMBERS = ("integer", "number", "decimal")
MARKS = ("decimal_mark", "thousands_mark")


@dataclass(frozen=True)
class Kind:
    """The kind of one column. `scale` and `precision` belong to decimals, `format` (strptime) to dates and times."""

    name: str
    precision: int = DECIMAL_DIGITS
    scale: int = 0
    format: str | None = None
    declared: bool = False
    text_format: str | None = None  # decimals: the format of the strings that carry them
    # Numbers: how the file writes them; "1.234,56" has "," and ".".
    decimal_mark: str = "."
    thousands_mark: str = ""

    @property
    def title(self) -> str:
        """How messages name it."""
        places = f" with up to {self.scale} places" if self.name == "decimal" else ""
        form = f" of the form {self.format!r}" if self.format else ""
        return f"{self.name}{places}{form}" + (f" written as {self.example!r}" if self.marked else "")

    @property
    def example(self) -> str:
        """A number as the marks have it."""
        return f"1{self.thousands_mark}234{self.decimal_mark}5"

    @property
    def marked(self) -> bool:
        """Whether numbers are not written as JSON writes them."""
        return (self.decimal_mark, self.thousands_mark) != (".", "")

    @property
    def quoted(self) -> bool:
        """Whether the value is a JSON string."""
        return self.name in ("string", "date", "timestamp", "time") or self.text_format is not None

    @property
    def digits(self) -> int:
        """How many digits an integer has at most that is spliced as it stands."""
        return 18 if self.declared else INFERRED_INTEGER_DIGITS

    def pattern(self) -> str:
        """A regular expression (RE2 and re) for the text that is spliced as it stands."""
        if self.name == "integer":
            return rf"^(?:0|-?[1-9][0-9]{{0,{self.digits - 1}}})$"
        if self.name == "decimal":
            whole = max(self.precision - self.scale, 1)
            fraction = rf"(?:\.[0-9]{{1,{self.scale}}})?" if self.scale else ""
            return rf"^-?(?:0|[1-9][0-9]{{0,{whole - 1}}}){fraction}$"
        return {
            "number": r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$",
            "boolean": rf"^(?:{'|'.join(BOOLEANS)})$",
            "date": rf"^{_DAY}$",
            "timestamp": rf"^{_DAY}[ T]{_CLOCK}{_OFFSET}$",
            "time": rf"^{_CLOCK}$",
        }[self.name]

    def marked_pattern(self) -> str:
        """A regular expression for numbers with the marks: groups of three, or none."""
        groups = rf"[0-9]{{1,3}}(?:{re.escape(self.thousands_mark)}[0-9]{{3}})+|" if self.thousands_mark else ""
        fraction = rf"(?:{re.escape(self.decimal_mark)}[0-9]*)?"
        return rf"^[+-]?(?:{groups}[0-9]*){fraction}(?:[eE][+-]?[0-9]+)?$"

    def schema(self) -> Schema:
        """The JSON Schema of the column; every column may be NULL."""
        if self.text_format is not None:
            # The SDK's catalog keeps multipleOf and drops precision and scale; `with_precision` makes them of it.
            return {"type": ["string", "null"], "format": self.text_format, "multipleOf": multiple_of(self.scale)}
        if self.name == "decimal":
            return {"type": ["number", "null"], "multipleOf": multiple_of(self.scale)}
        if self.name == "json":
            return {"type": ["object", "array", "string", "number", "boolean", "null"]}
        plain = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}
        if self.name in plain:
            return {"type": [plain[self.name], "null"]}
        formats = {"date": "date", "timestamp": "date-time", "time": "time"}
        return {"type": ["string", "null"], "format": formats[self.name]}


def with_precision(schema: Schema) -> Schema:
    """Give decimals that travel as strings the precision and scale that targets look for."""
    if not str(schema.get("format")).endswith("singer.decimal") or "multipleOf" not in schema:
        return schema
    about = {name: value for name, value in schema.items() if name != "multipleOf"}
    return {**about, "precision": DECIMAL_DIGITS, "scale": _scale_of(schema["multipleOf"])}


def multiple_of(scale: int) -> float | int:
    """The step of a decimal with `scale` places, as JSON Schema says it."""
    return float(f"1e-{scale}") if scale else 1


def kind_of_setting(column: str, text: str, form: str | None, marks: Mapping[str, Any]) -> Kind:
    """Read one entry of `types`: a name such as "integer" or "decimal(12,2)", its format and its marks, if any."""
    match = re.fullmatch(r"\s*([A-Za-z-]+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*", text)
    name = _NAMES.get(match.group(1).lower()) if match else None
    if match is None or name is None:
        known = ", ".join(sorted(set(_NAMES.values())))
        raise ConfigError(
            f"types: column {column!r} has the unknown type {text!r}; use one of {known}", code="CSV-CFG-VALUE"
        )
    if form is not None and name not in ("date", "timestamp", "time"):
        raise ConfigError(
            f"types: column {column!r}: 'format' belongs to date, timestamp and time, not to {name}",
            code="CSV-CFG-VALUE",
        )
    if marks and name not in NUMBERS:
        raise ConfigError(
            f"types: column {column!r}: {sorted(marks)} belongs to numbers, not to {name}", code="CSV-CFG-VALUE"
        )
    check_marks(f"types: column {column!r}", **marks)
    if name != "decimal":
        return Kind(name, format=form, declared=True, **marks)
    precision = int(match.group(2) or DECIMAL_DIGITS)
    scale = int(match.group(3) or 0) if match.group(2) else 9
    if not 0 <= scale <= precision <= DECIMAL_DIGITS or precision == 0:
        raise ConfigError(
            f"types: column {column!r}: {text!r} is no decimal of up to {DECIMAL_DIGITS} digits", code="CSV-CFG-VALUE"
        )
    return Kind(name, precision, scale, declared=True, **marks)


def check_marks(place: str, decimal_mark: str = ".", thousands_mark: str = "") -> None:
    """Raise ConfigError for marks by which a number cannot be read."""
    for name, mark in zip(MARKS, (decimal_mark, thousands_mark), strict=True):
        if len(mark) > 1 or re.search(r"[0-9eE+-]", mark):
            raise ConfigError(
                f"{place}: {name!r} is one character and no digit, sign or e, got {mark!r}", code="CSV-CFG-VALUE"
            )
    if not decimal_mark or decimal_mark == thousands_mark:
        raise ConfigError(
            f"{place}: 'decimal_mark' {decimal_mark!r} is empty or the same as 'thousands_mark'", code="CSV-CFG-VALUE"
        )


def kind_of_schema(schema: Schema) -> Kind:
    """Read a column's JSON Schema, as a catalog holds it."""
    types = schema.get("type", [])
    names = {types} if isinstance(types, str) else set(types)
    for option in schema.get("anyOf", []):
        listed = option.get("type", [])
        names |= {listed} if isinstance(listed, str) else set(listed)
        schema = {**option, **schema}
    names -= {"null"}
    if not names or names & {"object", "array"}:
        return Kind("json")
    if "string" in names:
        if str(schema.get("format")).endswith("singer.decimal"):
            return Kind("decimal", scale=_scale_of(schema.get("multipleOf", 1)), text_format=schema["format"])
        formats = {"date": "date", "date-time": "timestamp", "time": "time"}
        return Kind(formats.get(str(schema.get("format")), "string"))
    if "number" in names:
        step = schema.get("multipleOf")
        return Kind("number") if step is None else Kind("decimal", scale=_scale_of(step))
    return Kind("integer") if "integer" in names else Kind("boolean")


def _scale_of(step: Any) -> int:
    for scale in range(DECIMAL_DIGITS + 1):
        if float(step) == float(f"1e-{scale}"):
            return scale
    raise ConfigError(f"multipleOf {step!r} is no power of ten; correct the catalog", code="CSV-CFG-CATALOG")
