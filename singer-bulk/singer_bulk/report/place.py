"""Where a report is written: a file, or an object in S3."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from singer_bulk.errors import BulkError, ConfigError
from singer_bulk.model.past import Explained
from singer_bulk.model.report import LoadReport, RunReport

S3 = "s3://"

Put = Callable[[str, str, bytes], None]
Get = Callable[[str, str], bytes]


def place_of(setting: str, report: RunReport) -> str:
    """Return where the report goes: `{run_id}` and `{started_at}` are filled in, a folder gets a file for each run.

    >>> place_of("s3://b/reports/", RunReport(run_id="7f", started_at="2026-12-01 04:05:06.789+00:00"))
    's3://b/reports/20261201T040506Z-7f.json'
    """
    began = report.started_at[:19].replace("-", "").replace(":", "").replace(" ", "T") + "Z"
    place = setting.replace("{run_id}", report.run_id).replace("{started_at}", began)
    return f"{place}{began}-{report.run_id or 'not-begun'}.json" if place.endswith("/") else place


def write(place: str, content: bytes, put: Put) -> None:
    """Write the report, whole or not at all; `put` takes bucket, key and content. Raises OSError and BulkError."""
    if place.startswith(S3):
        bucket, _, key = place.removeprefix(S3).partition("/")
        if not bucket or not key:
            raise ConfigError(f"run_report {place!r} names no object; write s3://bucket/key", code="CFG-VALUE")
        put(bucket, key, content)
        return
    path = Path(os.path.expanduser(place))
    path.parent.mkdir(parents=True, exist_ok=True)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        written.write_bytes(content)
        os.replace(written, path)
    finally:
        written.unlink(missing_ok=True)


def reported_load(setting: str | None, load: Explained, get: Get) -> LoadReport | None:
    """Return what the report of its run says of a load, if `run_report` leads to it."""
    if not setting:
        return None
    run_id = load.load_id.partition("-")[0]
    place = place_of(setting, RunReport(run_id=run_id, started_at=f"{load.started_at:%Y-%m-%d %H:%M:%S}"))
    try:
        report = msgspec.json.decode(_read(place, get), type=RunReport)
    except (OSError, BulkError, msgspec.MsgspecError):
        return None
    return next((one for one in report.loads if one.load_id == load.load_id), None)


def _read(place: str, get: Get) -> bytes:
    if place.startswith(S3):
        bucket, _, key = place.removeprefix(S3).partition("/")
        return get(bucket, key)
    return Path(os.path.expanduser(place)).read_bytes()
