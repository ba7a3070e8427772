"""`--stage-only`: the run over a warehouse that is nowhere; its files stay, and a receipt of them is written last.

1. The source is opened. One with an ETag that the work list does not expect is refused before it is read.
2. Everything is the run, but what commits: columns, checks, files, rejected records.
3. When every file has arrived, and the bytes that were read are of the version that is expected, the receipt is
   written, in one piece. What ends the worker before leaves files that no receipt names.
"""

from __future__ import annotations

import hashlib
import logging
import sys
from dataclasses import dataclass, replace
from typing import IO, Any

import click
from msgspec import structs

from singer_bulk.assembly import run_of
from singer_bulk.dry_run.nowhere import nowhere
from singer_bulk.dry_run.plan import Plan
from singer_bulk.errors import BulkError, ConfigError, StageError
from singer_bulk.face.connector import Connector
from singer_bulk.face.questions import AnsweringTarget, Asked
from singer_bulk.model.declared import read
from singer_bulk.model.file_format import FileFormat
from singer_bulk.model.load import Load
from singer_bulk.receipts.gathering import Gathering
from singer_bulk.receipts.places import Input, Places, input_of, is_address
from singer_bulk.receipts.receipt import Receipt, Source, receipt_text
from singer_bulk.receipts.work_list import MAX_PART_ROWS, WorkList, work_list_of
from singer_bulk.run import Run
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.signals import signals
from singer_bulk.stage.keys import parts_under
from singer_bulk.stage.s3 import S3Settings

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What one worker is to do. version: of the source, if another one is refused."""

    source: str
    receipt: str
    version: str | None = None
    place: int | None = None
    work_list: WorkList | None = None

    @property
    def first_number(self) -> int | None:
        """The number of the first row, where the work list says it."""
        if self.work_list is None or self.place is None or self.work_list.made_at is None:
            return None
        return self.work_list.first_number(self.place)


def stage_only(asked: Asked) -> None:
    """Stage the input, and write the receipt."""
    target = asked.opened()
    places = Places(read(S3Settings, target.config))
    given = asked.others.get("file_input") or sys.stdin
    job = _job(asked, places, given)
    source = places.open(job.source) if job.work_list and is_address(job.source) else input_of(given)
    receipt = staged(target, target.planned(), job, source)
    try:
        places.write(job.receipt, receipt_text(receipt))
    except OSError as error:
        raise StageError(f"{job.receipt}: {error.strerror}; no receipt was written", code="STAGE-RECEIPT") from error
    click.echo(
        f"{receipt.row_count} rows of {job.source} staged in {len(receipt.files)} files; the receipt is {job.receipt}"
    )


def _job(asked: Asked, places: Places, given: IO[Any]) -> Job:
    receipt, address, place = (asked.others.get(option) for option in ("--receipt", "--work-list", "--place"))
    if (address is None) != (place is None):
        raise click.UsageError("--work-list and --place go together: which list, and which part of it")
    if address is None or place is None:
        if receipt is None:
            raise click.UsageError("--stage-only needs --receipt ADDRESS, or --work-list and --place")
        return Job(str(getattr(given, "name", "<stdin>")), receipt)
    work = read_work_list(places, address)
    if place >= len(work.parts):
        raise ConfigError(f"{address} has {len(work.parts)} parts, and none at place {place}", code="LOAD-WORK-LIST")
    part = work.parts[place]
    return Job(part.source, receipt or part.receipt, part.version, place, work)


def read_work_list(places: Places, address: str) -> WorkList:
    """Return the work list at an address; raises ConfigError."""
    try:
        return work_list_of(places.read(address), address)
    except OSError as error:
        raise ConfigError(f"{address}: there is no such work list", code="LOAD-WORK-LIST") from error


def staged(target: AnsweringTarget, connector: Connector, job: Job, source: Input) -> Receipt:
    """Stage what the source holds; return the receipt. Raises BulkError; then nothing of it is left in the stage."""
    if source.is_known:
        _demand_version(job, source)
    settings = target.load_settings()
    gathered: list[Gathering] = []

    def gathering(*arguments: Any, **named: Any) -> Gathering:
        gathered.append(Gathering(*arguments, **named))
        return gathered[-1]

    away = nowhere(connector, Plan(), creates_schema=settings.create_schema)
    own = replace(away, stage=connector.stage, file_format=lambda: _in_common(connector.file_format(), job, settings))
    run = run_of(
        target,
        own,
        _of_worker(settings),
        lambda state: None,
        stop_signal=lambda: signals.number,
        committer=gathering,
        first_number=job.first_number,
    )
    (kept,) = gathered
    try:
        run.read(source)  # type: ignore[arg-type]
        _demand_version(job, source)
        return _receipt(target, job, source, run, kept)
    except BaseException:
        _remove(connector, kept.keys)
        raise


def _receipt(target: AnsweringTarget, job: Job, source: Input, run: Run, kept: Gathering) -> Receipt:
    receipt = Receipt(
        Source(job.source, source.version),
        job.place,
        job.work_list.hash if job.work_list else None,
        str(target.name),
        tuple(kept.rejects),
        {name: _schema_hash(one.schema_text, one.message.key_properties) for name, one in run.streams.items()},
        _one_load(run, kept, target),
    )
    if receipt.row_count > MAX_PART_ROWS:
        raise ConfigError(
            f"{job.source} has {receipt.row_count} rows, a part has {MAX_PART_ROWS} at most; cut it smaller",
            code="LOAD-RECEIPT",
        )
    return receipt


def _one_load(run: Run, kept: Gathering, target: AnsweringTarget) -> Load:
    """Return all loads as one; a table may come several times, in the order of its rows."""
    if not kept.loads:
        return Load("", None, (), kept.emitted, 0, "", "", target.plugin_version)
    return replace(
        kept.loads[-1],
        tables=tuple(table for load in kept.loads for table in load.tables),
        state=kept.emitted if kept.emitted is not None else kept.loads[-1].state,
    )


def _of_worker(settings: LoadSettings) -> LoadSettings:
    """Return the settings of the run: its files lie apart, where nothing sweeps, and it sends no SQL."""
    return structs.replace(
        settings,
        s3_key_prefix=parts_under(settings.s3_key_prefix),
        pre_run_sql=None,
        post_run_sql=None,
        sweep_after_hours=None,
    )


def _in_common(made: FileFormat, job: Job, settings: LoadSettings) -> FileFormat:
    """Return the format with a NULL marker that all workers have, if it has one: one COPY reads the files of all.

    A value that is the marker is refused, as always (STAGE-MARKER).
    """
    if not made.null:
        return made
    of_all = job.work_list.hash if job.work_list else settings.pipeline_id or ""
    return replace(made, null=f"@n{hashlib.sha256(of_all.encode()).hexdigest()[:16]}@".encode())


def _demand_version(job: Job, source: Input) -> None:
    if job.version is not None and job.version != source.version:
        raise BulkError(
            f"{job.source} is of version {source.version}, the work list expects {job.version}: it has changed; "
            "make a new work list",
            code="RUN-SOURCE",
        )


def _schema_hash(schema: bytes, keys: Any) -> str:
    return hashlib.sha256(schema + repr(keys).encode()).hexdigest()


def _remove(connector: Connector, keys: list[str]) -> None:
    try:
        if keys:
            connector.stage.remove(keys)
    except Exception as error:  # of whatever kind: the run has its own error already
        logger.warning("a staged file stays: %s", error)
