"""Is it time to close and stage a batch's files? The clock is passed in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FlushPolicy:
    """The limits of a batch. Reaching one closes and stages files; the load itself ends at a STATE."""

    batch_size_rows: int
    batch_size_bytes: int  # of rows as written, before compression
    batch_wait_seconds: float

    def is_full(self, row_count: int, byte_count: int) -> bool:
        """Return whether a batch of this size must be closed."""
        return row_count >= self.batch_size_rows or byte_count >= self.batch_size_bytes

    def is_old(self, age_seconds: float) -> bool:
        """Return whether rows that have waited this long must be loaded."""
        return age_seconds >= self.batch_wait_seconds
