"""Which staged files did dead runs leave behind?

A run that is killed leaves its files under the prefix. Their names carry the moment when the run began and its id, so
what belongs to a run that is over can be told by age, and what a load committed (and is kept on purpose) by the ledger.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta, timezone

STARTED_FORMAT = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(r"(?:.*/)?(\d{8}T\d{6}Z)-([0-9a-f]{32})-\d{5}\.csv\.gz(?:\.manifest)?")


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
