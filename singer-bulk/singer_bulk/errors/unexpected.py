"""An error that nobody has foreseen becomes one of ours: it says where it came up, its traceback is for DEBUG."""

from __future__ import annotations

import errno
import re

from singer_bulk.errors import BulkError, shown

# What the loader of libraries, threads and processes say where they get no memory: they raise no MemoryError.
_NO_MEMORY = re.compile(
    "cannot allocate memory|failed to map segment|cannot map zero-fill pages|can't (?:start|create) new thread",
    re.IGNORECASE,
)


def raise_unexpected(error: BaseException, place: str, *, hides: bool = False) -> None:
    """Raise an error that is neither ours nor a signal or an exit as one of ours, which says where it came up.

    hides: what it says may hold a value that is masked, so its kind alone is told, and no traceback.
    """
    if isinstance(error, BulkError) or not isinstance(error, Exception):
        return
    if _is_of_memory(error):
        raise BulkError(
            f"{place}: there is no memory left; give the process more, or lower max_memory, encoders and "
            "batch_size_bytes; what no STATE covers was not acknowledged",
            code="RUN-MEMORY",
        ) from error
    said = "what it says is not shown, because values are masked" if hides else shown(" ".join(str(error).split()))
    raise BulkError(
        f"{place}: {type(error).__name__}: {said}: nobody has foreseen this; "
        "what no STATE covers was not acknowledged; report it with the traceback that LOGLEVEL=DEBUG shows",
        code="RUN-UNEXPECTED",
    ) from (None if hides else error)


def _is_of_memory(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.ENOMEM
    return isinstance(error, MemoryError) or (
        isinstance(error, ImportError | RuntimeError) and _NO_MEMORY.search(str(error)) is not None
    )
