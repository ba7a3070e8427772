"""STATEs on standard output, where whoever resumes the tap keeps them."""

from __future__ import annotations

import os
import sys

from singer_bulk.errors import BulkError


def emit_state(state: str) -> None:
    """Write a STATE's value to standard output, and nothing else ever."""
    try:
        sys.stdout.write(state + "\n")
        sys.stdout.flush()
    except OSError as error:
        # What waits in the buffer would be written once more at exit, and fail once more, without a word of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise BulkError(
            f"standard output takes no STATE ({error.strerror}); all before it is committed; "
            "with a pipeline_id the ledger has this STATE: --last-state prints it",
            code="RUN-OUTPUT",
        ) from error
