"""VARIANT values as JSON text: keys sorted, one of each, the digits of numbers as they came.

https://docs.snowflake.com/en/sql-reference/functions/parse_json
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from local_warehouse.snowflake.errors import SqlError

# A number that a float would not give back digit by digit, or that Snowflake writes in another way.
_DELICATE = re.compile(r"\d\.\d{15}|\d[.\d]{15}|\d[eE]|\.\d*0(?!\d)|-0|0\.0000")
_MARK = "\ue000"  # private use: a run of them marks a number's text while json carries it as a string
_ESCAPED_MARK = re.compile(r"\\u[eE]000")


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


def double(text: str) -> str:
    """A FLOAT as a VARIANT; NaN and infinity, which JSON cannot write, are not kept here."""
    if "n" in text.lower():  # nan, inf
        raise SqlError(f"Unsupported feature '{text} in a VARIANT'.", 2, "0A000")
    return _double(text)


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


def _mark_for(text: str) -> str:
    """A longer run of marks than any in the document, so that no text of its own passes for a number."""
    mark = _MARK
    if mark in text or "\\u" in text:
        plain = _ESCAPED_MARK.sub(_MARK, text)
        while mark in plain:
            mark += _MARK
    return mark


def _bare(text: str, mark: str) -> str:
    """JSON whose marked strings are numbers again."""
    return re.sub(f'"{mark}([^"]*)"', r"\1", text)


@lru_cache(64)
def _decoder(strict: bool, mark: str, number: Callable[[str], str] | None) -> Callable[[str], Any]:
    """Made once each: making one costs as much as a small document. Without `number`, numbers are Python's."""
    hooks: dict[str, Any] = {"parse_constant": _refuse_constant}
    if number is not None:
        hooks["parse_float"] = hooks["parse_int"] = lambda text: mark + number(text)
    if strict:
        hooks["object_pairs_hook"] = _pairs
    return json.JSONDecoder(**hooks).decode


_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_encode_as_stored = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


def normalise_last(text: str) -> str | None:
    """PARSE_JSON(.., 'd'): of a key given twice the last value counts."""
    return normalise(text, strict=False)


def normalise(text: str, strict: bool = True) -> str | None:
    """PARSE_JSON: canonical text, or None (SQL NULL) for empty text; SqlError for text that is not JSON."""
    if not text.strip():
        return None
    try:
        if _DELICATE.search(text):
            mark = _mark_for(text)
            found = _bare(_encode(_decoder(strict, mark, number_text)(text)), mark)
        else:
            found = _encode(_decoder(strict, "", None)(text))
        if "\\u" in text:
            found.encode()  # half of a surrogate pair is no character
        return found
    except Duplicate as error:
        message = f'Error parsing JSON: duplicate object attribute "{str(error)[:80]}"'
        raise SqlError(message, 100069, "22P02") from None
    except (ValueError, RecursionError) as error:
        raise SqlError(f"Error parsing JSON: {error}", 100069, "22P02") from None


def load(text: str) -> Any:
    """The Python value of stored text; numbers become Decimal."""
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def _opened(text: str) -> tuple[Any, str]:
    """Stored text as Python values, numbers as marked texts, and the mark."""
    mark = _mark_for(text)
    return _decoder(False, mark, str)(text), mark


def pretty(text: str) -> str:
    """The text as a client sees it: two blanks of indentation."""
    if text[:1] not in "{[":
        return text
    value, mark = _opened(text)
    return _bare(json.dumps(value, indent=2, ensure_ascii=False), mark)


def get(text: str, step: str | int) -> str | None:
    """`v:key` or `v[0]`: the text of what is there, None for nothing."""
    wanted = "[" if isinstance(step, int) else "{"
    if text[:1] != wanted:
        return None
    value, mark = _opened(text)
    if isinstance(step, int):
        if not 0 <= step < len(value):
            return None
        found = value[step]
    elif step in value:
        found = value[step]
    else:
        return None
    return _bare(_encode_as_stored(found), mark)


def flatten(text: str) -> str:
    """The elements of an array or object as a JSON list of [key, path, index, value text]."""
    if text[:1] not in "{[":
        return "[]"
    value, mark = _opened(text)
    rows: list[list[str | None]] = []
    for at, key in enumerate(value):
        if isinstance(value, dict):
            place = [key, key if key.isidentifier() else f"['{key}']", None]
            one = value[key]
        else:
            place, one = [None, f"[{at}]", str(at)], key
        rows.append([*place, _bare(_encode_as_stored(one), mark)])
    return json.dumps(rows, ensure_ascii=False)


def text_of(text: str) -> str | None:
    """A VARIANT as VARCHAR: strings without quotes, JSON null as NULL, the rest as JSON."""
    if text == "null":
        return None
    return str(json.loads(text)) if text[:1] == '"' else text
