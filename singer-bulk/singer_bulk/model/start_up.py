"""How a command starts: its imports, which are what a short run costs, with as little besides as can be."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from singer_bulk.model.block_memory import collector_paused

# What joblib, which the Singer SDK imports, works without where it is not installed: the targets call nothing of it.
UNUSED = ("numpy", "psutil")


@contextmanager
def imports() -> Iterator[None]:
    """Import in this block what the command is made of; the cycle collector takes it as there to stay.

    It would search all modules again and again while more of them come, also those of S3 and of the driver behind the
    block: a seventh of what a run of one record costs (`python -m bench.start`). Encoder processes share more memory.
    """
    with collector_paused(), hidden(UNUSED):
        yield
    gc.freeze()


@contextmanager
def hidden(names: Sequence[str]) -> Iterator[None]:
    """Let packages that nothing has imported yet look as if they were not installed."""
    new = {name: None for name in names if name not in sys.modules}
    sys.modules.update(new)  # type: ignore[arg-type]  # None: "not installed", by the documentation of sys.modules
    try:
        yield
    finally:
        for name in new:
            del sys.modules[name]
