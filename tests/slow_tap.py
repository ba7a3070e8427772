"""A tap that sends for a while: `python -m tests.slow_tap SECONDS [STREAMS] [RECORDS_A_SECOND]`, by the clock.

The first stream sends most, each further one half of it; a STATE comes each second.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Send."""
    seconds, streams, speed = (float(one) for one in (*sys.argv[1:], *("60", "4", "4000")[len(sys.argv) - 1 :]))
    names = ["orders", "order_lines", "customers", "products", "a_stream_with_quite_a_long_name"]
    names = [*names, *(f"stream_{number}" for number in range(int(streams)))][: int(streams)]
    properties = {"id": {"type": "integer"}, "note": {"type": ["null", "string"]}, "at": {"type": ["null", "number"]}}
    for name in names:
        _send({"type": "SCHEMA", "stream": name, "schema": {"properties": properties}, "key_properties": ["id"]})
    began, second, sent = time.monotonic(), 0, dict.fromkeys(names, 0)
    while second < seconds:
        for place, name in enumerate(names):
            for _ in range(max(int(speed / 2 ** (place + 1)), 1)):
                record = {"id": sent[name], "note": f"note {second} of {name}", "at": second / 7}
                _send({"type": "RECORD", "stream": name, "record": record})
                sent[name] += 1
        second += 1
        _send({"type": "STATE", "value": {"second": second}})
        sys.stdout.flush()
        time.sleep(max(0.0, began + second - time.monotonic()))


def _send(message: object) -> None:
    sys.stdout.write(json.dumps(message) + "\n")


if __name__ == "__main__":
    main()
