"""What a value is, whatever reads it: databases, messages and warehouses are compared by this."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Any


def meaning(column: str, value: Any) -> Any:
    """Return the value of a column of `changes.COLUMNS` in one form."""
    return None if value is None else _FORMS.get(column, str)(value)


def _number(value: Any) -> Decimal:
    return Decimal(str(value)).normalize() + 0


def _truth(value: Any) -> bool:
    return value in (True, 1, "1", "true")


def _day(value: Any) -> str:
    return value.isoformat()[:10] if isinstance(value, date) else str(value)[:10]


def _clock(value: Any) -> str:
    text = value.isoformat() if isinstance(value, time) else str(value)
    return text.partition(".")[0].rjust(8, "0")


def _instant(value: Any) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(_with_minutes(str(value)))
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    return moment.isoformat(timespec="microseconds")


def _with_minutes(text: str) -> str:
    """Return a timestamp whose offset has minutes: PostgreSQL writes +00."""
    return text + ":00" if text[-3:-2] in ("+", "-") else text


def _document(value: Any) -> Any:
    """Return a document; Meltano's tap-postgres sends that of a log as the text of it."""
    while isinstance(value, str):
        value = json.loads(value, parse_float=lambda text: _number(text), parse_int=lambda text: _number(text))
    return value


_FORMS: dict[str, Callable[[Any], Any]] = {
    "id": int, "number": int, "stars": int, "amount": _number, "weight": float, "paid": _truth, "due": _day,
    "slot": _clock, "moment": _instant, "instant": _instant, "doc": _document,
}  # fmt: skip
