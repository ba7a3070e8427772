"""Change events in an envelope become records: the properties of the row, and those of the event.

Debezium, Maxwell and the change streams of MongoDB put the row into an object within the event. `EnvelopeMapper`
flattens the events of a stream whose `cdc` preset has an envelope that its SCHEMA declares. The SCHEMA becomes that of
the row; properties of the event get names that begin with two underscores, as Debezium's own flattening writes them.
An update that changes the key becomes two records, the delete of the old key and the update of the new one. Records of
all other streams are passed on undecoded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from singer_bulk.errors import ConfigError, MessageError, shown
from singer_bulk.model.messages import Records, Schema

Json = Mapping[str, Any]
Raw = msgspec.Raw
Members = dict[str, Raw]

_NULL = Raw(b"null")
_OBJECT: Json = {"type": ["null", "object"]}
_TEXT: Json = {"type": ["null", "string"]}
_INTEGER: Json = {"type": ["null", "integer"]}
# Debezium writes these for a value that has not changed, and so is not in the log: text, binary as Base64 and as
# hexadecimal, an array, a map. Property unavailable.value.placeholder of
# https://debezium.io/documentation/reference/stable/connectors/postgresql.html
_PLACEHOLDER = b"__debezium_unavailable_value"
_BASE64 = b"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ"
_UNAVAILABLE = frozenset(
    (
        b'"%b"' % _PLACEHOLDER,
        b'"%b=="' % _BASE64,
        b'"%b"' % _BASE64,
        b'"%b"' % _PLACEHOLDER.hex().encode(),
        b'["%b"]' % _PLACEHOLDER,
        b'{"%b":"%b"}' % (_PLACEHOLDER, _PLACEHOLDER),
    )
)
_MARKS = (_PLACEHOLDER, _BASE64, _PLACEHOLDER.hex().encode())

_members_of = msgspec.json.Decoder(dict[str, Raw]).decode
_encode = msgspec.json.encode


class Mapper(Protocol):
    """What turns messages as they arrive into those that are loaded: stream maps, flattening, envelopes."""

    def schemas(self, message: Schema) -> list[Schema]:
        """Return the SCHEMAs that the stream becomes; none if it is dropped."""

    def records(self, records: Records) -> list[Records]:
        """Return the records that the run becomes."""


class UnfitEvent(Exception):
    """An event that does not become a record: what is wrong, and the remedy."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy


@dataclass(frozen=True)
class Envelope:
    """One kind of envelope.

    needs: properties by which a SCHEMA declares it. rows: those that hold a row. split: those whose own properties
    become one column each. added: columns that are computed from other properties. kept: objects that stay whole, and
    their new names. flatten turns an event into records.
    """

    needs: frozenset[str]
    rows: tuple[str, ...]
    flatten: Callable[[Members, Flat], Iterator[Members]]
    split: tuple[str, ...] = ()
    added: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    kept: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Flat:
    """A stream whose events are flattened: its key properties, and the properties of its rows."""

    envelope: Envelope
    keys: tuple[str, ...]
    properties: tuple[str, ...]

    def no_row(self) -> Members:
        """Return the row of an event that has none: null in each key property."""
        return dict.fromkeys(self.keys, _NULL)


def _debezium(event: Members, flat: Flat) -> Iterator[Members]:
    operation = bytes(event.get("op", _NULL))
    before, after = _row(event.get("before")), _row(event.get("after"))
    rest = _event_members(event, flat.envelope)
    if operation == b'"d"':
        if not before:
            raise UnfitEvent("a delete without before", "let the source log the key (REPLICA IDENTITY)")
        yield {**before, **rest}
        return
    if operation == b'"u"' and before and any(key in before and before[key] != after.get(key) for key in flat.keys):
        yield {**before, **rest, "__op": Raw(b'"d"')}
    yield {**(after or flat.no_row()), **rest, **_kept(event, flat.envelope)}


def _row(raw: Raw | None) -> Members:
    """Return the members of a row, without those that the log does not have."""
    members = _object(raw)
    return {name: value for name, value in members.items() if bytes(value) not in _UNAVAILABLE}


def _object(raw: Raw | None) -> Members:
    if raw is None or bytes(raw) == b"null":
        return {}
    return dict(_members_of(bytes(raw)))


def _maxwell(event: Members, flat: Flat) -> Iterator[Members]:
    data, old = _object(event.get("data")), _object(event.get("old"))
    rest = {**_event_members(event, flat.envelope), **_binlog_place(event.get("position"))}
    if any(key in old for key in flat.keys):
        yield {**data, **old, **rest, "__type": Raw(b'"delete"')}
    yield {**(data or flat.no_row()), **rest, **_kept(event, flat.envelope)}


def _binlog_place(position: Raw | None) -> Members:
    """Return file and position of `file:position`."""
    text = None if position is None else msgspec.json.decode(position)
    if not isinstance(text, str) or ":" not in text:
        return {}
    name, _, number = text.rpartition(":")
    if not number.isdigit():
        raise UnfitEvent(f"position {shown(text)}", "Maxwell writes file:position")
    return {"__log_file": Raw(_encode(name)), "__log_pos": Raw(number.encode())}


def _mongodb(event: Members, flat: Flat) -> Iterator[Members]:
    token = _object(event.get("_id")).get("_data", _NULL)
    rest = {**_event_members(event, flat.envelope), **_kept(event, flat.envelope), "__token": token}
    key, document = _object(event.get("documentKey")), _object(event.get("fullDocument"))
    if bytes(event.get("operationType", _NULL)) != b'"update"':
        yield {**flat.no_row(), **key, **document, **rest}
    elif document:
        # fullDocument was looked up and is whole, so a property that it lacks is null.
        yield {**dict.fromkeys(flat.properties, _NULL), **key, **document, **rest}
    else:
        yield {**key, **_updated(_object(event.get("updateDescription"))), **rest}


def _updated(description: Members) -> Members:
    """Return the members that an update sets or removes."""
    updated = _object(description.get("updatedFields"))
    removed = msgspec.json.decode(description.get("removedFields", Raw(b"[]"))) or []
    cut = msgspec.json.decode(description.get("truncatedArrays", Raw(b"[]"))) or []
    inner = [name for name in (*updated, *removed) if "." in name] + [str(one.get("field")) for one in cut]
    if inner:
        raise UnfitEvent(
            f"an update of {shown(inner[0])}, a part of a property",
            "open the change stream with fullDocument: updateLookup",
        )
    return {**updated, **dict.fromkeys(removed, _NULL)}


def _event_members(event: Members, envelope: Envelope) -> Members:
    """Return the members of the envelope that are not the row, under their new names."""
    left = {*envelope.rows, *envelope.kept, "_id"}
    found = {}
    for name, raw in event.items():
        if name in envelope.split and bytes(raw) != b"null":
            found.update({f"__{name}_{part}": value for part, value in _object(raw).items()})
        elif name not in left:
            found[f"__{name}"] = raw
    return found


def _kept(event: Members, envelope: Envelope) -> Members:
    return {name: event[member] for member, name in envelope.kept.items() if member in event}


ENVELOPES: Mapping[str, Envelope] = {
    "debezium": Envelope(
        frozenset(("op", "after")), ("after", "before"), _debezium, split=("source",), kept={"before": "__before"}
    ),
    "maxwell": Envelope(
        frozenset(("type", "data")),
        ("data", "old"),
        _maxwell,
        added={"position": {"__log_file": _TEXT, "__log_pos": _INTEGER}},
        kept={"old": "__old"},
    ),
    "mongodb": Envelope(
        frozenset(("operationType", "documentKey")),
        ("fullDocument", "documentKey"),
        _mongodb,
        added={"_id": {"__token": _TEXT}},
        kept={"updateDescription": "__updateDescription"},
    ),
}


class EnvelopeMapper:
    """Flattens events before the stream maps see them; `preset_of` returns the preset of a stream."""

    def __init__(self, preset_of: Callable[[str], str | None], then: Mapper | None = None) -> None:
        self._preset_of = preset_of
        self._then = then
        self._flat: dict[str, Flat] = {}

    def schemas(self, message: Schema) -> list[Schema]:
        """Return the SCHEMA of the rows, if that of the stream has an envelope, then mapped by the next mapper."""
        schema, name = message.properties(), self._preset_of(message.stream)
        envelope = ENVELOPES.get(name or "")
        declared = schema.get("properties") if isinstance(schema, Mapping) else None
        self._flat.pop(message.stream, None)
        if envelope is not None and isinstance(declared, Mapping) and envelope.needs <= declared.keys():
            rows = _row_properties(message.stream, declared, envelope)
            keys = tuple(message.key_properties or ())
            self._flat[message.stream] = Flat(envelope, keys, tuple(rows))
            properties = {**rows, **_event_properties(declared, envelope)}
            referred = {keyword: schema[keyword] for keyword in ("definitions", "$defs") if keyword in schema}
            raw = Raw(_encode({"type": "object", "properties": properties, **referred}))
            message = msgspec.structs.replace(message, schema=raw)
        return self._then.schemas(message) if self._then else [message]

    def records(self, records: Records) -> list[Records]:
        """Return the records that the events become, then mapped by the next mapper."""
        flat = self._flat.get(records.stream)
        if flat is not None:
            records = self._mapped(records, lambda event: flat.envelope.flatten(event, flat))
        elif self._preset_of(records.stream) == "debezium" and any(mark in records.text for mark in _MARKS):
            records = self._mapped(records, lambda event: iter([_row(Raw(_encode(event)))]))
        return self._then.records(records) if self._then else [records]

    def _mapped(self, records: Records, flatten: Callable[[Members], Iterator[Members]]) -> Records:
        lines, numbers = list[bytes](), list[int]()
        for number, line in zip(records.line_numbers, records.lines, strict=True):
            try:
                message = _members_of(line)
                for record in flatten(_members_of(bytes(message["record"]))):
                    lines.append(_encode({**message, "record": record}))
                    numbers.append(number)
            except UnfitEvent as unfit:
                raise MessageError(
                    number, f"stream {records.stream!r}: {unfit.problem}", unfit.remedy, code="IN-EVENT"
                ) from unfit
            except (KeyError, msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
                raise MessageError(
                    number,
                    f"stream {records.stream!r}: not an event as its SCHEMA declares it ({error})",
                    "check the tap",
                    code="IN-EVENT",
                ) from error
        return Records.of_lines(records.stream, lines, numbers)


def _row_properties(stream: str, declared: Json, envelope: Envelope) -> dict[str, Any]:
    """Return the properties of the rows. Each may be null, because not every event has a row."""
    found: dict[str, Any] = {}
    for name in reversed(envelope.rows):
        found.update(_inner(declared.get(name)))
    if not found:
        raise ConfigError(
            f"stream {stream!r}: the SCHEMA declares no properties of {envelope.rows[0]!r}, so its rows have no "
            "columns; let the tap declare them",
            code="STREAM-ENVELOPE",
        )
    return {name: _nullable(part) for name, part in found.items()}


def _event_properties(declared: Json, envelope: Envelope) -> dict[str, Any]:
    found: dict[str, Any] = {}
    kept, added = envelope.kept, envelope.added
    for name, part in declared.items():
        if name in kept:
            found[kept[name]] = _OBJECT
        elif name in envelope.split and _inner(part):
            found.update({f"__{name}_{inner}": _nullable(one) for inner, one in _inner(part).items()})
        elif name not in envelope.rows and name != "_id":
            found[f"__{name}"] = _nullable(part)
        found.update(added.get(name, {}))
    return found


def _inner(part: Any) -> dict[str, Any]:
    """Return the properties of an object, which may be one alternative of anyOf or oneOf, with null as the other."""
    if not isinstance(part, Mapping):
        return {}
    for one in (part, *part.get("anyOf", ()), *part.get("oneOf", ())):
        if isinstance(one, Mapping) and isinstance(one.get("properties"), Mapping):
            return dict(one["properties"])
    return {}


def _nullable(part: Any) -> Any:
    if not isinstance(part, Mapping):
        return part
    kept = dict(part)
    for keyword in ("anyOf", "oneOf"):
        if keyword in kept:
            return {**kept, keyword: [*kept[keyword], {"type": "null"}]} if not _takes_null(kept[keyword]) else kept
    names = kept.get("type", [])
    names = [names] if isinstance(names, str) else list(names)
    if names and "null" not in names:
        kept["type"] = [*names, "null"]
    if "enum" in kept and None not in kept["enum"]:
        kept["enum"] = [*kept["enum"], None]
    return kept


def _takes_null(parts: Sequence[Any]) -> bool:
    return any(isinstance(one, Mapping) and "null" in one.get("type", ()) for one in parts)
