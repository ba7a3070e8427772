"""Which error does a client see?  Errors raised on purpose, and PostgreSQL's in Redshift's words.

RedshiftError          fields of an ErrorResponse: SQLSTATE, message, detail
├── NotSupported       0A000: this stand-in does not pretend to do it
└── LoadFailed         COPY stopped at a bad row; stl_load_errors has it
"""

from __future__ import annotations

import re
from collections.abc import Callable

PREFIX = "not supported by the local stand-in: "


class RedshiftError(Exception):
    """An error a client is to see."""

    def __init__(self, code: str, text: str, detail: str = "", hint: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.detail = detail
        self.hint = hint

    def fields(self) -> dict[str, str]:
        found = {"S": "ERROR", "C": self.code, "M": self.text}
        if self.detail:
            found["D"] = self.detail
        if self.hint:
            found["H"] = self.hint
        return found


class NotSupported(RedshiftError):
    """Redshift can do this, the stand-in cannot."""

    def __init__(self, what: str) -> None:
        super().__init__("0A000", PREFIX + what)


class LoadFailed(RedshiftError):
    """COPY met a row it cannot load."""

    def __init__(self, table: str, view: str = "stl_load_errors") -> None:
        super().__init__("XX000", f"Load into table '{table}' failed.  Check '{view}' system table for details.")
        self.table = table


def syntax_error(near: str) -> RedshiftError:
    return RedshiftError("42601", f'syntax error at or near "{near}"')


def block_detail(text: str, code: int, context: str, location: str) -> str:
    """The block that Redshift's own layer puts under an error (as seen in public logs)."""
    rule = "-" * 47
    lines = [rule, f"error:  {text}", f"code:      {code}", f"context:   {context}", "query:     0"]
    lines += [f"location:  {location}", "process:   padbmaster [pid=0]", rule]
    return "\n" + "".join(f"  {line}\n" for line in lines)


def internal_error(text: str, context: str, code: int = 8001, location: str = "s3_utility.cpp") -> RedshiftError:
    return RedshiftError("XX000", text, block_detail(text, code, context, location))


def _too_long(_: re.Match[str]) -> dict[str, str]:
    text = "Value too long for character type"
    return {"C": "XX000", "M": text, "D": block_detail(text, 8001, text, "string.hpp")}


def _integer_syntax(found: re.Match[str]) -> dict[str, str]:
    return {"M": f"invalid input syntax for integer:{found.group(1)}"}


def _identity(found: re.Match[str]) -> dict[str, str]:
    return {"C": "XX000", "M": f"cannot set an identity column to a value: {found.group(1)}"}


def _multiple_matches(_: re.Match[str]) -> dict[str, str]:
    return {"C": "XX000", "M": "Found multiple matches to update the same tuple."}


def _serializable(_: re.Match[str]) -> dict[str, str]:
    detail = "Serializable isolation violation on table"
    return {"C": "XX000", "M": "1023", "D": detail}


def _navigation(_: re.Match[str]) -> dict[str, str]:
    return {"C": "0A000", "M": f"{PREFIX}navigation into SUPER"}


def _perhaps_navigation(found: re.Match[str]) -> dict[str, str]:
    return {"H": f"If {found.group(1)} is a SUPER column: {PREFIX}navigation into SUPER."}


# PostgreSQL's text -> the fields Redshift puts in their place.
TRANSLATIONS: list[tuple[re.Pattern[str], Callable[[re.Match[str]], dict[str, str]]]] = [
    (re.compile(r"^value too long for type character"), _too_long),
    (re.compile(r"^invalid input syntax for type (?:integer|bigint|smallint):(.*)$", re.DOTALL), _integer_syntax),
    (re.compile(r"^cannot insert a non-DEFAULT value into column (.*)$"), _identity),
    (re.compile(r"^MERGE command cannot affect row a second time$"), _multiple_matches),
    (re.compile(r"^could not serialize access"), _serializable),
    (re.compile(r"^cannot subscript type super|^column notation \.\S+ applied to type super"), _navigation),
    (re.compile(r"^missing FROM-clause entry for table (.*)$"), _perhaps_navigation),
]

_PRECISION = re.compile(
    r"A field with precision (\d+), scale (\d+) must round to an absolute value less than 10\^(\d+)\."
)

# Where in PostgreSQL's sources an error arose says nothing about Redshift.
_HIDDEN = ("V", "P", "F", "L", "R", "n", "s", "t", "c", "d", "W", "q", "p")


def translate(fields: dict[str, str]) -> dict[str, str]:
    """The fields of PostgreSQL's ErrorResponse as Redshift would send them."""
    kept = {letter: value for letter, value in fields.items() if letter not in _HIDDEN}
    precision = _PRECISION.match(kept.get("D", ""))
    if precision:
        digits, scale, power = precision.groups()
        limit = f"10^{power} for field with precision {digits}, scale {scale}."
        kept["D"] = f"The absolute value is greater than or equal to {limit}"
    for pattern, change in TRANSLATIONS:
        found = pattern.search(kept.get("M", ""))
        if found:
            kept.pop("D", None)
            kept.pop("H", None)
            kept.update(change(found))
    return kept
