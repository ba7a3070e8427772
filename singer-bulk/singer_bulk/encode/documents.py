r"""JSON values -> fields of a SUPER or VARIANT column, equal as JSON to what was sent, or refused.

The text goes into the file as it was sent, so the checks are for what the warehouse would refuse or alter: its length
and the length of its strings, its depth, a name that an object has twice, the digits of its numbers, and the character
NUL. Each check begins with a cheap test, which nearly every document passes.

Sources, Redshift: https://docs.aws.amazon.com/redshift/latest/dg/limitations-super.html
https://docs.aws.amazon.com/redshift/latest/dg/super-configurations.html
Snowflake: https://docs.snowflake.com/en/sql-reference/functions/parse_json
https://docs.snowflake.com/en/user-guide/data-load-considerations-prepare
https://docs.snowflake.com/en/sql-reference/data-types-numeric
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from singer_bulk.encode.numbers import is_exact_double
from singer_bulk.model.columns import MAX_PRECISION, ColumnType
from singer_bulk.model.file_format import FieldEncoder, FileFormat, Unfit, quoted

MAX_DEPTH = 1000  # https://docs.aws.amazon.com/redshift/latest/dg/limitations-super.html
# A document with fewer brackets needs no check of its depth: every decoder in C goes that deep.
SAFE_BRACKETS = 200

# A number of 15 digits is exact in every type that a warehouse may choose; longer ones and large exponents are checked.
_LONG_NUMBER = re.compile(rb"[\d.]{16}|\d[eE][+-]?\d\d\d")
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*', re.DOTALL)
_PLAIN_NUMBER = re.compile(rb"-?(\d+)(?:\.(\d+))?")
_NUL_ESCAPE = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")  # an odd number of backslashes before u0000
_decode = msgspec.json.Decoder().decode


def json_field(column_type: ColumnType, file_format: FileFormat) -> FieldEncoder:
    """Return the encoder of a JSON column."""
    too_long = Unfit(f"holds documents of {file_format.json_max_bytes} bytes", "flatten or split the document")
    string_max_bytes = file_format.json_string_max_bytes

    def encode(raw: bytes) -> bytes:
        if len(raw) > file_format.json_max_bytes:
            raise too_long
        if b"\\u0000" in raw:
            raw = without_nul(raw, file_format)
        depth = raw.count(b"[") + raw.count(b"{")
        if depth > SAFE_BRACKETS:
            _check_depth(raw)
        if _LONG_NUMBER.search(raw):
            _check_numbers(raw)  # before anything decodes it: a decoder takes 1E400 for broken JSON
        if depth or b"\\" in raw:
            _check_names(raw)
        if string_max_bytes is not None and len(raw) > string_max_bytes:
            _check_strings(raw, string_max_bytes)
        return quoted(raw)

    return encode


def without_nul(document: bytes, file_format: FileFormat) -> bytes:
    """Return the document without NUL characters in its strings, or refuse it."""
    if _NUL_ESCAPE.search(document) is None:
        return document
    if not file_format.rules.remove_nul:
        raise NUL
    while _NUL_ESCAPE.search(document):
        document = _NUL_ESCAPE.sub(rb"\1", document)
    return document


NUL = Unfit("cannot hold the character NUL", "remove it at its source, by nul_characters: remove, or by a stream map")


def _check_depth(raw: bytes) -> None:
    depth = 0
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[{\]}]', raw, re.DOTALL):
        if token[0] in (b"[", b"{"):
            depth += 1
            if depth > MAX_DEPTH:
                raise Unfit(f"holds documents of {MAX_DEPTH} levels", "flatten the document")
        elif token[0] in (b"]", b"}"):
            depth -= 1


def _check_names(raw: bytes) -> None:
    """Refuse a name that an object has twice, and text that is no unicode."""
    try:
        decoded = _decode(raw)
    except RecursionError:
        _check_names_slowly(raw)
        return
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unfit("takes valid JSON in unicode", "repair the document at its source") from error
    if b"{" not in raw:
        return
    # A decoded object has each name once, so its text, written anew, has fewer `":` if a name was there twice. Inside
    # strings `":` is `\":` in both texts, unless the first one writes the quote as \u0022.
    written = msgspec.json.encode(decoded)
    if b"\\u0022" in raw or msgspec.json.format(raw, indent=-1).count(b'":') != written.count(b'":'):
        _check_names_slowly(raw)


def _check_names_slowly(raw: bytes) -> None:
    """Do the same by scanning the text, for documents that are too deep for a decoder."""
    opened: list[set[str] | None] = []
    text, last = None, b""
    for token in re.finditer(rb'"(?:[^"\\]|\\.)*"|[\[{\]}:]', raw, re.DOTALL):
        last = token[0]
        if last == b"{":
            opened.append(set())
        elif last == b"[":
            opened.append(None)
        elif last in (b"]", b"}"):
            opened.pop()
        elif last == b":":
            names = opened[-1]
            if names is None or text is None:
                continue
            if text in names:
                raise Unfit("takes each name once in an object", f"rename one of the two {text!r} at their source")
            names.add(text)
        else:
            text = _text(last)


def _text(token: bytes) -> str:
    try:
        return str(msgspec.json.decode(token, type=str))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unfit("takes valid JSON in unicode", "repair the document at its source") from error


def _check_numbers(raw: bytes) -> None:
    for token in _TOKEN.finditer(raw):
        if token[0][:1] != b'"' and not _is_kept(token[0]):
            raise Unfit(
                f"keeps numbers of {MAX_PRECISION} digits, or doubles",
                f"round {token[0][:40].decode()} at its source, or send it as text",
            )


def _is_kept(number: bytes) -> bool:
    """Return whether a DECIMAL or a DOUBLE inside a document keeps all digits of the number."""
    found = _PLAIN_NUMBER.fullmatch(number)
    if found is not None:
        whole, places = found[1].lstrip(b"0"), found[2] or b""
        if len(whole) + len(places) <= MAX_PRECISION and len(places) < MAX_PRECISION:
            return True
    return is_exact_double(number)


def _check_strings(raw: bytes, max_bytes: int) -> None:
    shallow = raw.count(b"[") + raw.count(b"{") < SAFE_BRACKETS
    for path, text in _strings(json.loads(raw), "") if shallow else _scanned(raw):
        if len(text.encode()) > max_bytes:
            raise Unfit(
                f"holds strings of {max_bytes} bytes inside a document",
                "shorten or split the text, raise super_string_bytes where the cluster has opted in to large strings, "
                "or set on_invalid_record to reject",
                path,
            )


def _scanned(raw: bytes) -> Iterator[tuple[str, str]]:
    """Yield the strings of a document that is too deep for a decoder, without their places."""
    return (("", _text(token[0])) for token in _TOKEN.finditer(raw) if token[0][:1] == b'"')


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    """Yield each string of a document, names too, with its place."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, member in value.items():
            yield path, name
            yield from _strings(member, f"{path}.{name}")
    elif isinstance(value, list):
        for position, member in enumerate(value):
            yield from _strings(member, f"{path}[{position}]")
