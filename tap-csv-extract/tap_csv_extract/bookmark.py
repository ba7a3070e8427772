"""The replication key: which rows are new enough, and the highest value seen.

Timestamps are compared as points in time (one without offset counts as UTC), numbers as numbers, text by code points.
Files need not be sorted: the bookmark moves only when the whole stream has been read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tap_csv_extract.errors import ConfigError
from tap_csv_extract.kinds import Kind

Value = str | int | float


class ReplicationKey:
    """Filters columns of JSON text by a lower limit and remembers the highest value."""

    def __init__(self, column: str, kind: Kind, bookmark: Value | None, overlap: float, highest: Value | None) -> None:
        """`bookmark` is the lower limit before `overlap` is taken off; `highest` what an unfinished run had reached."""
        self._column, self._kind = column, kind
        self._order: Callable[[str], Any] = _ORDERS.get(kind.name, str)
        self.highest: str | None = None
        try:
            self._limit = None if bookmark is None else _lower(self._order(str(bookmark)), overlap)
            for value in (bookmark, highest):
                if value is not None:
                    self._order(str(value))
                    self._raise_to(str(value))
        except (ValueError, ArithmeticError) as error:
            raise ConfigError(
                f"replication_key {column!r}: bookmark or start_value {bookmark!r} is no {kind.name}; correct "
                "'start_value', or take the stream's bookmark out of STATE, which sends its rows again",
                code="CSV-STATE-VALUE",
            ) from error

    def keep(self, values: Any) -> Any | None:
        """Return a mask of the rows to send, None if it is all. A row whose key is NULL is sent: it has no time."""
        if len(values) == 0 or values.null_count == len(values):
            return None
        if self._kind.name in ("timestamp", "date") and _uniform(values):
            return self._keep_text(values)
        encoded = values.dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        order = [self._order(text) for text in texts]
        self._raise_to(max(zip(order, texts, strict=True))[1])
        if self._limit is None:
            return None
        wanted = pa.array([value >= self._limit for value in order])
        return pc.fill_null(wanted.take(encoded.indices), True)

    def _keep_text(self, values: Any) -> Any | None:
        """Times of one form sort like their text."""
        self._raise_to(pc.max(values).as_py())
        if self._limit is None:
            return None
        limit = self._limit
        if isinstance(limit, datetime):
            if limit.microsecond:
                limit = limit.replace(microsecond=0) + timedelta(seconds=1)
            limit = limit.replace(tzinfo=None)
        return pc.fill_null(pc.greater_equal(values, limit.isoformat()), True)

    def _raise_to(self, value: str) -> None:
        if self.highest is None or self._order(value) > self._order(self.highest):
            self.highest = value

    def as_state(self) -> dict[str, Value | None]:
        """The highest value as STATE holds it, with its column: a whole number as a number, everything else as text."""
        whole = self.highest is not None and self._kind.name == "integer"
        return {
            "replication_key": self._column,
            "replication_key_order": order_of(self._kind),
            "replication_key_value": int(self.highest or 0) if whole else self.highest,
        }


def order_of(kind: Kind) -> str:
    """By what values of a kind are compared: those of one order may stand in each other's place."""
    return {"integer": "number", "decimal": "number", "date": "timestamp"}.get(kind.name, kind.name)


def _uniform(values: Any) -> bool:
    lengths = pc.min_max(pc.binary_length(values))
    longest = lengths["max"].as_py()
    return lengths["min"].as_py() == longest and longest in (10, 19)


def _instant(text: str) -> datetime:
    """A timestamp in JSON form as a point in time; digits beyond microseconds are kept out of the comparison."""
    head, fraction, rest = text[:19], "", text[19:]
    if rest.startswith("."):
        digits = len(rest[1:]) - len(rest[1:].lstrip("0123456789"))
        fraction, rest = rest[1 : 1 + digits], rest[1 + digits :]
    value = datetime.fromisoformat(head.replace(" ", "T")).replace(microsecond=int((fraction + "000000")[:6]))
    if rest in ("", "Z"):
        return value.replace(tzinfo=timezone.utc)
    sign = -1 if rest[0] == "-" else 1
    offset = timedelta(hours=int(rest[1:3]), minutes=int(rest[-2:]))
    return (value - sign * offset).replace(tzinfo=timezone.utc)


_ORDERS: dict[str, Callable[[str], Any]] = {
    "timestamp": _instant,
    "date": date.fromisoformat,
    "integer": int,
    "decimal": Decimal,
    "number": Decimal,
}


def _lower(limit: Any, overlap: float) -> Any:
    """Take the overlap off the bookmark."""
    if not overlap:
        return limit
    if isinstance(limit, datetime):
        return limit - timedelta(seconds=overlap)
    if isinstance(limit, date):
        return limit - timedelta(days=math.ceil(overlap / 86400))
    if isinstance(limit, int | Decimal):
        return limit - (int(overlap) if isinstance(limit, int) else Decimal(str(overlap)))
    return limit
