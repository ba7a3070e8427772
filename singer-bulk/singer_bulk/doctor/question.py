"""`--doctor`: the steps of the target, shown as they come; the status is 1 where one of them has failed."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click

from singer_bulk.face.questions import Asked, Question
from singer_bulk.model.runtime import STANDARD, Runtime
from singer_bulk.signals import signals


def answer(asked: Asked, runtime: Runtime = STANDARD) -> None:
    """Run the steps of the target, and show them; exits with 1 where one failed, with 128 + n behind signal n."""
    from singer_bulk.doctor.shown import Shown, as_json, ending

    is_json = asked.others.get("about_format") == "json"
    target, results = asked.target, []
    shown = None if is_json else Shown()
    if shown is not None:
        shown.title(f"{target.name} {target.plugin_version}: is this configuration right?")
    for result in examined(asked, runtime):
        results.append(result)
        if shown is not None:
            shown.result(result)
    if shown is None:
        click.echo(as_json(target.name, target.plugin_version, results))
    else:
        shown.end(ending(results, target.name))
    if signals.number is not None:
        sys.exit(128 + signals.number)
    if any(result.outcome.name in ("FAILED", "SKIPPED") for result in results):
        sys.exit(1)


def examined(asked: Asked, runtime: Runtime = STANDARD) -> Iterator[Any]:
    """Yield what comes of each step; whatever comes, what was made is removed."""
    from singer_bulk.doctor.ground import Ground
    from singer_bulk.doctor.runner import Runner
    from singer_bulk.doctor.settings import examine
    from singer_bulk.doctor.warehouse import CLEAN
    from singer_bulk.settings.secrets import masks

    with _kept_notes() as notes:
        own = asked.target.of_doctor()
        found = examine(asked, own.sign_in, own.of_copy, own.placeholders)
        ground = Ground(found, own, runtime)
        runner = Runner(masks.masked, runtime.monotonic, lambda: signals.number is not None, notes.taken, found.blocked)
        ground.outcomes = runner.outcomes
        try:
            yield from runner.results(own.steps, ground)
        finally:
            cleaned = [*Runner(masks.masked, runtime.monotonic, notes=notes.taken).results([CLEAN], ground)]
            ground.close()
        yield from cleaned


class _Notes(logging.Handler):
    """Keeps what is logged as a WARNING or worse, as notes of the step that is tried."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._kept: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        if ": attempt " not in text:  # of a request that the step tells of anyway
            self._kept.append(text)

    def taken(self) -> list[str]:
        """Return what was kept since this was last asked."""
        kept, self._kept = self._kept, []
        return kept


@contextmanager
def _kept_notes() -> Iterator[_Notes]:
    """Keep what is logged out of the listing's way; DEBUG, where it is asked for, goes where it always goes."""
    root, notes = logging.getLogger(), _Notes()
    quiet = [handler for handler in root.handlers if root.level > logging.DEBUG]

    def nothing(record: logging.LogRecord) -> bool:
        return False

    for handler in quiet:
        handler.addFilter(nothing)
    root.addHandler(notes)
    try:
        yield notes
    finally:
        root.removeHandler(notes)
        for handler in quiet:
            handler.removeFilter(nothing)


def _declared(text: str) -> Mapping[str, Any]:
    return {"is_flag": True, "help": text}


DOCTOR = Question(
    "--doctor",
    answer,
    _declared(
        "Try, step by step, all that a load needs of this configuration; say what is missing, and what grants it. "
        "Loads nothing. --format json for machines."
    ),
    of_any=True,
)
