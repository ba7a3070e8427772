"""`--dry-run`: the run over a warehouse and a stage that are nowhere, and what it has shown.

Records that a run would refuse are set aside, so that all of them are found. What ends the run before the end of its
input ends this one too, and is told with all that was found until then.
"""

from __future__ import annotations

import json
import sys
from functools import partial
from typing import IO, Any

import click
from msgspec import structs

from singer_bulk.assembly import quiet, run_of
from singer_bulk.dry_run.nowhere import nowhere
from singer_bulk.dry_run.plan import Plan
from singer_bulk.dry_run.refused import Refused
from singer_bulk.dry_run.report import report_of
from singer_bulk.dry_run.screen import screen
from singer_bulk.errors import BulkError
from singer_bulk.face.questions import AnsweringTarget, Asked
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.signals import signals


def dry_run(asked: Asked) -> None:
    """Print what a run would do; the exit status is 1 where it would end with an error."""
    report = planned(asked.opened(), asked.others.get("file_input") or sys.stdin)
    if asked.others.get("about_format") == "json":
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        click.echo(screen(report), nl=False)
    if report["ends"] is not None or report["refused"]["ends_the_run"]:
        raise click.exceptions.Exit(1)


def planned(target: AnsweringTarget, source: IO[Any]) -> dict[str, Any]:
    """Return what a run of the target over the source would do."""
    settings, plan, made = target.load_settings(), Plan(), target.planned()
    connector = nowhere(made, plan, creates_schema=settings.create_schema)
    refused: list[Refused] = []

    def rejects(*arguments: Any) -> Refused:
        refused.append(Refused(*arguments))
        return refused[-1]

    run = run_of(
        target, connector, _taking_all(settings), plan.emit, rejects=rejects, stop_signal=lambda: signals.number
    )
    refused[0].stream_of = run.streams.get
    ended: BulkError | None = None
    try:
        with quiet():
            run.read(source)
    except BulkError as error:
        ended = error
    return report_of(plan, run.streams, refused[0], settings, made.warehouse.dialect, run.counts, ended)


def _taking_all(settings: LoadSettings) -> LoadSettings:
    """Return the settings with which each record that is refused is set aside."""
    setting_aside = partial(structs.replace, on_invalid_record="reject")
    streams = {name: setting_aside(own) for name, own in (settings.stream_settings or {}).items()}
    return setting_aside(settings, stream_settings=streams or None)
