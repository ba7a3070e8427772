"""docs/faults.md, from the outcomes of the long form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.faults.pipelines_page import pipelines_page
from tests.faults.strikes import METHODS, RESUMES, TARGETS

HEAD = """# Faults x moments

Measured by killing, cutting off and refusing real processes on the stand-ins: `make faults` (tests/faults/), \
{strikes:,} strikes in this run. A feed of two interleaved streams, with a STATE that covers both, runs into the fault \
and is resumed, from the last STATE on standard output or from `--last-state`. Random instants are spread evenly over \
the life of a run, whose process is forked with all imports done; the feed has new keys and repeated ones. A complete \
run has 200 of them for each warehouse, and 50 pairs of pipelines of each kind; fewer are a run that was ended early.

Each cell: **strikes / ended well / rows lost / rows doubled / torn**. Ended well: without a resume, after a lost \
connection or a fault of S3 by trying again, before a kill because the run was over already. Lost and doubled count \
rows of both streams at the end, against an undisturbed run; a row with another value would count as both. Torn: right \
after the fault the tables stood at no STATE, the two streams stood at different ones, or behind one that had come out.

A conflict is Redshift's 1023, a serializable isolation violation, or Snowflake's 000625, a lock waited for too long. \
Tokens are those of Snowflake: that of a session, which the connector renews, and that of the login, after which the \
target logs in again. A file in parts has more than 8 MiB; each of the calls that send it is struck. The COPYs of four \
small streams run side by side on Snowflake, and their turns go in one call; each of these statements is struck, and \
each INSERT behind them.

With append-only, a resume from standard output doubles the rows of a load whose COMMIT worked and whose STATE did not \
come out; `--last-state` closes that gap.
"""

AT_ONCE = """
## Two pipelines at once

Each pair loads the feeds of two pipelines at the same moment into a schema that is not there yet; with append-only \
into the same table other keys, with upsert the same keys. Failed: targets that ended with an error.

| warehouse | load_method | tables | pairs | rows lost | rows doubled | failed | retries |
|---|---|---|---|---|---|---|---|
"""

READER = """
## A reader beside full loads

Full loads of two lengths replace a table in turn while a reader counts its rows in a loop.

| warehouse | full loads | reads | counts that were seen | counts of the full loads |
|---|---|---|---|---|
"""

FIGURES = ("survived", "lost", "doubled", "torn")


def page(outcomes: Iterable[Mapping[str, Any]]) -> str:
    """Return the page."""
    kinds: dict[str, list[Mapping[str, Any]]] = {kind: [] for kind in ("strike", "pair", "reader", "pipeline", "race")}
    for outcome in outcomes:
        kinds[outcome["kind"]].append(outcome)
    tables = [_strikes(warehouse, kinds["strike"]) for warehouse in TARGETS]
    head = HEAD.format(strikes=len(kinds["strike"]))
    whole = pipelines_page(kinds["pipeline"], kinds["race"])
    return head + "".join(tables) + whole + AT_ONCE + _pairs(kinds["pair"]) + READER + _readers(kinds["reader"])


def _strikes(warehouse: str, outcomes: Sequence[Mapping[str, Any]]) -> str:
    cells: dict[str, dict[tuple[str, str], Counter[str]]] = {}
    for one in outcomes:
        if one["warehouse"] == warehouse:
            cell = cells.setdefault(one["cell"], {}).setdefault((one["method"], one["resume"]), Counter())
            cell.update({"strikes": 1, **{figure: int(one[figure]) for figure in FIGURES}})
    columns = [(method, resume) for method in METHODS for resume in RESUMES]
    lines = [f"\n## {warehouse.title()}\n\n| fault | " + " | ".join(f"{m}, {r}" for m, r in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    for fault, row in cells.items():
        shown = (_shown(row.get(column)) for column in columns)
        lines.append(f"| {fault} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def _shown(cell: Counter[str] | None) -> str:
    return "" if cell is None else " / ".join(str(cell[figure]) for figure in ("strikes", *FIGURES))


def _pairs(outcomes: Sequence[Mapping[str, Any]]) -> str:
    cells: dict[tuple[str, str, bool], Counter[str]] = {}
    for one in outcomes:
        cell = cells.setdefault((one["warehouse"], one["method"], one["same_table"]), Counter())
        cell.update({"pairs": 1, **{figure: one[figure] for figure in ("lost", "doubled", "failed", "retries")}})
    return "".join(
        f"| {warehouse} | {method} | {'the same' if same else 'their own'} | {cell['pairs']} | {cell['lost']} | "
        f"{cell['doubled']} | {cell['failed']} | {cell['retries']} |\n"
        for (warehouse, method, same), cell in cells.items()
    )


def _readers(outcomes: Sequence[Mapping[str, Any]]) -> str:
    return "".join(
        f"| {one['warehouse']} | {one['loads']} | {one['reads']:,} | {', '.join(map(str, one['counts']))} | "
        f"{', '.join(map(str, one['allowed']))} |\n"
        for one in outcomes
    )
