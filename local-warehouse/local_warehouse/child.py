"""What every server process does towards the supervisor: settings in, one ready line out, end with stdin."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any


def settings() -> dict[str, Any]:
    """The one JSON line of settings that the supervisor writes to stdin."""
    line = sys.stdin.readline()
    if not line:
        sys.exit("no settings on standard input: this server is started by local-warehouse")
    values: dict[str, Any] = json.loads(line)
    return values


def ready(**facts: Any) -> None:
    """Tell the supervisor that the server serves, and where."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def wait_for_end() -> None:
    """Return when stdin ends (the supervisor stopped or died) or SIGTERM comes.

    Call it in the main thread, where Python handles signals.
    """
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    threading.Thread(target=_read_to_end, args=(end,), daemon=True).start()
    end.wait()


def _read_to_end(end: threading.Event) -> None:
    while os.read(0, 4096):
        pass
    end.set()
