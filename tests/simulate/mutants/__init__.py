"""Broken doubles of our code: what the simulator has to find.

Every invariant of docs/invariants.md that the order of events may break has some, and so has every fault of a load, a
transaction, the commit thread or the stage that was ever mended: its fix is taken back.
"""

from __future__ import annotations

from tests.simulate.mutants import commits, files, rows, states
from tests.simulate.mutants.base import MUTANTS, Mutant

__all__ = ["MUTANTS", "Mutant", "commits", "files", "rows", "states"]
