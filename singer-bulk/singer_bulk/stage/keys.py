"""What are staged files called, and which of them did dead runs leave behind?

A file lies under `<prefix>/<stream>/`. Its name carries the moment when its run began and the run's id. A run that is
killed leaves its files there. A run counts as over when its youngest file is old enough; the ledger shows which files
a load has committed, which may be kept on purpose.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta, timezone

STARTED_FORMAT = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(
    r"(?!(?:.*/)?_parts/)(?:.*/)?(\d{8}T\d{6}Z)-([0-9a-f]{32})-\d{5,}\.csv\.gz(?:(?:\.([0-9a-f]{32}))?\.manifest)?"
)
REJECTED, DESCRIPTIONS, PARTS = "_rejected", "_loads", "_parts"
_DESCRIPTION = re.compile(rf"(?:.*/)?{DESCRIPTIONS}/([0-9a-f]{{32}})-\d+\.json")


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
        return self._key(f"{REJECTED}/{_folder(stream)}", "jsonl")

    def for_description(self, load_id: str) -> str:
        """Return the key of the description of a load: it follows from the load's id alone."""
        return described_at(self.prefix, load_id)

    def _key(self, folder: str, ending: str) -> str:
        self._file_count += 1
        name = f"{self._begin}-{self._file_count:05d}.{ending}"
        return "/".join(part for part in (self.prefix, folder, name) if part)


def described_at(prefix: str, load_id: str) -> str:
    """Return the key of the description of a load."""
    return "/".join(part for part in (prefix.strip("/"), DESCRIPTIONS, f"{load_id}.json") if part)


def parts_under(prefix: str) -> str:
    """Return the prefix of what workers stage, whose receipts may be committed at any time: nothing sweeps there."""
    return "/".join(part for part in (prefix.strip("/"), PARTS) if part)


def rejected_under(prefix: str) -> str:
    """Return the prefix of the files of rejected records."""
    return "/".join(part for part in (prefix.strip("/"), REJECTED) if part) + "/"


def _folder(stream: str) -> str:
    """Return a stream's name as a folder: what S3 and COPY take without escapes stays, the rest becomes `_`."""
    return "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in stream) or "_"


def leftovers(
    written: Mapping[str, datetime], now: datetime, older_than: timedelta, kept_runs: Collection[str]
) -> list[str]:
    """Return the keys that a dead run left: named as ours, of a run that wrote its last file longer ago than
    `older_than`, and not of one whose files are kept. Rejected records are never among them.

    `written` says when each key was written, by the clock of S3.
    """
    names = {key: name for key in written if (name := _NAME.fullmatch(key)) is not None}
    alive: dict[str, datetime] = {}  # run -> when it was last seen alive
    for key, name in names.items():
        started = datetime.strptime(name[1], STARTED_FORMAT).replace(tzinfo=timezone.utc)
        run = _owner(name)
        alive[run] = max(started, written[key], alive.get(run, started))
    dead = {run for run, seen in alive.items() if now - seen > older_than} - set(kept_runs)
    described = {key: name[1] for key in written if (name := _DESCRIPTION.fullmatch(key)) is not None}
    dead |= {run for key, run in described.items() if run not in alive and now - written[key] > older_than}
    dead -= set(kept_runs)
    return [
        *(key for key, name in names.items() if _owner(name) in dead),
        *(key for key, run in described.items() if run in dead),
    ]


def _owner(name: re.Match[str]) -> str:
    """Return the run that has written a file: a manifest names the one that loads the files of another one again."""
    return name[3] or name[2]
