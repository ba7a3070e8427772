"""An error that nobody has foreseen becomes one of ours: it says where it came up, its traceback is for DEBUG."""

from __future__ import annotations

from singer_bulk.errors import BulkError, shown


def raise_unexpected(error: BaseException, place: str) -> None:
    """Raise an error that is neither ours nor a signal or an exit as one of ours, which says where it came up."""
    if isinstance(error, BulkError) or not isinstance(error, Exception):
        return
    if isinstance(error, MemoryError):
        raise BulkError(
            f"{place}: there is no memory left; give the process more, or lower max_memory, encoders and "
            "batch_size_bytes; what no STATE covers was not acknowledged",
            code="RUN-MEMORY",
        ) from error
    raise BulkError(
        f"{place}: {type(error).__name__}: {shown(' '.join(str(error).split()))}: nobody has foreseen this; "
        "what no STATE covers was not acknowledged; report it with the traceback that LOGLEVEL=DEBUG shows",
        code="RUN-UNEXPECTED",
    ) from error
