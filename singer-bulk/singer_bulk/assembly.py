"""A run is put together: what the face knows of the settings, what a connector brings, and what is done otherwise.

A command that loads, and those that load without a tap or a warehouse (`dry_run`, `replay`, `self_test`), make their
run here, so that each of them is the run that a user has.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from singer_bulk.face.connector import Connector
from singer_bulk.face.questions import AnsweringTarget
from singer_bulk.maps.intake import Intake, mapper_of
from singer_bulk.model.runtime import STANDARD, Runtime
from singer_bulk.run import Run
from singer_bulk.settings.loads import LoadSettings


@contextmanager
def quiet(*names: str) -> Iterator[None]:
    """Let nothing be logged but errors, by the library and the loggers that are named: what would be told of loads is
    told otherwise, or there are none."""
    loggers = [logging.getLogger(name) for name in ("singer_bulk", *names)]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def run_of(
    target: AnsweringTarget,
    connector: Connector,
    settings: LoadSettings,
    emit: Callable[[str], None],
    *,
    runtime: Runtime = STANDARD,
    maps: bool = True,
    **seams: Any,
) -> Run:
    """Return the run of a target over what its connector, or another one, reaches; `seams` are those of `Run`.

    maps: whether the input is what a tap sends; records that were rejected have gone through the maps already.
    """
    maps_streams = target.config.get("stream_maps") or target.config.get("flattening_enabled")
    mapper = mapper_of(settings, target.mapper if maps_streams else None) if maps else None
    return Run(
        warehouse=connector.warehouse,
        stage=connector.stage,
        file_format=connector.file_format,
        settings=settings,
        intake=Intake(settings, mapper),
        emit=emit,
        runtime=runtime,
        layout=connector.layout,
        connector_version=target.plugin_version,
        mapped=target.config.get("stream_maps", ()) if maps else (),
        **seams,
    )
