"""What one coordinator costs for many receipts: `python -m bench.receipts [COUNT ..]`, default 1 100 10000.

Each receipt is of one file of one stream with 20 columns. Everything is the coordinator, but the bucket is a dictionary
and the warehouse takes every statement: so wall, CPU and memory are of reading, checking, joining, the manifest and the
statements. Requests to S3 are counted: each costs what the network says, 8 of a kind at a time.
"""

from __future__ import annotations

import io
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from singer_bulk.face.connector import Connector
from singer_bulk.model.runtime import STANDARD
from singer_bulk.receipts.coordinator import Coordinator
from singer_bulk.receipts.places import input_of
from singer_bulk.receipts.receipt import receipt_text
from singer_bulk.receipts.stage_only import Job, staged
from singer_bulk.receipts.work_list import Part, work_list_of
from singer_bulk.stage.memory import MemoryStage

from bench.stub import REDSHIFT, SNOWFLAKE, stubbed, target_of

CONFIGS = {"redshift": REDSHIFT, "snowflake": SNOWFLAKE}
COUNTS = (1, 100, 10_000)
COLUMNS = {f"column_{number}": {"type": ["null", "string" if number % 2 else "integer"]} for number in range(20)}
ROWS = 100


@dataclass
class CountingStage(MemoryStage):
    """A bucket in memory that counts what is asked of it, and the bytes of manifests."""

    calls: Counter[str] = field(default_factory=Counter)
    manifest_bytes: int = 0

    def put(self, key: str, content: bytes) -> None:
        """Write a file."""
        self.calls["PUT"] += 1
        if key.endswith(".manifest"):
            self.manifest_bytes += len(content)
        super().put(key, content)

    def end_of(self, key: str, byte_count: int) -> tuple[int, bytes]:
        """Return the size of a file and its last bytes."""
        self.calls["GET of a file's end"] += 1
        return super().end_of(key, byte_count)

    def remove(self, keys: Any) -> None:
        """Remove files, 1,000 in a request."""
        names = list(keys)
        self.calls["DELETE of 1,000"] += -(-len(names) // 1000)
        super().remove(names)


def receipts(target: Any, connector: Connector, stage: MemoryStage, count: int) -> Iterator[tuple[str, bytes]]:
    """Stage one part, and yield the receipts of as many like it, each with a file of its own in the stage."""
    schema = {"type": "SCHEMA", "stream": "orders", "schema": {"properties": COLUMNS}, "key_properties": []}
    record = {name: 7 if "integer" in one["type"] else "some text" for name, one in COLUMNS.items()}
    lines = [schema, *({"type": "RECORD", "stream": "orders", "record": record} for _ in range(ROWS))]
    text = "".join(json.dumps(one) + "\n" for one in [*lines, {"type": "STATE", "value": 1}])
    layout = replace(connector, stage=stage)
    receipt = staged(target, layout, Job("source", "receipt"), input_of(io.StringIO(text)))
    files = [(file.key, stage.files.pop(file.key)) for file in receipt.files]
    written = receipt_text(receipt).decode()
    for number in range(count):
        own = written.replace('"source"', f'"s3://bucket/in/{number}"', 2).replace(
            f'"s3://bucket/in/{number}"', '"source"', 1
        )
        for key, content in files:
            other = key.replace("-0000", f"-{number:07d}-0000")
            stage.files[other] = content
            own = own.replace(key, other)
        yield f"s3://bucket/receipts/{number}", own.encode()


def measured(warehouse: str, count: int) -> dict[str, Any]:
    """Commit a work list of so many parts, in this process; return what it cost."""
    target = stubbed(target_of(warehouse))(config={**CONFIGS[warehouse], "encoders": 0})
    stage = CountingStage()
    there = dict(receipts(target, target.planned(), stage, count))
    parts = [Part(f"s3://bucket/in/{number}", f"s3://bucket/receipts/{number}") for number in range(count)]
    text = "\n".join(json.dumps({"source": one.source, "receipt": one.receipt}) for one in parts).encode()
    connector = target.connector()
    reads: Counter[str] = Counter()

    def read(address: str) -> bytes:
        reads["GET of a receipt"] += 1
        return there[address]

    stage.calls.clear()
    coordinator = Coordinator(
        connector.warehouse,
        stage,
        target.load_settings(),
        STANDARD,
        lambda: None,
        read,
        str(target.name),
        "1",
        "0" * 32,
    )
    before = resource.getrusage(resource.RUSAGE_SELF)
    wall = time.perf_counter()
    coordinator.commit(work_list_of(text, "the work list"))
    wall = time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "warehouse": warehouse,
        "receipts": count,
        "files": sum(key.endswith(".csv.gz") for key in stage.files) or count,
        "wall_seconds": round(wall, 3),
        "cpu_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 3),
        "peak_mb_more": round((after.ru_maxrss - before.ru_maxrss) / 1024, 1),
        "receipt_bytes": len(next(iter(there.values()))),
        "manifest_bytes": stage.manifest_bytes,
        "requests": dict(sorted((stage.calls + reads).items())),
    }


def main() -> None:
    """Measure each count in a process of its own, and print what it cost as JSON lines."""
    if len(sys.argv) == 4 and sys.argv[1] == "--one":
        print(json.dumps(measured(sys.argv[2], int(sys.argv[3]))))
        return
    for warehouse in CONFIGS:
        for count in [int(one) for one in sys.argv[1:]] or COUNTS:
            subprocess.run([sys.executable, "-m", "bench.receipts", "--one", warehouse, str(count)], check=True)


if __name__ == "__main__":
    main()
