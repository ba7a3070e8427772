"""RECORD lines -> lines with masked values: in their places where those are plain to see, else written anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from singer_bulk.errors import MessageError
from singer_bulk.maps.masked_values import NULL, STARS, Mask
from singer_bulk.maps.stream_maps import decode_line, line_of, value_text
from singer_bulk.model.messages import are_plain

# What the members of an object become: by name None, that is dropped, or what masks it.
Plan = Mapping[str, Mask | None]

_members_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_items_of = msgspec.json.Decoder(list[msgspec.Raw]).decode
_COLON = re.compile(rb"[ \t]*:[ \t]*")
# Of a RECORD: what else somebody has put beside its record may be a value of it.
_KEPT = frozenset(("type", "stream", "record", "time_extracted", "version", "rejected_because"))
_ESCAPED = b"\\u00"  # a name may be written with such escapes


def line_masker(plan: Plan, nested: bool) -> Callable[[bytes, int], bytes]:
    """Return the function from a RECORD line and its number to the masked line; it raises MessageError.

    nested: whether the plan leads into objects.
    """
    if nested or None in plan.values() or not are_plain(plan) or not all(name.isascii() for name in plan):
        return lambda line, number: _anew(line, number, plan)
    masks = [(b'"%b"' % name.encode(), mask) for name, mask in plan.items() if mask is not None]
    decode = _decoder(plan)

    def masked(line: bytes, number: int) -> bytes:
        try:
            values = decode(line).record
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _anew(line, number, plan)
        return _in_place(line, masks, values) or _anew(line, number, plan)

    return masked


def _decoder(names: Plan) -> Callable[[bytes], Any]:
    absent = msgspec.Raw(b"")
    fields = [(f"f{place}", msgspec.Raw, absent) for place in range(len(names))]
    renamed = {f"f{place}": name for place, name in enumerate(names)}
    record = msgspec.defstruct("Record", fields, rename=renamed, array_like=False)
    return msgspec.json.Decoder(msgspec.defstruct("Message", [("record", record)])).decode


def _in_place(line: bytes, masks: list[tuple[bytes, Mask]], values: Any) -> bytes | None:
    """Return the line with each value replaced in its place; None where one is not plain to see.

    A name that stands once in the line, with none of its letters escaped, is that of the property that was read.
    """
    if _ESCAPED in line:
        return None
    for (name, mask), value in zip(masks, msgspec.structs.astuple(values), strict=True):
        raw, count = bytes(value), line.count(name)
        if not count and not raw:
            continue
        colon = _COLON.match(line, line.find(name) + len(name)) if count == 1 and raw else None
        if colon is None or not line.startswith(raw, colon.end()):
            return None
        line = line[: colon.end()] + mask(raw) + line[colon.end() + len(raw) :]
    return line


def _anew(line: bytes, number: int, plan: Plan) -> bytes:
    try:
        message = {name: part for name, part in _members_of(line).items() if name in _KEPT}
        # A name that stands twice in the line may have been another value, which is left out.
        message["record"] = msgspec.Raw(_masked(_members_of(message["record"]), plan))
        return _object(message)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError):
        return _odd_line(line, number, plan)


def inside(plan: Plan) -> Mask:
    """Return what masks members of an object, or of each object in an array; any other value becomes stars."""

    def masked(raw: bytes) -> bytes:
        if raw == NULL:
            return raw
        if raw[:1] == b"{":
            return _masked(_members_of(raw), plan)
        if raw[:1] == b"[":
            return b"[" + b",".join([masked(bytes(one).strip()) for one in _items_of(raw)]) + b"]"
        return STARS

    return masked


def _masked(members: Mapping[str, Any], plan: Plan) -> bytes:
    made: dict[str, Any] = {}
    for name, raw in members.items():
        if name not in plan:
            made[name] = raw
        elif (mask := plan[name]) is not None:
            made[name] = mask(bytes(raw))
    return _object(made)


def _object(members: Mapping[str, Any]) -> bytes:
    return b"{" + b",".join([_name(name) + bytes(raw) for name, raw in members.items()]) + b"}"


@lru_cache(maxsize=4096)
def _name(name: str) -> bytes:
    return msgspec.json.encode(name) + b":"


def _odd_line(line: bytes, number: int, plan: Plan) -> bytes:
    """Mask a line that holds half a pair of surrogates, NaN or Infinity, which the encoder refuses with its value."""
    try:
        message = {name: part for name, part in decode_line(line).items() if name in _KEPT}
        record = message["record"]
        for name in plan.keys() & record.keys():
            _mask_member(record, name, plan[name])
        return line_of(message)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise MessageError(
        number,
        "the record cannot be read, so what is to be masked in it is not found; it is not shown",
        "each line must be one JSON object in UTF-8: check the tap",
        code="REC-MASK",
    )


def _mask_member(record: dict[str, Any], name: str, mask: Mask | None) -> None:
    if mask is None:
        del record[name]
        return
    try:
        record[name] = decode_line(mask(value_text(record[name])))
    except (msgspec.MsgspecError, UnicodeError, TypeError, ValueError):
        record[name] = "\ud800"  # it is no text, and is refused in the place of what it was
