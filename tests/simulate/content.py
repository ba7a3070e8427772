"""What the table of a stream has to hold, folded from records one by one: the plain reading of docs/loads.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.simulate.feeds import APPEND, ORDERED, OVERWRITE, VERSIONED, StreamOf

Seen = Counter[tuple[Any, ...]]
NAMES = ("id", "v", "more", "pos", "gone")


@dataclass
class Content:
    """The rows of one table. `places`: of each key the place of its last event, also of one that is gone."""

    stream: StreamOf
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)  # of the rows
    keyed: dict[int, dict[str, Any]] = field(default_factory=dict)
    places: dict[int, int] = field(default_factory=dict)

    def take(self, message: Mapping[str, Any]) -> None:
        """Apply a record, or the end of versions."""
        if message["type"] == "ACTIVATE_VERSION":
            kept = [at for at, version in enumerate(self.versions) if version >= message["version"]]
            self.rows, self.versions = [self.rows[at] for at in kept], [self.versions[at] for at in kept]
            return
        record = message["record"]
        kind, key = self.stream.kind, record["id"]
        gone = "_sdc_deleted_at" in record or record.get("op") == "D"
        if kind in (APPEND, OVERWRITE, VERSIONED):
            self.versions.append(message.get("version", 0))
            self.rows.append((key, record.get("v"), record.get("more"), None, False))
            return
        if kind == ORDERED:
            if record["pos"] < self.places.get(key, 0):
                return
            self.places[key] = record["pos"]
        if gone and self.stream.hard:
            self.keyed.pop(key, None)
            return
        row = self.keyed.setdefault(key, {})
        row["pos"], row["gone"] = record.get("pos"), gone
        if not gone:
            row["v"] = record.get("v")
            if "more" in record:
                row["more"] = record["more"]

    def empty(self) -> None:
        """Forget all rows: a full load replaces them."""
        self.rows.clear()
        self.versions.clear()

    def seen(self) -> Seen:
        """Return the rows as a reader counts them, in the order of NAMES."""
        found = Counter(self.rows)
        for key, row in self.keyed.items():
            found[_told(self.stream, (key, row.get("v"), row.get("more"), row.get("pos")), row["gone"])] += 1
        return found


def _told(stream: StreamOf, values: tuple[Any, ...], gone: bool) -> tuple[Any, ...]:
    """Return what counts of a row. What a stamped row had before depends, with places, on which events met in a load:
    one that comes late is nothing in the next load, and the value before the delete in the same one."""
    key, _, _, place = values
    return (key, None, None, place, gone) if gone and stream.kind == ORDERED else (*values, gone)


def rows_of(stream: StreamOf, names: list[str], rows: Mapping[int, tuple[Any, ...]]) -> Seen:
    """Return what a reader sees in a table with these columns."""
    place = {name.lower(): at for at, name in enumerate(names)}
    wanted = [place.get(name) for name in NAMES[:4]]
    stamp, op = place.get("_sdc_deleted_at"), place.get("op")
    found: Seen = Counter()
    for row in rows.values():
        width = len(row)
        values = [None if at is None or at >= width else row[at] for at in wanted]
        gone = (stamp is not None and stamp < width and row[stamp] is not None) or (op is not None and row[op] == "D")
        found[_told(stream, tuple(values), gone)] += 1
    return found
