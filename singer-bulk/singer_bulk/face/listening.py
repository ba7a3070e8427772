"""Who listens to the run of a target, as its settings and its command line say."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager

from singer_bulk.face.connector import Connector
from singer_bulk.face.metrics import Metrics
from singer_bulk.face.questions import AnsweringTarget
from singer_bulk.model.facts import Watch
from singer_bulk.model.runtime import STANDARD
from singer_bulk.report.watching import Listeners, watching
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.secrets import masks, resolved


def listening(target: AnsweringTarget, connector: Connector, settings: LoadSettings) -> AbstractContextManager[Watch]:
    """Listen to the run in the block."""
    listeners = Listeners(
        str(target.name),
        target.plugin_version,
        connector.namespace,
        connector.database,
        settings.run_report,
        resolved(settings).on_failure,
        progress=settings.progress and not target.is_quiet,
        hides=any(one.mask for one in settings.anywhere),
        masked=masks.masked,
        level_is_set=any(name.endswith("LOGLEVEL") for name in os.environ),
    )
    return watching(listeners, STANDARD, connector.warehouse.times, connector.stage.put_in, Metrics().tell)
