"""Many small streams: `python -m bench.many`.

What a warehouse is asked for N streams of five records each, counted by the stand-in itself: statements that it runs,
and round trips, which are answers that the target waits for. Each case is run twice into a schema of its own, so that
the second run finds every table as it should be (steady state). With DELAY each answer comes so many seconds late, that
of a COPY later; then wall time is measured too.

Options: --streams 1,10,100 --methods append-only,upsert --warehouses redshift,snowflake --answer SECONDS
--copy SECONDS --records 5 --columns 5 --state-every stream|record|end --peers.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_warehouse.directory import admin_socket
from local_warehouse.faults import send
from local_warehouse.supervisor import StandIns

from bench import many_peers
from bench.measure import Cost, run

TARGETS = {"redshift": "target-redshift-copy", "snowflake": "target-snowflake-stage"}
METHODS = ("append-only", "upsert", "overwrite")
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


def messages(streams: int, records: int, columns: int, state_every: str, first: int) -> Iterator[dict[str, Any]]:
    """Yield the messages of a run; keys are distinct within a stream and begin with `first`."""
    properties: dict[str, Any] = {"id": {"type": "integer"}}
    properties |= {f"text_{n}": {"type": ["null", "string"], "maxLength": 200} for n in range(1, columns)}
    for stream in range(streams):
        name = f"stream_{stream:03}"
        yield {
            "type": "SCHEMA", "stream": name, "key_properties": ["id"],
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
        """Let each answer come late."""
        if copy:
            self.order(warehouse, do="fault", action="delay", match=r"^\s*COPY", seconds=copy)
        if answer:
            self.order(warehouse, do="fault", action="delay", seconds=answer)

    def counted(self, warehouse: str, command: Sequence[str], source: Path, variables: dict[str, str]) -> Counts:
        """Run a command and count what it asks of the warehouse."""
        self.order(warehouse, do="count")
        cost = run(command, source, environment=variables)
        told = self.order(warehouse, do="counted")
        return Counts(Counter(map(kind_of, told["calls"])), told["trips"], cost)


def commands(ground: Ground, warehouse: str, method: str, folder: Path) -> list[str]:
    """Return the command of our target into a schema of its own."""
    schema = f"many_{uuid.uuid4().hex[:10]}"
    settings = {
        **ground.stand_ins.configs[warehouse],
        "default_target_schema": schema if warehouse == "redshift" else schema.upper(),
        "create_schema": True, "s3_key_prefix": f"many/{schema}", "load_method": method, "encoders": 0,
    }  # fmt: skip
    path = folder / f"{schema}.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps(settings))
    return [str(Path(sys.executable).parent / TARGETS[warehouse]), "--config", str(path)]


def twice(ground: Ground, warehouse: str, command: Sequence[str], chosen: Any, streams: int, folder: Path,
          variables: dict[str, str]) -> tuple[Counts, Counts]:  # fmt: skip
    """Run the command on a first run's messages, then on a second run's, half of whose keys are new."""
    made = []
    for number in range(2):
        source = folder / f"{streams}.{number}.singer"
        first = number * (chosen.records // 2)
        lines = messages(streams, chosen.records, chosen.columns, chosen.state_every, first)
        source.write_text("".join(json.dumps(line) + "\n" for line in lines))
        ground.delay(warehouse, chosen.answer, chosen.copy)
        try:
            made.append(ground.counted(warehouse, command, source, variables))
        finally:
            ground.order(warehouse, do="clear")
    return made[0], made[1]


HEAD = """\
| target | method | streams | run | statements | round trips | more for each stream: statements | round trips | wall s \
| CPU s | peak MB |
|---|---|---:|---|---:|---:|---:|---:|---:|---:|---:|"""


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
        f"| {cost.wall_seconds:.1f} | {cost.cpu_seconds:.1f} | {cost.peak_mb:.0f} |"
    )


def measure(ground: Ground, chosen: Any, folder: Path) -> None:
    """Print the table, and what the second runs with the most streams consisted of."""
    kinds: list[str] = []
    print(HEAD, flush=True)
    for warehouse in chosen.warehouses:
        for method in chosen.methods:
            ones: tuple[Counts, Counts] | None = None
            for streams in chosen.streams:
                command = commands(ground, warehouse, method, folder)
                runs = twice(ground, warehouse, command, chosen, streams, folder, {})
                for number, which in enumerate(("first", "second")):
                    one = None if ones is None else ones[number]
                    print(row(TARGETS[warehouse], method, streams, which, runs[number], one), flush=True)
                ones = ones or runs
                listed = ", ".join(f"{kind} {count}" for kind, count in runs[1].kinds.most_common())
                kinds.append(f"{warehouse} {method}, {streams} streams, second run: {listed}")
    if chosen.peers:
        many_peers.measure(ground, chosen, folder, twice, row)
    print("\n" + "\n".join(kinds), flush=True)


def main() -> None:
    """Read the options, start the stand-ins, measure."""
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--streams", type=lambda text: [int(one) for one in text.split(",")], default=[1, 10, 100])
    words.add_argument("--methods", type=lambda text: text.split(","), default=METHODS)
    words.add_argument("--warehouses", type=lambda text: text.split(","), default=tuple(TARGETS))
    words.add_argument("--answer", type=float, default=0.0)
    words.add_argument("--copy", type=float, default=0.0)
    words.add_argument("--records", type=int, default=5)
    words.add_argument("--columns", type=int, default=5)
    words.add_argument("--state-every", choices=("stream", "record", "end"), default="stream")
    words.add_argument("--peers", action="store_true")
    chosen = words.parse_args()
    with tempfile.TemporaryDirectory() as folder, StandIns(only=chosen.warehouses) as stand_ins:
        measure(Ground(stand_ins), chosen, Path(folder))


if __name__ == "__main__":
    main()
