"""What masking costs a record, beside the native pass and the definition: `python -m bench.masks`.

CPU time of one thread for a record of ten properties, the least of five rounds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import msgspec
from singer_bulk.encode.blocks import BlockEncoder
from singer_bulk.encode.rows import RowEncoder
from singer_bulk.maps.masks import Masks
from singer_bulk.model.messages import Records, Schema
from singer_bulk.settings.loads import LoadSettings

from tests.fidelity.encoding import Encoding

COUNT, BLOCK, ROUNDS = 50_000, 800, 5
TEXT = {"type": ["null", "string"]}
PROPERTIES: dict[str, Any] = {
    "id": {"type": "integer"}, "email": TEXT, "name": TEXT, "city": TEXT, "note": TEXT,
    "amount": {"type": ["null", "number"], "multipleOf": 0.01}, "n": {"type": ["null", "integer"]},
    "at": {**TEXT, "format": "date-time"}, "done": {"type": ["null", "boolean"]}, "day": {**TEXT, "format": "date"},
}  # fmt: skip


def line(number: int) -> bytes:
    """Return a RECORD of ten properties."""
    record = {
        "id": number, "email": f"user{number}@example.com", "name": f"Some Name {number}", "city": "Springfield",
        "note": f"a note of a few words, {number} of them", "amount": number / 100, "n": number * 7,
        "at": "2020-06-01T12:00:00Z", "done": bool(number % 2), "day": "2020-06-01",
    }  # fmt: skip
    return json.dumps({"type": "RECORD", "stream": "s", "record": record}).encode()


def microseconds(work: Callable[[Records], object], blocks: list[Records]) -> float:
    """Return what the work takes for a record."""
    least = float("inf")
    for _ in range(ROUNDS):
        start = time.process_time()
        for records in blocks:
            work(records)
        least = min(least, time.process_time() - start)
    return least / COUNT * 1e6


def main() -> None:
    """Print the figures."""
    lines = [line(number) for number in range(COUNT)]
    blocks = [Records.of_lines("s", lines[at : at + BLOCK], range(at, at + BLOCK)) for at in range(0, COUNT, BLOCK)]
    blocks = [Records(one.stream, one.text, range(one.text.count(b"\n"))) for one in blocks]
    encoding = Encoding("redshift", {"properties": PROPERTIES}, {"datetime_type": "timestamptz"})
    rows = RowEncoder("s", encoding.columns, encoding.format)
    native = BlockEncoder(RowEncoder("s", encoding.columns, encoding.format), encoding.format)
    print(f"a line of {len(lines[-1])} bytes, microseconds of CPU time a record")
    print(f"native pass {microseconds(lambda records: native.encode(records, 0, len), blocks):6.2f}")
    print(f"definition  {microseconds(lambda records: rows.encode(records, 0), blocks):6.2f}")
    schema = Schema("s", msgspec.Raw(json.dumps({"properties": PROPERTIES}).encode()), ["id"])
    for method in ("redact", "sha256", "hmac", "drop"):
        masks = Masks(LoadSettings(mask={"email": method}, mask_key="a long random text"))
        masks.schema(schema)
        print(f"mask {method:6} {microseconds(masks.records, blocks):6.2f}")


if __name__ == "__main__":
    main()
