"""The listing of the doctor: for people in 80 columns, step by step, and for machines as one JSON document."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from singer_bulk.doctor.runner import counted
from singer_bulk.doctor.steps import Outcome, Result

WIDTH = 80
_INDENT = " " * 20
_STYLES = {Outcome.OK: "green", Outcome.FAILED: "bold red", Outcome.SKIPPED: "yellow", Outcome.NOT_NEEDED: "dim"}
# What is wrapped keeps its words whole: a statement is copied as it stands.
_WRAP: dict[str, Any] = {"width": WIDTH, "break_long_words": False, "break_on_hyphens": False}


def lines_of(result: Result) -> list[str]:
    """Return what is shown of a step: outcome and name, what was found, what to do, and what to run or to add."""
    begin = f"{result.outcome.value:<7} {result.name:<12}"
    lines = textwrap.wrap(result.found or "-", initial_indent=begin, subsequent_indent=_INDENT, **_WRAP)
    for note in result.notes:
        lines += textwrap.wrap(f"note: {note}", initial_indent=_INDENT, subsequent_indent=_INDENT, **_WRAP)
    if result.outcome is not Outcome.FAILED:
        return lines
    if result.remedy:
        lines += textwrap.wrap(f"do: {_in_words(result)}", initial_indent=_INDENT, subsequent_indent=_INDENT, **_WRAP)
    if result.statements:
        lines += ["", *(line for statement in result.statements for line in _block(statement)), ""]
    code = f" [{result.code}]" if result.code else ""
    return [*lines, f"{_INDENT}see: {result.page}{code}"]


def _in_words(result: Result) -> str:
    """Return the remedy; where it says no more than what is to be run, that is not shown twice."""
    return "run" if result.remedy == f"run {'; '.join(result.statements)}" else result.remedy


def _block(statement: str) -> list[str]:
    """Return a statement to be copied: a document as it is, SQL over as many lines as it needs."""
    if statement.startswith("{"):
        return [f"    {line}" for line in statement.splitlines()]
    return textwrap.wrap(f"{statement};", initial_indent="    ", subsequent_indent="      ", **_WRAP)


def ending(results: Sequence[Result], command: str) -> list[str]:
    """Return the last lines: how many steps had which outcome, and what comes next."""
    found = counted(results)
    words = {Outcome.OK: "ok", Outcome.FAILED: "failed", Outcome.SKIPPED: "not tried", Outcome.NOT_NEEDED: "not needed"}
    counts = ", ".join(f"{found[outcome]} {word}" for outcome, word in words.items() if found[outcome])
    if not found[Outcome.FAILED] and not found[Outcome.SKIPPED]:
        return ["", f"{counts}: {command} can load with this configuration"]
    first = next((one.name for one in results if one.outcome is Outcome.FAILED), None)
    mend = f": mend {first!r} first, then ask again" if first else ": stopped before its end"
    return ["", f"{counts}{mend}"]


class Shown:
    """Writes the listing as it comes, in colours where it is a terminal that has them."""

    def __init__(self) -> None:
        from rich.console import Console  # takes a fifth of a second, which no run has to pay

        self._console = Console(highlight=False, markup=False, soft_wrap=True)

    def title(self, text: str) -> None:
        """Write the first line."""
        self._console.print(text, style="bold")
        self._console.print()

    def result(self, result: Result) -> None:
        """Write one step."""
        from rich.text import Text

        first, *rest = lines_of(result)
        line = Text(first)
        line.stylize(_STYLES[result.outcome], 0, len(result.outcome.value))
        self._console.print(line)
        for one in rest:
            self._console.print(Text(one))

    def end(self, lines: Iterable[str]) -> None:
        """Write the last lines."""
        for one in lines:
            self._console.print(one)


def as_json(command: str, version: str, results: Sequence[Result]) -> str:
    """Return one JSON document: the steps in their order, and whether all is well."""
    found = counted(results)
    document = {
        "command": command,
        "version": version,
        "ok": not found[Outcome.FAILED] and not found[Outcome.SKIPPED],
        "counts": {outcome.name.lower(): count for outcome, count in found.items()},
        "steps": [
            {
                "step": one.name,
                "tried": one.tried,
                "outcome": one.outcome.name.lower(),
                "found": one.found,
                "remedy": one.remedy,
                "statements": list(one.statements),
                "page": one.page,
                "code": one.code,
                "notes": list(one.notes),
                "seconds": round(one.seconds, 3),
            }
            for one in results
        ],
    }
    return json.dumps(document, indent=2)
