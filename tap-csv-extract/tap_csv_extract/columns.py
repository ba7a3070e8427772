"""Columns of text -> columns of JSON, a block at a time, with the rows that do not fit.

Arrow's string kernels do the common spelling of each kind for a whole column; a column with anything else in it
goes value by value through `spell`, which is the definition.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Context, Decimal, InvalidOperation
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tap_csv_extract.kinds import BOOLEANS, DECIMAL_DIGITS, DECLARED_BOOLEANS, Kind

EXACT = Context(prec=2 * DECIMAL_DIGITS)
FIRST_DAY = (date.min - date(1970, 1, 1)).days  # 0001-01-01; Arrow also knows a year 0
DAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Converted:
    """One column as JSON text; strings stand without their quotes. `bad` lists the rows that do not fit."""

    values: Any  # pyarrow.StringArray, null where the value is NULL
    bad: list[int]


def converter(kind: Kind) -> Callable[[Any], Converted]:
    """Return the function that turns a column of text into JSON; made once per stream."""
    if kind.name == "string":
        return lambda values: Converted(escape(values), [])
    if kind.marked:
        plain = converter(replace(kind, decimal_mark=".", thousands_mark=""))
        return lambda values: plain(without_marks(kind, values))
    spell = speller(kind)
    fast = _FAST.get(kind.name)
    form = digits_of_format(kind.format) if kind.format else None
    if kind.format and form is None:
        return lambda values: _one_by_one(values, spell)
    pattern = kind.pattern() if fast else ""

    plain_form = _PLAIN.get(kind.name) if form is None else None

    def convert(values: Any) -> Converted:
        if plain_form is not None and (plain := plain_form(kind, values)) is not None:
            return Converted(plain, [])
        if fast is not None:
            common = values
            if form is not None:
                if not _all_match(values, form[0]):
                    return _one_by_one(values, spell)
                common = pc.replace_substring_regex(values, form[0], form[1])
            done = fast(common) if _all_match(common, pattern) else None
            if done is not None:
                return Converted(done, [])
        return _one_by_one(values, spell)

    return convert


def without_marks(kind: Kind, values: Any) -> Any:
    """Write numbers as JSON does; what is no number by the marks becomes text that is none in any case."""
    fits = pc.match_substring_regex(values, kind.marked_pattern())
    if kind.thousands_mark:
        values = pc.replace_substring(values, kind.thousands_mark, "")
    return pc.if_else(fits, pc.replace_substring(values, kind.decimal_mark, "."), "no number")


def _all_match(values: Any, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(values, pattern), min_count=0).as_py())


def digits_of_format(form: str) -> tuple[str, str] | None:
    """For a strptime format whose parts are all digits of a known number: its pattern, and how ISO is made of it.

    None for every other format. Part of what strptime takes ("1/2/2020") does not match; it is spelled one by one.

    >>> digits_of_format("%d.%m.%Y")
    ('^([0-9]{2})\\\\.([0-9]{2})\\\\.([0-9]{4})$', '\\\\3-\\\\2-\\\\1')
    """
    pattern = ""
    places: dict[str, int] = {}
    for part in re.findall(r"%.|[^%]+", form):
        if part in ("%Y", "%m", "%d", "%H", "%M", "%S") and part not in places:
            places[part] = len(places) + 1
            pattern += f"([0-9]{{{4 if part == '%Y' else 2}}})"
        elif part.startswith("%"):
            return None
        else:
            pattern += re.escape(part)
    day = [places.get(part) for part in ("%Y", "%m", "%d")]
    clock = [places.get(part) for part in ("%H", "%M", "%S")]
    if None in day or (any(clock) and None in clock):
        return None
    iso = "-".join(f"\\{place}" for place in day)
    return f"^{pattern}$", iso + ("T" + ":".join(f"\\{place}" for place in clock) if any(clock) else "")


def _one_by_one(values: Any, spell: Callable[[str], str | None]) -> Converted:
    """Spell each distinct value once."""
    encoded = values.dictionary_encode()
    spelled = [spell(text) for text in encoded.dictionary.to_pylist()]
    bad: list[int] = []
    if None in spelled:
        wrong = {index for index, text in enumerate(spelled) if text is None}
        bad = [row for row, index in enumerate(encoded.indices.to_pylist()) if index in wrong]
    return Converted(pa.array(spelled, pa.string()).take(encoded.indices), bad)


def plain_integer(kind: Kind, values: Any) -> Any | None:
    """Return integers that read back the same, without a pattern; None: not known."""
    try:
        numbers = pc.cast(values, pa.int64())
    except pa.ArrowInvalid:
        return None
    ends = pc.min_max(numbers).as_py()
    if ends["min"] is None or max(-ends["min"], ends["max"]) >= 10**kind.digits:
        return None
    return values if pc.all(pc.equal(numbers.cast(pa.string()), values)).as_py() else None


def _plain_date(kind: Kind, values: Any) -> Any | None:
    return values if _have_length(values, 10) and _on_calendar(values) else None


def plain_timestamp(values: Any) -> Any | None:
    """Return timestamps YYYY-MM-DD hh:mm:ss as JSON has them; None: some are none, or not known to be."""
    if not _have_length(values, 19):
        return None
    # Of so many characters Arrow takes no other form: no fraction of a second where the unit is one, and no offset.
    try:
        first = pc.min(pc.cast(values, pa.timestamp("s")).cast(pa.int64())).as_py()
    except pa.ArrowInvalid:
        return None
    return pc.binary_replace_slice(values, 10, 11, "T") if first >= FIRST_DAY * DAY_SECONDS else None


def _have_length(values: Any, length: int) -> bool:
    ends = pc.min_max(pc.binary_length(values)).as_py()
    return bool(ends["min"] == ends["max"] == length)


def _fast_date(values: Any) -> Any | None:
    return values if _on_calendar(values) else None


def _fast_timestamp(values: Any) -> Any | None:
    if not _on_calendar(pc.utf8_slice_codeunits(values, 0, 10)):
        return None
    if not pc.all(pc.equal(pc.binary_length(values), 19), min_count=0).as_py():
        # Offsets are written +HH:MM in RFC 3339; databases also write +HHMM and +HH.
        odd = pc.match_substring_regex(values, r"[+-][0-9]{2}(?:[0-9]{2})?$")
        if pc.any(pc.and_(odd, pc.greater(pc.binary_length(values), 10)), min_count=0).as_py():
            return None
    return pc.binary_replace_slice(values, 10, 11, "T")


def _on_calendar(days: Any) -> bool:
    """Whether every day exists, from 0001-01-01 on."""
    try:
        numbers = pc.cast(days, pa.date32())
    except pa.ArrowInvalid:
        return False
    first = pc.min(numbers.cast(pa.int32())).as_py()
    return first is None or first >= FIRST_DAY


def _fast_boolean(values: Any) -> Any:
    return pc.utf8_lower(values)


# Forms that need no pattern, tried first.
_PLAIN: dict[str, Callable[[Kind, Any], Any | None]] = {
    "integer": plain_integer,
    "date": _plain_date,
    "timestamp": lambda kind, values: plain_timestamp(values),
}
_FAST: dict[str, Callable[[Any], Any | None]] = {
    "integer": lambda values: values,
    "decimal": lambda values: values,
    "number": lambda values: values,
    "boolean": _fast_boolean,
    "date": _fast_date,
    "timestamp": _fast_timestamp,
    "time": lambda values: values,
}


def speller(kind: Kind) -> Callable[[str], str | None]:
    """Return the function that spells one value as JSON (strings without quotes), None if it does not fit."""
    pattern = re.compile(kind.pattern().replace("$", r"\Z")) if kind.name != "json" else None
    if kind.name == "json":
        return _spell_json
    assert pattern is not None
    if kind.name == "boolean":
        return lambda text: BOOLEANS.get(text) or (DECLARED_BOOLEANS.get(text.lower()) if kind.declared else None)
    if kind.name in ("date", "timestamp", "time"):
        return lambda text: _spell_time(kind, pattern, text)
    if kind.declared:
        return lambda text: text if pattern.match(text) else _spell_declared_number(kind, text)
    return lambda text: text if pattern.match(text) else None


def _spell_json(text: str) -> str | None:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return None
    return msgspec.json.format(text, indent=-1)


def _spell_declared_number(kind: Kind, text: str) -> str | None:
    """Other spellings of a number: '007', '+5', '.5', '5.', '1e3'."""
    if not re.fullmatch(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?", text):
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    if kind.name == "number":
        return format(value, "f")
    _, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    if kind.name == "integer":
        whole = value == value.to_integral_value()
        return str(int(value)) if whole and -(2**63) <= value < 2**63 else None
    if len(digits) + exponent > kind.precision - kind.scale:
        return None
    if -exponent > kind.scale:  # no more than zeros may stand behind its last place
        shorter = value.quantize(Decimal(1).scaleb(-kind.scale), context=EXACT)
        return format(shorter, "f") if shorter == value else None
    return format(value, "f")


def _spell_time(kind: Kind, pattern: re.Pattern[str], text: str) -> str | None:
    if kind.format is not None:
        return _spell_format(kind, text)
    if not pattern.match(text):
        return None
    if kind.name == "time":
        return text
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return None
    if kind.name == "date":
        return text
    rest = re.sub(r"([+-][0-9]{2}):?([0-9]{2})?$", lambda m: f"{m[1]}:{m[2] or '00'}", text[11:])
    return f"{text[:10]}T{rest}"


def _spell_format(kind: Kind, text: str) -> str | None:
    try:
        value = datetime.strptime(text, kind.format or "")
    except ValueError:
        return None
    if kind.name == "date":
        return value.date().isoformat()
    return value.time().isoformat() if kind.name == "time" else value.isoformat()


def escape(values: Any) -> Any:
    """Escape text for a JSON string."""
    text = text_of(values).tobytes()  # a look at its bytes costs a tenth of a pattern, and most columns need nothing
    for raw, escaped in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        if raw.encode() in text:
            values = pc.replace_substring(values, raw, escaped)
    if _has_other_controls(text):
        table = {code: f"\\u{code:04x}" for code in range(0x20)}
        values = pa.array([v if v is None else v.translate(table) for v in values.to_pylist()], pa.string())
    return values


def _has_other_controls(text: bytes) -> bool:
    octets = np.frombuffer(text, np.uint8)
    controls = octets[octets < 0x20]
    return not bool(np.isin(controls, (9, 10, 13)).all())


def text_of(array: Any) -> memoryview:
    """The bytes of all values of a string array, which lie one behind the other."""
    if not len(array):
        return memoryview(b"")
    offsets = memoryview(array.buffers()[1]).cast("i")
    start, end = offsets[array.offset], offsets[array.offset + len(array)]
    return memoryview(array.buffers()[2])[start:end] if end > start else memoryview(b"")
