"""What the two targets share: the singer-sdk face, its reader, logging and exit status.

The SDK gives settings, `--about`, `--version`, `--config` and stream maps. Its reader class is ours and owns the
loop, so that a record never meets the SDK's Sink; where stream maps or flattening are configured, records take the
SDK's mapper and then the same path.

Exit status: 0 when everything is loaded; 1 for an error a person can act on; 2 for wrong usage; 128 + n after signal n.
"""

from __future__ import annotations

import io
import logging
import sys
from collections import Counter
from typing import IO, Any, NoReturn

from singer_bulk.assembly import run_of
from singer_bulk.doctor.migrate import MIGRATE_CONFIG
from singer_bulk.doctor.question import DOCTOR
from singer_bulk.doctor.setup import SETUP_SQL
from singer_bulk.dry_run.question import DRY_RUN
from singer_bulk.encode.documents import MAX_DEPTH
from singer_bulk.errors import BulkError, Interrupted
from singer_bulk.errors.unexpected import raise_unexpected
from singer_bulk.face.listening import listening
from singer_bulk.face.questions import OF_THE_LEDGER, AnsweringTarget
from singer_bulk.face.reader import LoadReader
from singer_bulk.face.state_output import emit_state
from singer_bulk.maps.stream_maps import settings_of_maps
from singer_bulk.receipts.question import OF_MANY_MACHINES
from singer_bulk.replay.question import OF_WHAT_WAS_STAGED
from singer_bulk.report.ending import failure_of, last_lines
from singer_bulk.self_test.question import SELF_TEST
from singer_bulk.settings.secrets import keep_libraries_quiet, masks
from singer_bulk.settings.texts import refuse_texts
from singer_bulk.signals import signals


class BulkTarget(AnsweringTarget):
    """A target whose records are loaded by `singer_bulk.run`; a connector says how to reach its warehouse."""

    message_reader_class = LoadReader
    questions = (
        *OF_THE_LEDGER,
        DRY_RUN,
        *OF_WHAT_WAS_STAGED,
        SELF_TEST,
        DOCTOR,
        SETUP_SQL,
        MIGRATE_CONFIG,
        *OF_MANY_MACHINES,
    )

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        assert isinstance(self.message_reader, LoadReader)
        self.message_reader.load = self._load
        refuse_texts(self.config)

    def setup_mapper(self) -> None:
        """Make the SDK's mapper; raises ConfigError for maps that it does not take."""
        with settings_of_maps():
            super().setup_mapper()

    def _load(self, source: IO[Any]) -> Counter[str]:
        settings = self.load_settings()
        connector = self.connector()
        with listening(self, connector, settings) as watch:
            run = run_of(self, connector, settings, emit_state, stop_signal=lambda: signals.number, watch=watch)
            return run.read(source)


def main(target: type[BulkTarget]) -> NoReturn:
    """Run the command line of a target and exit."""
    # Before Python 3.12 a decoder in C counts against it: documents of MAX_DEPTH levels, and the stack they stand on.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 2 * MAX_DEPTH + 1000))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            encoding="utf-8", newline="\n"
        )  # whatever PYTHONIOENCODING says: a STATE comes out behind its COMMIT
    logger = logging.getLogger(target.name)
    try:
        try:
            signals.watch()
            command = target.cli  # which sets logging up
            masks.install()
            keep_libraries_quiet()
            command.main(standalone_mode=True)
        except Exception as error:
            raise_unexpected(error, str(target.name))
            raise
    except BulkError as error:
        for line in last_lines(failure_of(error)):
            logger.error("%s", line)
        logger.debug("where it came up", exc_info=True)
        sys.exit(128 + error.signal_number if isinstance(error, Interrupted) else 1)
    sys.exit(0)
