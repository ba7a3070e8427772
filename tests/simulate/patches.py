"""What our code takes from the system, made small or repeatable for as long as simulations run."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from singer_bulk import run
from singer_bulk.encode import workers
from singer_bulk.stage import s3
from singer_bulk.warehouse import copy, retries, scratch


class _Spread:
    """Stands for `random` where attempts are spread in time: virtual time is spread by the scheduler."""

    @staticmethod
    def uniform(least: float, most: float) -> float:
        """Return the middle."""
        return (least + most) / 2


class Ids:
    """Stands for `uuid` where a run takes its id: `following` is the next one."""

    following = ""

    @classmethod
    def uuid4(cls) -> Any:
        """Return it."""
        return SimpleNamespace(hex=cls.following)


@contextmanager
def simulated_system() -> Iterator[None]:
    """Parts of 40 bytes, blocks for threads from the first byte, two COPYs are many; no number of a process, no log."""
    replaced: list[tuple[Any, str, Any]] = [
        (s3, "PART_BYTES", 40),
        (workers, "LEAST_BYTES", 1),
        (copy, "FEW_COPIES", 2),
        (retries, "random", _Spread),
        (scratch, "os", SimpleNamespace(getpid=lambda: 1)),
        (run, "keep_freed_memory", lambda: None),
        (run, "uuid", Ids),
    ]
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    # What has been imported stays, and is many times what a simulation makes: the collector need not search it.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        with ExitStack() as stack:
            for module, name, value in replaced:
                stack.enter_context(mock.patch.object(module, name, value))
            yield
    finally:
        gc.enable()
        gc.unfreeze()
        gc.collect()
        logging.disable(disabled)
