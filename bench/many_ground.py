"""Stand-ins whose answers can be late, what a run asks of them, and the messages of many small streams."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_warehouse.directory import admin_socket
from local_warehouse.faults import send
from local_warehouse.supervisor import StandIns

from bench.measure import Cost, run

# What stands behind the verb in a statement's kind, where that alone does not say it.
_KIND = re.compile(
    r"\s*(CREATE (?:OR REPLACE )?TEMP|CREATE \w+|SELECT pg_last_copy_count|SELECT CURRENT_TRANSACTION|SHOW \w+|DESC \w+"
    r"|[A-Z]+)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Counts:
    """What one run asked: statements by kind, answers that it waited for, and what it used itself."""

    kinds: Counter[str]
    trips: int
    cost: Cost

    @property
    def statements(self) -> int:
        """All of them."""
        return self.kinds.total()


def write_messages(
    folder: Path, chosen: Any, streams: int, number: int, *, prefix: str = "", keyed: bool = True
) -> Path:
    """Write the messages of a first run, or of a second one, half of whose keys are new; return the file."""
    source = folder / f"{prefix}{streams}.{keyed}.{number}.singer"
    first = number * (chosen.records // 2)
    lines = messages(streams, chosen.records, chosen.columns, chosen.state_every, first, prefix, ["id"] * keyed)
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return source


def messages(
    streams: int, records: int, columns: int, state_every: str, first: int, prefix: str, keys: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield the messages of a run; keys are distinct within a stream and begin with `first`."""
    properties: dict[str, Any] = {"id": {"type": "integer"}}
    properties |= {f"text_{n}": {"type": ["null", "string"], "maxLength": 200} for n in range(1, columns)}
    for stream in range(streams):
        name = f"{prefix}stream_{stream:03}"
        yield {
            "type": "SCHEMA", "stream": name, "key_properties": keys,
            "schema": {"type": "object", "properties": properties},
        }  # fmt: skip
        for key in range(first, first + records):
            record = {"id": key, **{f"text_{n}": f"{key} of {name}" for n in range(1, columns)}}
            yield {"type": "RECORD", "stream": name, "record": record}
            if state_every == "record":
                yield {"type": "STATE", "value": {"bookmarks": {name: {"id": key}}}}
        if state_every == "stream":
            yield {"type": "STATE", "value": {"bookmarks": {name: {"id": first + records}}}}
    yield {"type": "STATE", "value": {"bookmarks": {"all": first}}}


def kind_of(call: str) -> str:
    """Return what a statement is, in a word or two."""
    found = _KIND.match(call)
    return " ".join(found[1].upper().split()) if found else call[:20]


class Ground:
    """Running stand-ins whose answers can be late."""

    def __init__(self, stand_ins: StandIns) -> None:
        self.stand_ins = stand_ins

    def order(self, server: str, **request: Any) -> dict[str, Any]:
        """Send a request to a server's admin socket."""
        return send(admin_socket(self.stand_ins.path, server), request)

    def delay(self, warehouse: str, answer: float, copy: float) -> None:
        """Let each answer come late, and each COPY take so long together with its answer."""
        if copy > answer:
            self.order(warehouse, do="fault", action="slow", match=r"^\s*COPY", seconds=copy - answer)
        if answer:
            self.order(warehouse, do="fault", action="delay", seconds=answer)

    def counted(
        self, warehouse: str, command: Sequence[str], source: Path, chosen: Any, variables: dict[str, str] | None = None
    ) -> Counts:
        """Run a command, answers being as late as chosen, and count what it asks of the warehouse."""
        self.delay(warehouse, chosen.answer, chosen.copy)
        self.order(warehouse, do="count")
        try:
            cost = run(command, source, environment=variables)
        finally:
            self.order(warehouse, do="clear")
        told = self.order(warehouse, do="counted")
        return Counts(Counter(map(kind_of, told["calls"])), told["trips"], cost)


HEAD = """\
| target | method | streams | run | statements | round trips | more for each stream: statements | round trips | wall s \
| CPU s | peak MB | open files |
|---|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|"""


def row(target: str, method: str, streams: int, which: str, counts: Counts, one: Counts | None) -> str:
    """Return a row of the table; `one` is the same with one stream, over which a stream's own are counted."""
    own = ("", "")
    if one is not None and streams > 1:
        own = tuple(
            f"{(many - few) / (streams - 1):.2f}"
            for many, few in ((counts.statements, one.statements), (counts.trips, one.trips))
        )  # type: ignore[assignment]
    cost = counts.cost
    return (
        f"| {target} | {method} | {streams} | {which} | {counts.statements} | {counts.trips} | {own[0]} | {own[1]} "
        f"| {cost.wall_seconds:.1f} | {cost.cpu_seconds:.1f} | {cost.peak_mb:.0f} | {cost.open_files} |"
    )
