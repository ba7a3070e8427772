"""Values by the million: random by a seed, quicker and plainer than hypothesis, which shrinks but takes its time."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Callable
from datetime import datetime, timedelta

from singer_bulk.self_test.corpus import NULL_LOOKING, SHIFTING, UNICODE

from tests.fidelity.strategies import Kind as Property

Draw = Callable[[random.Random], str]
_ALPHABETS = (string.printable, '|"\\\n\r\t ,', "aäßé日本語😀\U0010ffff\u2028\ufeff", string.ascii_letters)
_HARD = (*NULL_LOOKING, *SHIFTING, *UNICODE)
_WORDS = ("true", "false", "null")
NULL = ["null"]


def _text(draw: random.Random) -> str:
    if draw.random() < 0.1:
        return draw.choice(_HARD)
    alphabet = draw.choice(_ALPHABETS)
    return "".join(draw.choices(alphabet, k=draw.choice((0, 1, 2, 5, 20, 60))))


def _string(draw: random.Random) -> str:
    return json.dumps(_text(draw), ensure_ascii=draw.random() < 0.5)


def _integer(draw: random.Random) -> str:
    size = draw.choice((1, 8, 16, 31, 32, 53, 62))
    number = draw.randrange(-(2**size), 2**size + 1)
    return f"{number}{draw.choice(('', '', '', '.0', 'e0'))}"


def _decimal(scale: int) -> Draw:
    def made(draw: random.Random) -> str:
        whole = draw.randrange(10 ** draw.randrange(38 - scale + 1)) if draw.random() < 0.9 else 0
        places = draw.randrange(scale + 1)
        part = "".join(draw.choices(string.digits, k=places))
        return f"{draw.choice(('', '-'))}{whole}{'.' + part if part else ''}{draw.choice(('', '', 'e0', 'E+0'))}"

    return made


def _double(draw: random.Random) -> str:
    shape = draw.random()
    if shape < 0.4:
        return repr(round(draw.uniform(-1e6, 1e6), draw.randrange(6)))
    if shape < 0.7:
        return repr(draw.uniform(-1, 1) * 10.0 ** draw.randrange(-300, 300))
    if shape < 0.85:
        return f"{draw.uniform(-1, 1):.17g}"
    return str(draw.randrange(-(2**53), 2**53))


def _moment(draw: random.Random) -> datetime:
    start = datetime(1, 1, 3)
    return start + timedelta(
        days=draw.randrange(3_652_000),
        seconds=draw.randrange(86_400),
        microseconds=draw.choice((0, 0, 1, 500_000, 999_999)),
    )


def _stamp(draw: random.Random) -> str:
    return json.dumps(_moment(draw).isoformat(draw.choice("T ")))


def _instant(draw: random.Random) -> str:
    hours, minutes = draw.randrange(15), draw.randrange(60)
    offset = draw.choice(("Z", "+00:00", f"+{hours:02}:{minutes:02}", f"-{hours:02}{minutes:02}", f" +{hours:02}"))
    return json.dumps(_moment(draw).isoformat(draw.choice("T ")) + offset)


def _document(draw: random.Random, depth: int = 3) -> str:
    shape = draw.random() if depth else 1.0
    blank = draw.choice(("", "", " "))
    if shape < 0.3:
        return f"[{blank}" + f",{blank}".join(_document(draw, depth - 1) for _ in range(draw.randrange(4))) + "]"
    if shape < 0.7:
        names = {json.dumps(_text(draw)[:9], ensure_ascii=False) for _ in range(draw.randrange(4))}
        return "{" + f",{blank}".join(f"{name}:{blank}{_document(draw, depth - 1)}" for name in names) + "}"
    # With an exponent a number in a document is a double, so it has no more digits than one.
    plain = _integer(draw).removesuffix("e0")
    return draw.choice((_string, _string, lambda _: plain, _double, lambda _: draw.choice(_WORDS)))(draw)


def _any(draw: random.Random) -> str:
    while (text := _document(draw)) == "null":
        pass
    return text


def _schema(name: str, **more: object) -> dict[str, object]:
    return {"type": [*NULL, name], **more}


KINDS: list[tuple[dict[str, object], str, Draw]] = [
    (_schema("string"), "text", _string),
    (_schema("integer"), "integer", _integer),
    (_schema("number"), "double", _double),
    (_schema("number", multipleOf=0.01), "decimal", _decimal(2)),
    (_schema("number", multipleOf=1e-9), "decimal", _decimal(9)),
    (_schema("boolean"), "boolean", lambda draw: draw.choice(("true", "false"))),
    (_schema("string", format="date"), "date", lambda draw: json.dumps(_moment(draw).date().isoformat())),
    (_schema("string", format="time"), "time", lambda draw: json.dumps(_moment(draw).time().isoformat())),
    (_schema("string", format="date-time"), "timestamp", _stamp),
    (_schema("string", format="date-time"), "instant", _instant),
    ({}, "json", _any),
    ({"type": [*NULL, "string", "integer"]}, "text", lambda draw: draw.choice((_string, _integer))(draw)),
]
PROPERTIES = [Property({**schema}, means, None) for schema, means, _ in KINDS]  # type: ignore[arg-type]


def rows(seed: int, count: int) -> list[list[str | None]]:
    """Return rows of JSON texts for `PROPERTIES`; a tenth of the values is null or missing."""
    draw = random.Random(seed)
    made: list[list[str | None]] = []
    for _ in range(count):
        row: list[str | None] = [kind(draw) for _, _, kind in KINDS]
        for position in range(len(row)):
            if draw.random() < 0.1:
                row[position] = draw.choice(("null", None))
        made.append(row)
    return made
