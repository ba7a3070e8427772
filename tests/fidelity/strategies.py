"""Any SCHEMA that a tap may send, and records that fit it."""

from __future__ import annotations

import json
import os
import string
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from hypothesis import strategies as st
from singer_bulk.self_test.corpus import NULL_LOOKING, SHIFTING

# How many examples a property is tried with: few in the suite, many with FIDELITY_EXAMPLES=100000.
EXAMPLES = int(os.environ.get("FIDELITY_EXAMPLES", "0"))


def examples(short: int) -> int:
    """Return the number of examples of a property that runs with `short` in the suite."""
    return EXAMPLES or short


@dataclass(frozen=True)
class Kind:
    """A property's JSON Schema, how its values are compared, and their JSON texts."""

    schema: dict[str, Any]
    means: str
    texts: st.SearchStrategy[str]


def _json_text(value: str, escaped: bool) -> str:
    return json.dumps(value, ensure_ascii=escaped)


characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
plain_texts = st.one_of(
    st.text(characters, max_size=30),
    st.sampled_from([*NULL_LOOKING, *SHIFTING]),
    st.text(st.sampled_from('|"\\\n\r\t ,a\x7f😀ä'), max_size=12),
)
texts = st.builds(_json_text, plain_texts, st.booleans())


def _integers(low: int, high: int) -> st.SearchStrategy[str]:
    edges = st.sampled_from([low, high, 0, 1, -1]).filter(lambda number: low <= number <= high)
    forms = st.sampled_from(["{}", "{}", "{}", "{}.0", "{}e0", "{}0e-1"])
    numbers = st.one_of(st.integers(low, high), edges)
    return st.builds(lambda number, form: form.format(number) if number else "0", numbers, forms)


@st.composite
def _decimals(draw: st.DrawFn, scale: int) -> str:
    digits = str(draw(st.integers(0, 10 ** draw(st.integers(1, 38)) - 1)))
    sign = draw(st.sampled_from(["", "-"]))
    places = draw(st.integers(0, min(scale, len(digits))))
    if len(digits) - places > 38 - scale:
        digits = digits[-(38 - scale + places) :].lstrip("0") or "0"
        places = min(places, len(digits))
    whole, part = digits[: len(digits) - places] or "0", digits[len(digits) - places :]
    exponent = draw(st.sampled_from(["", "", "e0", "E+0"]))
    return f"{sign}{whole.lstrip('0') or '0'}{'.' + part if part else ''}{exponent}"


doubles = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=False).map(repr)
dates = st.dates().map(date.isoformat)
times = st.times().map(time.isoformat)


@st.composite
def stamps(draw: st.DrawFn, *, with_offset: bool) -> str:
    """Date-times in the shapes that taps send."""
    low, high = datetime(1, 1, 3), datetime(9999, 12, 29)
    stamp = draw(st.datetimes(min_value=low, max_value=high)).isoformat(draw(st.sampled_from("T t".replace("t", "T"))))
    if with_offset:
        hours, minutes = draw(st.integers(0, 14)), draw(st.integers(0, 59))
        stamp += draw(
            st.sampled_from(["Z", "z", "+00:00", "-00:00", f"+{hours:02}:{minutes:02}", f"-{hours:02}{minutes:02}"])
        )
    return stamp


names = st.text(st.sampled_from(string.ascii_letters + 'ä日"|\\ .-_'), max_size=6)
numbers = st.one_of(st.integers(-(10**37), 10**37).map(str), doubles)


@st.composite
def documents(draw: st.DrawFn, depth: int = 3) -> str:
    """JSON texts of documents: names once in an object, numbers that a warehouse keeps."""
    shape = draw(st.sampled_from(["object", "array", "scalar", "scalar"] if depth else ["scalar"]))
    if shape == "scalar":
        return draw(st.one_of(texts, numbers, st.sampled_from(["true", "false", "null"])))
    blank = draw(st.sampled_from(["", " ", "\t"]))
    if shape == "array":
        return f"[{blank}" + f",{blank}".join(draw(st.lists(documents(depth - 1), max_size=3))) + "]"
    keys = draw(st.lists(names, max_size=3, unique=True))
    members = [f"{_json_text(key, draw(st.booleans()))}:{blank}{draw(documents(depth - 1))}" for key in keys]
    return "{" + f",{blank}".join(members) + "}"


NULL = ["null"]
KINDS = st.one_of(
    st.just(Kind({"type": [*NULL, "string"]}, "text", texts)),
    st.just(Kind({"type": ["string", *NULL], "maxLength": 100}, "text", texts)),
    st.just(Kind({"type": [*NULL, "integer"]}, "integer", _integers(-(2**63), 2**63 - 1))),
    st.just(Kind({"type": [*NULL, "integer"], "maximum": 10**30}, "integer", _integers(-(10**30), 10**30))),
    st.just(Kind({"type": [*NULL, "number"]}, "double", doubles)),
    st.integers(0, 37).map(
        lambda scale: Kind(
            {"type": [*NULL, "string"], "format": "decimal", "precision": 38, "scale": scale},
            "decimal",
            _decimals(scale).map(json.dumps),
        )
    ),
    st.sampled_from([0, 1, 2, 5, 9]).map(
        lambda scale: Kind({"type": [*NULL, "number"], "multipleOf": float(f"1e-{scale}")}, "decimal", _decimals(scale))
    ),
    st.just(Kind({"type": [*NULL, "boolean"]}, "boolean", st.sampled_from(["true", "false"]))),
    st.just(Kind({"type": [*NULL, "string"], "format": "date"}, "date", dates.map(json.dumps))),
    st.just(Kind({"type": [*NULL, "string"], "format": "time"}, "time", times.map(json.dumps))),
    st.booleans().map(
        lambda offset: Kind(
            {"type": [*NULL, "string"], "format": "date-time"},
            "instant" if offset else "timestamp",
            stamps(with_offset=offset).map(json.dumps),
        )
    ),
    st.just(Kind({}, "json", documents().filter(lambda text: text != "null"))),
    st.just(Kind({"type": [*NULL, "string", "integer"]}, "text", st.one_of(texts, st.integers().map(str)))),
    st.just(Kind({"anyOf": [{"type": "string", "format": "date"}, {"type": [*NULL, "string"]}]}, "text", texts)),
)


@st.composite
def streams(draw: st.DrawFn, max_records: int = 5) -> tuple[list[Kind], list[list[str | None]]]:
    """A stream: the kinds of its properties, and rows of JSON texts (None: the property is missing)."""
    kinds = draw(st.lists(KINDS, min_size=1, max_size=6))
    row = st.tuples(*(st.one_of(kind.texts, st.sampled_from(["null", None])) for kind in kinds)).map(list)
    return kinds, draw(st.lists(row, min_size=1, max_size=max_records))


def schema_of(kinds: list[Kind]) -> dict[str, Any]:
    """Return the SCHEMA of a stream: its properties are p0, p1 .."""
    return {"type": "object", "properties": {f"p{number}": kind.schema for number, kind in enumerate(kinds)}}


def record_of(row: list[str | None]) -> str:
    """Return the JSON text of a record."""
    return "{" + ", ".join(f'"p{number}": {text}' for number, text in enumerate(row) if text is not None) + "}"
