"""Texts of JSON values and RECORD lines for the fuzz of rows: mostly what a column takes, often at an edge of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random

from singer_bulk.model.columns import ColumnType
from singer_bulk.model.kinds import Kind

CHARACTERS = [
    "a",
    "Z",
    "0",
    " ",
    '"',
    "\\",
    "/",
    "|",
    "\n",
    "\t",
    "\x1f",
    "\x7f",
    "\x00",
    "é",
    "ß",
    "東",
    "🙂",
    "\u2028",
]
WORDS = [
    "",
    "null",
    "NULL",
    "@null@",
    "red",
    "grün",
    "true",
    "a" * 15,
    "a" * 16,
    "a" * 17,
    "x" * 70,
    "-0",
    "1.50",
    "{}",
]
ESCAPES = ['\\"', "\\\\", "\\/", "\\b", "\\n", "\\u0041", "\\u00e9", "\\u6771", "\\ud83d\\ude00", "\\uD83D\\uDE00"]
BAD_ESCAPES = ["\\ud83d", "\\ude00", "\\ud83d\\u0041", "\\u0000", "\\u00", "\\x", "\\", "\\ud83d\\ud83d"]
NAMES = ["a", "b", "id", "", "p0", "Zürich", "x" * 20, "$ref", "n\\u0061me", "a\\u0022b", "long" * 80]
BLANKS = ["", "", "", "", " ", "  ", "\t", " \r"]


def pick(random: Random, choices: Sequence[str]) -> str:
    """Return one of the texts."""
    return choices[random.randrange(len(choices))]


def string(random: Random) -> str:
    """Return the JSON text of a string: raw, escaped or both, now and then with an escape that is none."""
    draw = random.randrange(20)
    if draw < 5:
        return f'"{pick(random, WORDS)}"'
    if draw < 10:
        text = "".join(pick(random, CHARACTERS) for _ in range(random.randrange(12)))
        return json.dumps(text, ensure_ascii=draw < 8)
    parts = [pick(random, ESCAPES if random.random() < 0.3 else CHARACTERS[:4]) for _ in range(random.randrange(20))]
    if draw == 19:
        parts.insert(random.randrange(len(parts) + 1), pick(random, BAD_ESCAPES))
    return '"' + "".join(part for part in parts if part not in ('"', "\\")) + '"'


def escaped(random: Random, name: str) -> str:
    """Return the JSON text of a name, now and then with a character as an escape."""
    text = json.dumps(name, ensure_ascii=random.random() < 0.1)
    if name and random.random() < 0.02:
        text = f'"\\u{ord(name[0]):04x}' + json.dumps(name[1:], ensure_ascii=False)[1:]
    return text


def digits(random: Random, count: int) -> str:
    """Return so many digits, often of nines or zeros."""
    draw = random.random()
    if draw < 0.2:
        return random.choice("90") * count
    return "".join(random.choices("0123456789", k=count))


def number(random: Random) -> str:
    """Return the JSON text of a number: a short one, or one at the bounds of 64 bits, doubles and decimals."""
    draw = random.randrange(12)
    if draw < 2:
        return str(random.randrange(-1000, 1000))
    if draw == 2:
        return str(
            random.choice([2**31, 2**53, 2**63, 2**64, 10**15, 10**17, 10**18]) * random.choice([1, -1])
            + random.randrange(-2, 3)
        )
    if draw == 3:
        return random.choice(["%.17g", "%.16g", "%r"]) % (random.uniform(-1, 1) * 10.0 ** random.randrange(-30, 30))
    if draw == 4:
        return random.choice(["%.17g", "%r"]) % round(random.uniform(-(10**6), 10**6), random.randrange(7))
    whole = digits(random, random.choice([1, 1, 2, 3, 5, 8, 13, 16, 18, 19, 20, 30, 36, 38, 39])).lstrip("0") or "0"
    places = digits(random, random.choice([1, 1, 2, 2, 3, 5, 8, 9, 10, 14, 16, 17, 27, 28, 37])) if draw < 10 else ""
    exponent = (
        random.choice("eE")
        + random.choice(["", "+", "-"])
        + str(random.choice([0, 1, 2, 5, 15, 16, 22, 99, 100, 300, 308, 400]))
    )
    text = random.choice(["", "", "-"]) + whole + (f".{places}" if places else "")
    text += exponent if random.random() < 0.2 else ""
    return (
        text
        if random.random() < 0.97
        else random.choice(["+" + text, "0" + text, text + ".", text + "e", "." + places, "-"])
    )


def clock(random: Random) -> str:
    """Return HH:MM, mostly with seconds, fraction and zone."""
    text = f"{random.choice([0, 1, 9, 12, 23, 24, 99, random.randrange(24)]):02}:{random.choice([0, 30, 59, 60]):02}"
    text = text.removeprefix("0") if random.random() < 0.1 else text
    if random.random() < 0.85:
        text += f":{random.choice([0, 1, 30, 59, 60]):02}"
        if random.random() < 0.5:
            text += "." + digits(random, random.choice([0, 1, 3, 3, 6, 6, 7, 9, 9, 10, 12]))
    if random.random() < 0.5:
        text += random.choice(["", " "]) + random.choice(
            [
                "Z",
                "z",
                "+00:00",
                "-00:00",
                "+00",
                "+0000",
                "+02:00",
                "-05:30",
                "+14:59",
                "-14:59",
                "+15:00",
                "+0160",
                "-11",
                "+1",
                "+1:00",
                "UTC",
            ]
        )
    return text


def day(random: Random) -> str:
    """Return YYYY-MM-DD, often the first or last day of something."""
    year = random.choice([0, 1, 2, 4, 1900, 1970, 2000, 2020, 2023, 2024, 2100, 9998, 9999, random.randrange(10000)])
    month, of_month = (
        random.choice([0, 1, 2, 2, 3, 4, 12, 12, 13]),
        random.choice([0, 1, 1, 15, 28, 29, 30, 31, 31, 32]),
    )
    return f"{year:04}-{month:02}-{of_month:02}"


def moment(random: Random) -> str:
    """Return the JSON text of a date, a time or a date-time."""
    draw = random.randrange(10)
    if draw < 2:
        return f'"{day(random)}"'
    if draw < 3:
        return f'"{clock(random)}"'
    return f'"{day(random)}{random.choice("TTTt  ,")}{clock(random)}"'


def document(random: Random, depth: int = 3) -> str:
    """Return the JSON text of a document, blanks anywhere in it; now and then a name stands twice."""
    draw = random.randrange(10)
    if not depth or draw < 3:
        return scalar(random)
    blank = pick(random, BLANKS)
    if draw < 5:
        parts = [document(random, depth - 1) for _ in range(random.randrange(4))]
        return "[" + blank + (blank + "," + blank).join(parts) + blank + "]"
    names = random.sample(NAMES, random.randrange(5))
    names += [names[0]] if names and random.random() < 0.03 else []
    members = [f'"{name}"{blank}:{blank}{document(random, depth - 1)}' for name in names]
    return "{" + blank + (blank + "," + blank).join(members) + blank + "}"


def scalar(random: Random) -> str:
    """Return the JSON text of a string, a number, a boolean or null."""
    draw = random.randrange(10)
    if draw < 4:
        return string(random)
    return number(random) if draw < 8 else random.choice(["true", "false", "null", "[]", "{}"])


def decimal(random: Random) -> str:
    """Return the JSON text of a number, also of one in a string."""
    text = number(random)
    if random.random() < 0.6:
        return text
    return (
        '"' + random.choice(["", "", "0", "00", "+", "-", " "]) + text + random.choice(["", "", "0", "00", "."]) + '"'
    )


FITTING: dict[Kind, Callable[[Random], str]] = {
    Kind.BOOLEAN: lambda random: random.choice(["true", "false"]),
    Kind.INTEGER: number,
    Kind.DECIMAL: decimal,
    Kind.DOUBLE: number,
    Kind.TEXT: string,
    Kind.JSON: document,
}


def fitting(random: Random, kind: Kind) -> str:
    """Return a value for a column of the kind; now and then null, or any other."""
    draw = random.random()
    if draw < 0.05:
        return "null"
    return (
        random.choice([document, moment, decimal, scalar])(random) if draw < 0.12 else FITTING.get(kind, moment)(random)
    )


def plain(random: Random, column_type: ColumnType) -> str:
    """Return a value that the column most likely takes."""
    kind, draw = column_type.kind, random.random()
    if kind is Kind.INTEGER:
        return str(random.randrange(1000)) if draw < 0.8 else str(random.choice([1, -1]) * random.randrange(2**63))
    if kind is Kind.DECIMAL:
        whole = (
            digits(random, random.randrange(1, max(column_type.precision - column_type.scale, 1) + 1)).lstrip("0")
            or "0"
        )
        places = digits(random, random.randrange(column_type.scale + 1))
        return whole + (f".{places}" if places else "")
    if kind is Kind.DOUBLE:
        return (
            repr(random.uniform(-1, 1) * 10.0 ** random.randrange(-6, 12))
            if draw < 0.6
            else str(random.randrange(10**6))
        )
    if kind in (Kind.TEXT, Kind.BOOLEAN, Kind.JSON):
        text = "".join(
            random.choice(["a", "red", "é", "東", "🙂", "\\n", '\\"', "\\u00e9", "|"])
            for _ in range(random.randrange(5))
        )
        documents = [f'{{"a": "{text}", "b": [1, 2.5], "id": {{"x": null}}}}', f'{{"a":"{text}","b":7}}', f'["{text}"]']
        texts = {
            Kind.TEXT: [f'"{text}"', '"red"'],
            Kind.BOOLEAN: ["true", "false"],
            Kind.JSON: [*documents, "{}", "[1,2,3]"],
        }
        return random.choice(texts[kind])
    at = f"{random.randrange(24):02}:{random.randrange(60):02}:{random.randrange(60):02}"
    on = f"{random.randrange(1, 9999):04}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
    if kind is Kind.DATE:
        return f'"{on}"'
    at += random.choice(["", ".5", ".123", ".120000", ".123456"])
    zone = random.choice(["", "Z", "+02:00", "-0530"]) if kind is Kind.TIMESTAMPTZ else ""
    return f'"{at}"' if kind is Kind.TIME else f'"{on}{random.choice("T ")}{at}{zone}"'


STREAMS = ['"s"', '"\\u0073"', '"t"', "1"]
ENDS = ["\r", " ", "\t\r", "}", ",", "\x00"]


def line(random: Random, members: Sequence[str], oddity: float) -> str:
    """Return a RECORD line, laid out as one tap or another does; as none does with the chance `oddity`."""
    blank = pick(random, BLANKS)
    record = "{" + blank + ("," + blank).join(members) + blank + "}"
    stream = random.choice(STREAMS) if random.random() < oddity / 2 else STREAMS[0]
    parts = [f'"type":{blank}"RECORD"', f'"stream":{blank}{stream}', f'"record":{blank}{record}']
    if random.random() < 0.5:
        at = random.choice([moment, string, number])(random) if random.random() < oddity else '"2024-05-06T07:08:09.5Z"'
        parts.append(f'"time_extracted":{blank}{at}')
    if random.random() < 0.3:
        version = random.choice([number, string])(random) if random.random() < oddity else "1700000000000"
        parts.append(f'"version":{blank}{version}')
    if random.random() < oddity / 2:
        parts.append(random.choice([f'"more": {document(random)}', '"record": {}', '"\\u0061": 1', '"type": "RECORD"']))
    if random.random() < 0.2:
        random.shuffle(parts)
    end = random.choice(ENDS) if random.random() < oddity else ""
    return "{" + blank + ("," + blank).join(parts) + blank + "}" + end


def damaged(random: Random, text: bytes, other: bytes) -> bytes:
    """Return the line with bytes changed, left out, put in or taken from another line; it stays one line."""
    for _ in range(random.choice([1, 1, 1, 2, 4])):
        at = random.randrange(len(text) + 1)
        draw = random.randrange(6)
        if draw == 0:
            text = text[:at] + bytes([random.randrange(256)]) + text[at + 1 :]
        elif draw == 1:
            text = text[:at] + text[at + random.choice([1, 1, 2, 8]) :]
        elif draw == 2:
            text = (
                text[:at] + bytes([random.choice(b'"\\{}[]:,0-1eE.ntfuz \t\r\x00\x1f\x80\xc3\xed\xf0\xff')]) + text[at:]
            )
        elif draw == 3:
            text = text[:at] + other[random.randrange(len(other) + 1) :]
        elif draw == 4:
            text = text[:at] + text[at : at + random.choice([1, 4, 16, 200])] * 2 + text[at:]
        else:
            text = text[:at]
    return text.replace(b"\n", b" ")
