"""VARIANT values as JSON text: keys sorted, one of each, the digits of numbers as they came.

https://docs.snowflake.com/en/sql-reference/functions/parse_json
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from local_warehouse.snowflake.errors import SqlError

# A number that a float would not give back digit by digit, or that Snowflake writes in another way.
_DELICATE = re.compile(r"\d\.\d{15}|\d[.\d]{15}|\d[eE]|\.\d*0(?!\d)|-0")
_MARK = "\ue000"  # private use: marks a number's text while json carries it as a string
_MARKED = re.compile(f'"{_MARK}([^"]*)"')


class Duplicate(ValueError):
    """A key twice in one object."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        raise Duplicate(next(key for key in keys if keys.count(key) > 1))
    return found


def _double(text: str) -> str:
    """A double as Snowflake shows it, with one digit more where it would come back as another one."""
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"number {text[:40]} is out of range")
    shown = f"{value:.15e}"
    return shown if float(shown) == value else f"{value:.16e}"


def number_text(text: str) -> str:
    """A JSON number as Snowflake shows it: exact where NUMBER(38, 37) holds it, else as a double."""
    if "e" in text or "E" in text:
        return _double(text)
    value = Decimal(text)
    _, digits, exponent = value.as_tuple()
    if len(digits) > 38 or (isinstance(exponent, int) and exponent < -37):
        return _double(text)
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain == "-0" else plain


def _refuse_constant(text: str) -> Any:
    raise ValueError(text)


def _keep(text: str) -> str:
    return _MARK + number_text(text)


Decode = Callable[[str], Any]


def _decoder(exact: bool, strict: bool) -> Decode:
    """Made once each: making one costs as much as a small document."""
    hooks: dict[str, Any] = {"parse_constant": _refuse_constant}
    if exact:
        hooks |= {"parse_float": _keep, "parse_int": _keep}
    if strict:
        hooks["object_pairs_hook"] = _pairs
    return json.JSONDecoder(**hooks).decode


_decode_exact, _decode_plain = _decoder(True, True), _decoder(False, True)
_decode_exact_last, _decode_plain_last = _decoder(True, False), _decoder(False, False)
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


def normalise_last(text: str) -> str | None:
    """PARSE_JSON(.., 'd'): of a key given twice the last value counts."""
    return normalise(text, _decode_exact_last, _decode_plain_last)


def normalise(text: str, exact: Decode | None = None, plain: Decode | None = None) -> str | None:
    """PARSE_JSON: canonical text, or None (SQL NULL) for empty text; SqlError for text that is not JSON."""
    if not text.strip():
        return None
    try:
        if _DELICATE.search(text) and _MARK not in text:
            return _MARKED.sub(r"\1", _encode((exact or _decode_exact)(text)))
        return _encode((plain or _decode_plain)(text))
    except Duplicate as error:
        message = f'Error parsing JSON: duplicate object attribute "{str(error)[:80]}"'
        raise SqlError(message, 100069, "22P02") from None
    except (ValueError, RecursionError) as error:
        raise SqlError(f"Error parsing JSON: {error}", 100069, "22P02") from None


def load(text: str) -> Any:
    """The Python value of stored text; numbers become Decimal."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def pretty(text: str) -> str:
    """The text as a client sees it: two blanks of indentation."""
    if text[:1] not in "{[":
        return text
    value = json.loads(text, parse_float=lambda t: _MARK + t, parse_int=lambda t: _MARK + t)
    return _MARKED.sub(r"\1", json.dumps(value, indent=2, ensure_ascii=False))


def get(text: str, step: str | int) -> str | None:
    """`v:key` or `v[0]`: the text of what is there, None for nothing."""
    wanted = "[" if isinstance(step, int) else "{"
    if text[:1] != wanted:
        return None
    value = json.loads(text, parse_float=lambda t: _MARK + t, parse_int=lambda t: _MARK + t)
    if isinstance(step, int):
        if not 0 <= step < len(value):
            return None
        found = value[step]
    elif step in value:
        found = value[step]
    else:
        return None
    return _MARKED.sub(r"\1", json.dumps(found, separators=(",", ":"), ensure_ascii=False))


def flatten(text: str) -> str:
    """The elements of an array or object as a JSON list of [key, path, index, value text]."""
    if text[:1] not in "{[":
        return "[]"
    value = json.loads(text, parse_float=lambda t: _MARK + t, parse_int=lambda t: _MARK + t)

    def plain(one: Any) -> str:
        return _MARKED.sub(r"\1", json.dumps(one, separators=(",", ":"), ensure_ascii=False))

    if isinstance(value, dict):
        rows = [[key, key if key.isidentifier() else f"['{key}']", None, plain(one)] for key, one in value.items()]
    else:
        rows = [[None, f"[{i}]", str(i), plain(one)] for i, one in enumerate(value)]
    return json.dumps(rows, ensure_ascii=False)


def text_of(text: str) -> str | None:
    """A VARIANT as VARCHAR: strings without quotes, JSON null as NULL, the rest as JSON."""
    if text == "null":
        return None
    return str(json.loads(text)) if text[:1] == '"' else text
