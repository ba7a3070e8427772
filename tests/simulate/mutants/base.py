"""What a broken double is: a switch that replaces functions of ours in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest import mock

Replacement = tuple[Any, str, Any]


@dataclass(frozen=True)
class Mutant:
    """A broken double. invariant: its number in docs/invariants.md; made: what is replaced, by what.

    aims: pairs of (step, fault) without which it does no harm; seeds that aim at them find it sooner.
    """

    name: str
    invariant: int
    made: Callable[[], Iterable[Replacement]]
    aims: frozenset[tuple[str, str]] = frozenset()

    @contextmanager
    def switched_on(self) -> Iterator[None]:
        """Replace the functions for as long as the context lasts."""
        with ExitStack() as stack:
            for where, name, new in self.made():
                stack.enter_context(mock.patch.object(where, name, new))
            yield


MUTANTS: list[Mutant] = []
INSIDE = ("MOVE FENCE", "MERGE", "COPY", "WRITE LEDGER", "UNCHANGED")  # steps of a transaction
REFUSED = tuple((step, fault) for step in INSIDE for fault in ("refused", "conflict"))
LOST = tuple((step, fault) for step in INSIDE for fault in ("cut before", "cut after", "cut, left open"))
UNANSWERED = tuple(("COMMIT", fault) for fault in ("cut after", "late"))
ENDED = (("READ", "broken line"), ("READ", "signal"))  # what ends a run from the side of its input


def mutant(invariant: int, name: str, *aims: tuple[str, str]) -> Callable[[Callable[[], Iterable[Replacement]]], None]:
    """Register what a function returns as the replacements of a broken double."""

    def register(made: Callable[[], Iterable[Replacement]]) -> None:
        MUTANTS.append(Mutant(name, invariant, made, frozenset(aims)))

    return register


def nothing(*arguments: Any, **named: Any) -> None:
    """Do nothing."""


def before(function: Callable[..., Any], first: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that calls `first` with the same arguments before."""

    def both(*arguments: Any, **named: Any) -> Any:
        first(*arguments, **named)
        return function(*arguments, **named)

    return both
