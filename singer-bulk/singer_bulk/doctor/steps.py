"""What is a step of the doctor, and what comes of one? Pure data: `runner.py` goes through tables of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

Ground = TypeVar("Ground")
# What everything that the doctor makes is called; no stream's name becomes it by chance.
PROBE = "singer_doctor"


class Outcome(Enum):
    """What came of a step, in the word that is shown."""

    OK = "ok"
    FAILED = "FAILED"
    SKIPPED = "-"  # not tried, and why
    NOT_NEEDED = "n/a"  # nothing of this configuration asks for it


class Part(Enum):
    """Which settings a step stands on: where one of them is wrong, it is not tried."""

    NOTHING = "nothing"
    BUCKET = "the bucket"
    WAREHOUSE = "the warehouse"
    ALL = "bucket and warehouse"


@dataclass(frozen=True)
class Trouble(Exception):
    """What a step has found wrong. remedy: what to do, as a sentence; statements: what to run or to add, literally."""

    found: str
    remedy: str = ""
    statements: tuple[str, ...] = ()
    code: str = ""


class NotNeeded(Exception):
    """Nothing asks for what the step tries; its text says why."""


class NotTried(Exception):
    """The step cannot be tried here; its text says why."""


@dataclass(frozen=True)
class Step(Generic[Ground]):
    """One thing that is tried. name: its word in the listing; needs: steps that must have gone well before.

    run: returns what was found, in a few words. Raises Trouble or BulkError where it is not as a load needs it,
    NotNeeded, or NotTried. tries: what it does, for documents. page: where it is explained.
    """

    name: str
    tries: str
    run: Callable[[Ground], str]
    needs: tuple[str, ...] = ()
    part: Part = Part.NOTHING
    page: str = "docs/doctor.md"


@dataclass(frozen=True)
class Result:
    """What came of a step, with nothing secret in it."""

    name: str
    tried: str
    outcome: Outcome
    found: str
    remedy: str = ""
    statements: tuple[str, ...] = ()
    page: str = ""
    code: str = ""
    notes: tuple[str, ...] = ()  # what was logged as a WARNING meanwhile
    seconds: float = 0.0
