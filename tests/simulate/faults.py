"""What strikes, where and how often: drawn from the seed, from numbers of its own.

A step is what a process asks of the world (a statement by its kind, a call to S3, a STATE on standard output), a fault
what may happen to it. Half of all seeds aim at one pair of the two, so that each pair is struck as often as any other;
the other half strikes anything.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import count

# Of statements. "cut": the connection is lost, before or after the effect; "open": it is lost, and the warehouse keeps
# the transaction; "late": it is lost, and the effect comes when it likes; "death": of the process.
STATEMENT = (
    "cut before", "cut after", "cut, left open", "conflict", "refused", "hang", "death before", "death after",
    "death, then effect",
)  # fmt: skip
COMMIT = (*STATEMENT, "late")
CONNECT = ("refused", "hang", "death before")
# Of calls to S3.
CALL = ("error", "cut before", "cut after", "hang", "expiry", "death before", "death after")
OUTPUT = ("death before", "death after")
INPUT = ("death before", "cut off", "clock jumps", "hang", "signal", "broken line", "cut off at a STATE")
# The warehouse leaves out a row, and says so to nobody who does not ask.
WRITERS = ("COPY", "COPY SCRATCH", "MERGE", "WRITE LEDGER")

STATEMENTS = (
    "CATALOG", "SCHEMA", "CREATE", "CREATE SCRATCH", "ALTER", "COMMENT", "DROP", "BEGIN", "LOCK", "ROWS", "COPY",
    "COPY SCRATCH", "LOOK", "CHOOSE", "MERGE", "LACKING", "INSERT", "UPDATE", "DELETE", "COUNT",
    "READ LEDGER", "WRITE LEDGER", "READ FENCE", "MAKE FENCE", "MOVE FENCE", "KEYS", "UNCHANGED", "ROLLBACK",
    "END TRANSACTION",
)  # fmt: skip
CALLS = ("put", "put manifest", "create", "part", "complete", "abort", "delete", "list")
PAIRS = tuple(
    [(step, fault) for step in STATEMENTS for fault in STATEMENT]
    + [(step, "row left out") for step in WRITERS]
    + [("COMMIT", fault) for fault in COMMIT]
    + [("CONNECT", fault) for fault in CONNECT]
    + [(step, fault) for step in CALLS for fault in CALL]
    + [("STATE", fault) for fault in OUTPUT]
    + [("READ", fault) for fault in INPUT]
)
_KINDS = {step: tuple(fault for other, fault in PAIRS if other == step) for step in dict(PAIRS)}
RATES = (0.0, 0.01, 0.03, 0.1)


def _numbers(seed: int) -> Callable[[], float]:
    return random.Random(f"faults {seed}").random  # a text, so that neighbouring seeds have nothing in common


def _aim(numbers: Callable[[], float]) -> tuple[str, str] | None:
    return PAIRS[int(numbers() * len(PAIRS))] if numbers() < 0.5 else None


def seeds_that_aim_at(pairs: Collection[tuple[str, str]], first: int = 0) -> Iterator[int]:
    """Yield seeds, those alone that aim at one of the pairs; all where there are none."""
    return (seed for seed in count(first) if not pairs or _aim(_numbers(seed)) in pairs)


@dataclass
class Faults:
    """The faults of one simulation. `skipped`: numbers of strikes that are left out, see `shrink.py`."""

    seed: int
    skipped: Collection[int] = ()
    struck: list[tuple[str, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    rests: bool = False

    def __post_init__(self) -> None:
        self._random = _numbers(self.seed)
        self._aim = _aim(self._random)
        self._left = int(self._random() * 4) if self._aim is None else 1 + int(self._random() * 2)
        self._pass_over = int(self._random() * self._random() * 12)
        self._rate = RATES[1 + int(self._random() * 3)]
        self._count = 0

    def at(self, step: str) -> str | None:
        """Return what strikes this step, if something does."""
        self.seen.add(step)
        if self.rests or not self._left:
            return None
        if self._aim is not None:
            if step != self._aim[0]:
                return None
            if self._pass_over:
                self._pass_over -= 1
                return None
            fault, self._aim = self._aim[1], None
        elif self._random() < self._rate:
            kinds = _KINDS[step]
            fault = kinds[int(self._random() * len(kinds))]
        else:
            return None
        self._left -= 1
        self._count += 1
        if self._count in self.skipped:
            return None
        self.struck.append((step, fault))
        return fault
