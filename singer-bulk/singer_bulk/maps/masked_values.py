"""What stands for a value that is masked: a digest of it, stars, or nothing. NULL stays NULL.

A digest is of the value's text in UTF-8: a string's own text, `true` and `false`, a number as it is written plainly
(7, 7.0 and 7e0 are `7`), an object or array as JSON without blanks, names in order and numbers plain. So equal values
have equal digests, in whatever form a tap writes them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

SHA256, HMAC, REDACT, DROP = "sha256", "hmac", "redact", "drop"
STARS = b'"***"'
# Half a pair of surrogates: in the place of a text that is no unicode, so that it is refused, and not shown.
NO_TEXT = b'"\\ud800"'
NULL = b"null"
DIGEST_CHARACTERS = 64
DIGEST = re.compile(rb'"[0-9a-f]{64}"')
# A number with more zeros than this at either end is written with an exponent.
MAX_ZEROS = 100

# A number that a decoder may round, or that has several forms; a text that looks so goes the same way.
_FORMS = re.compile(rb"\d[.eE]")

_string_of = msgspec.json.Decoder(str).decode
_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items_of = msgspec.json.Decoder(list[msgspec.Raw]).decode
Mask = Callable[[bytes], bytes]  # JSON text -> JSON text


def mask_of(method: str, key: bytes) -> Mask:
    """Return what masks a JSON text by a method other than drop; key: of hmac."""
    if method == REDACT:
        return lambda raw: NULL if raw == NULL else STARS
    if method == HMAC:
        return _digested(lambda text: hmac.digest(key, text, "sha256").hex())
    return _digested(lambda text: hashlib.sha256(text).hexdigest())


def unless_masked(mask: Mask) -> Mask:
    """Return what masks a value of a property that was masked before; a digest stays, by whatever key."""
    return lambda raw: raw if DIGEST.fullmatch(raw) else mask(raw)


def _digested(digest: Callable[[bytes], str]) -> Mask:
    def masked(raw: bytes) -> bytes:
        if raw == NULL:
            return NULL
        text = text_of(raw)
        return NO_TEXT if text is None else b'"' + digest(text).encode() + b'"'

    return masked


def text_of(raw: bytes) -> bytes | None:
    """Return the text of a JSON value that its digest is of; None for what is no unicode."""
    try:
        if raw[:1] == b'"':
            # Without an escape the text stands there as it is, if it is UTF-8.
            return _string_of(raw).encode() if b"\\" in raw else raw[1:-1].decode().encode()
        if raw[:1] in (b"{", b"["):
            return _document(raw) if _FORMS.search(raw) else _encoded(msgspec.json.decode(raw))
    except (ValueError, RecursionError):  # UnicodeError and MsgspecError are such
        return None
    return raw if raw in (b"true", b"false") else _plain(raw)


def _encoded(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _document(raw: bytes) -> bytes:
    """Return the text of an object, an array or what is in one, each number in it as exactly as it came."""
    if raw[:1] == b"{":
        members = sorted(_members_of(raw).items())
        return b"{" + b",".join([_encoded(name) + b":" + _document(bytes(part)) for name, part in members]) + b"}"
    if raw[:1] == b"[":
        return b"[" + b",".join([_document(bytes(part).strip()) for part in _items_of(raw)]) + b"]"
    if raw[:1] in b'"tfn':
        return _encoded(msgspec.json.decode(raw))
    plain = _plain(raw)
    if plain is None:
        raise ValueError("no number")
    return plain


def _plain(raw: bytes) -> bytes | None:
    """Return a number without an exponent or zeros that say nothing; None for what is no number."""
    try:
        sign, digits, exponent = Decimal(raw.decode()).as_tuple()
    except InvalidOperation:
        return None
    if not isinstance(exponent, int):
        return None  # NaN
    stripped = "".join(map(str, digits)).lstrip("0")
    whole = stripped.rstrip("0")
    if not whole:
        return b"0"
    exponent += len(stripped) - len(whole)
    minus = "-" if sign else ""
    if abs(exponent) > MAX_ZEROS + len(whole):
        return f"{minus}{whole}e{exponent}".encode()
    if exponent >= 0:
        return f"{minus}{whole}{'0' * exponent}".encode()
    padded = whole.rjust(1 - exponent, "0")
    return f"{minus}{padded[:exponent]}.{padded[exponent:]}".encode()
