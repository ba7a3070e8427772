"""What are staged files called, and which of them did dead runs leave behind?

A file lies under `<prefix>/<stream>/`. Its name carries the moment when its run began and the run's id. A run that is
killed leaves its files there: what belongs to a run that is over can be told by age, and what a load committed (and is
kept on purpose) by the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta, timezone

STARTED_FORMAT = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(?:.*/)?(\d{8}T\d{6}Z)-([0-9a-f]{32})-\d{5}\.csv\.gz(?:\.manifest)?")


class StagedNames:
    """Gives each file of a run its key."""

    def __init__(self, prefix: str, started_at: datetime, run_id: str) -> None:
        self.prefix = prefix.strip("/")
        self._begin = f"{started_at.astimezone(timezone.utc).strftime(STARTED_FORMAT)}-{run_id}"
        self._file_count = 0

    def for_rows(self, stream: str) -> str:
        """Return the key of a new file of rows."""
        return self._key(_folder(stream), "csv.gz")

    def for_rejects(self, stream: str) -> str:
        """Return the key of a new file of rejected records."""
        return self._key(f"_rejected/{_folder(stream)}", "jsonl")

    def _key(self, folder: str, ending: str) -> str:
        self._file_count += 1
        name = f"{self._begin}-{self._file_count:05d}.{ending}"
        return "/".join(part for part in (self.prefix, folder, name) if part)


def _folder(stream: str) -> str:
    """Return a stream's name as a folder: what S3 and COPY take without escapes stays, the rest becomes `_`."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in stream) or "_"


def leftovers(keys: Iterable[str], now: datetime, older_than: timedelta, kept_runs: Collection[str]) -> list[str]:
    """Return the keys that a dead run left: named as ours, of a run that began longer ago than `older_than`, and not
    of one whose files are kept. Rejected records are never among them.
    """
    found = []
    for key in keys:
        name = _NAME.fullmatch(key)
        if name is None or name[2] in kept_runs:
            continue
        started = datetime.strptime(name[1], STARTED_FORMAT).replace(tzinfo=timezone.utc)
        if now - started > older_than:
            found.append(key)
    return found
