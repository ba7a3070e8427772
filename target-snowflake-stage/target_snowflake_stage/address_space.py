"""Has the process the address space that the connector needs to start?

The connector 5.x starts a thread for each core as it is imported. Where `ulimit -v` leaves too little for them it hangs
without a word, or aborts; nothing in Python can end that, so it is asked before.
"""

from __future__ import annotations

import os
from contextlib import suppress

from singer_bulk.errors import BulkError

# Measured with 5.2 on two cores: with 43 MB and more the import and a login came to an end, with 35 to 39 MB the import
# hung, aborted or failed. The rest is reserve: a thread takes 2 MB for its stack, and memory of its own.
NEEDED_BYTES, THREAD_BYTES = 64 << 20, 8 << 20


def demand_address_space() -> None:
    """Raise BulkError where the limit of the process is too low; without a limit, or off Linux, nothing is asked."""
    with suppress(ImportError, OSError):  # Windows has no such module, macOS no such file
        import resource

        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            with open("/proc/self/statm", "rb") as file:
                used = int(file.read().split()[0]) * resource.getpagesize()
            demand_room(limit - used, os.cpu_count() or 1)


def demand_room(room_bytes: int, cores: int) -> None:
    """Raise BulkError where so many bytes are too few for the connector on a machine of so many cores."""
    needed = NEEDED_BYTES + cores * THREAD_BYTES
    if room_bytes < needed:
        raise BulkError(
            f"ulimit -v leaves this process {max(room_bytes, 0) >> 20} MB of address space, and on {cores} cores the "
            f"Snowflake connector needs {needed >> 20} MB to start, without which it may hang; raise the limit, or set "
            "none",
            code="RUN-MEMORY",
        )
