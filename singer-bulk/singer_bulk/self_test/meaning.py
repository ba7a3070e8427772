"""When do two values mean the same? Written from JSON and the two warehouses' documents, without our encoders.

`meaning(means, text)` is what a JSON text says; `stored(means, value)` what a warehouse gives back. They are compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

EPOCH = date(1970, 1, 1).toordinal()
_STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(?: ?([Zz]|[+-]\d\d(?::?\d\d)?))?)?"
)
_PLAIN = re.compile(r"-?0*(?=[\d.]{1,39}$)(\d{0,38}|\d*\.\d{1,37})")  # data-types-numeric, r_Numeric_types201


def meaning(means: str, text: str) -> Any:
    """Return what the JSON text of a property means."""
    if means == "raw":
        return text
    if means == "json":
        return _document(text, _Sent)
    value = parsed(text)
    if means == "text":
        return value if isinstance(value, str) else text
    return None if value is None else stored(means, value)


def stored(means: str, value: Any) -> Any:
    """Return what a value that a warehouse gave back means."""
    if value is None:
        return None
    return _MEANINGS[means](value)


def parsed(text: str) -> Any:
    """Return the JSON value, numbers as Decimals."""
    return _document(text, Decimal)


def _integer(value: Any) -> int:
    number = Decimal(value)
    assert number == number.to_integral_value()
    return int(number)


def _double(value: Any) -> float:
    return float(value) + 0.0


class _Number:
    """A number in a document that a warehouse gave back; no boolean equals it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.value = Decimal(text)

    def __repr__(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Number) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]  # what a double equals need not equal one another


class _Sent(_Number):
    """A number in a document that was sent: up to 38 plain digits are kept as they are, any other is a double."""

    def __eq__(self, other: object) -> bool:
        if isinstance(other, _Number) and _PLAIN.fullmatch(self.text) is None:
            return float(self.text) == float(other.text)
        return super().__eq__(other)


def _document(text: str, number: Callable[[str], Any] = _Number) -> Any:
    return json.loads(text, parse_int=number, parse_float=number)


def _date(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)[:10]


def _time(value: Any) -> tuple[int, int]:
    text = value.isoformat() if isinstance(value, time) else str(value)
    clock, _, fraction = text.partition(".")
    parts = [int(part) for part in clock.split(":")] + [0]
    return parts[0] * 3600 + parts[1] * 60 + parts[2], int((fraction or "0").ljust(9, "0"))


def instant(value: Any, *, with_offset: bool) -> tuple[int, int]:
    """Return (seconds since 1970, nanoseconds) of a date-time; one without offset is in UTC."""
    if isinstance(value, datetime):
        value = value.isoformat()
    found = _STAMP.fullmatch(str(value))
    assert found is not None, value
    year, month, day, hour, minute, second, fraction, offset = found.groups()
    days = date(int(year), int(month), int(day)).toordinal() - EPOCH
    seconds = days * 86_400 + int(hour or 0) * 3600 + int(minute or 0) * 60 + int(second or 0)
    if offset and offset not in "Zz":
        assert with_offset, value
        digits = offset[1:].replace(":", "").ljust(4, "0")
        minutes = int(digits[:2]) * 60 + int(digits[2:])
        seconds -= (-1 if offset[0] == "-" else 1) * minutes * 60
    return seconds, int((fraction or "0").ljust(9, "0"))


_MEANINGS: dict[str, Callable[[Any], Any]] = {
    "integer": _integer,
    "decimal": Decimal,
    "double": _double,
    "boolean": lambda value: {"true": True, "false": False, "t": True, "f": False}.get(value, value),
    "text": lambda value: value,
    "raw": lambda value: value,
    "date": _date,
    "time": _time,
    "timestamp": lambda value: instant(value, with_offset=False),
    "instant": lambda value: instant(value, with_offset=True),
    "json": _document,
}
