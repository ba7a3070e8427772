"""A reader of the pipe-delimited file, written from its grammar and the warehouses' documents only.

It is the independent check of the writer: it knows nothing of our encoders, reads as COPY does, and where the
documents leave two readings open it takes the one that would hurt.

- Redshift, `FORMAT AS CSV DELIMITER '|' QUOTE '"' NULL AS 'marker'`: a field equal to the marker is NULL, quoted or
  not; an empty field, quoted or not, is '' in a VARCHAR and NULL in any other type.
- Snowflake, `FIELD_OPTIONALLY_ENCLOSED_BY = '"' NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE ESCAPE = NONE
  ESCAPE_UNENCLOSED_FIELD = NONE`: an empty field without quotes is NULL.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, datetime, time

Field = tuple[bytes, bool]  # its text, and whether it stood in quotes


class NotReadable(Exception):
    """COPY would refuse the file."""


def fields(content: bytes) -> Iterator[list[Field]]:
    """Yield the rows of a file as fields; a row ends at a line feed outside quotes."""
    position, row = 0, []
    if content and not content.endswith(b"\n"):
        raise NotReadable("the last row has no end")
    while position < len(content):
        if content[position : position + 1] == b'"':
            text, position = _quoted(content, position + 1)
            row.append((text, True))
        else:
            end = re.compile(rb"[|\n]").search(content, position)
            assert end is not None
            text = content[position : end.start()]
            if b'"' in text or text != text.strip():
                raise NotReadable(f"a quote or a blank in a field without quotes: {text!r}")
            row.append((text, False))
            position = end.start()
        ending = content[position : position + 1]
        position += 1
        if ending == b"\n":
            yield row
            row = []
        elif ending != b"|":
            raise NotReadable(f"{ending!r} behind a quoted field")


def _quoted(content: bytes, position: int) -> tuple[bytes, int]:
    parts = []
    while True:
        end = content.index(b'"', position)
        parts.append(content[position:end])
        if content[end + 1 : end + 2] != b'"':
            return b"".join(parts), end + 1
        parts.append(b'"')
        position = end + 2


def redshift_value(field: Field, type_words: str, null: bytes) -> str | None:
    """Return the text that a column of Redshift would show, NULL as None."""
    raw, _ = field
    if raw == null:
        return None
    if b"\0" in raw:
        raise NotReadable("NUL")
    if not raw and not type_words.startswith("VARCHAR"):
        return None
    return _checked(raw.decode("utf-8"), type_words)


def snowflake_value(field: Field, type_words: str) -> str | None:
    """Return the text that a column of Snowflake would show, NULL as None."""
    raw, quoted = field
    if not raw and not quoted:
        return None
    if b"\0" in raw:
        raise NotReadable("NUL")
    return _checked(raw.decode("utf-8"), type_words)


def _checked(text: str, type_words: str) -> str:
    """Refuse what no document says that the type takes; return the text as the column would keep it."""
    kind, _, size = type_words.partition("(")
    sizes = [int(part) for part in size.rstrip(")").split(",")] if size else []
    if kind == "VARCHAR":
        if sizes and len(text.encode()) > sizes[0]:
            raise NotReadable(f"{len(text.encode())} bytes for {type_words}")
    elif kind == "BOOLEAN":
        _demand(text in ("true", "false"), text, type_words)
    elif kind == "BIGINT":
        _demand(re.fullmatch(r"-?\d+", text) is not None and -(2**63) <= int(text) < 2**63, text, type_words)
    elif kind in ("DECIMAL", "NUMBER"):
        _demand(re.fullmatch(r"-?\d+(\.\d+)?", text) is not None, text, type_words)
        whole, _, places = text.lstrip("-").partition(".")
        _demand(len(places) <= sizes[1] and len(whole.lstrip("0")) <= sizes[0] - sizes[1], text, type_words)
    elif kind in ("DOUBLE PRECISION", "FLOAT"):
        _demand(re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", text) is not None, text, type_words)
    elif kind in ("SUPER", "VARIANT"):
        json.loads(text, object_pairs_hook=_once)
    else:
        _checked_time(text, kind)
    return text


def _checked_time(text: str, kind: str) -> None:
    clock = r"\d\d:\d\d:\d\d\.\d{1,9}"
    shapes = {
        "DATE": r"\d{4}-\d\d-\d\d",
        "TIME": clock,
        "TIMESTAMP": rf"\d{{4}}-\d\d-\d\d {clock}",
        "TIMESTAMP_NTZ": rf"\d{{4}}-\d\d-\d\d {clock}",
        "TIMESTAMPTZ": rf"\d{{4}}-\d\d-\d\d {clock}\+00",
        "TIMESTAMP_TZ": rf"\d{{4}}-\d\d-\d\d {clock}[+-]\d\d:\d\d",
    }
    _demand(re.fullmatch(shapes[kind], text) is not None, text, kind)
    if kind == "DATE":
        date.fromisoformat(text)
    elif kind == "TIME":
        time.fromisoformat(text[:8])
    else:
        datetime.fromisoformat(text[:19])


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len(dict(pairs)) < len(pairs):
        raise NotReadable("a name stands twice")
    return dict(pairs)


def _demand(holds: bool, text: str, type_words: str) -> None:
    if not holds:
        raise NotReadable(f"{text!r} for {type_words}")
