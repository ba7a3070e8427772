"""The part of docs/faults.md on whole pipelines, from the outcomes of the long form."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.faults.blows import RANDOM
from tests.faults.strikes import METHODS, RESUMES, TARGETS

Outcomes = Sequence[Mapping[str, Any]]

HEAD = """
## Whole pipelines

`tap | target` in a process group of its own, {strikes:,} of them; {met:,} were still running when the signal came. It \
goes to the tap alone, to the target alone or to the group, at each named step of a load, before and after the step \
took effect, and at random instants of the pipeline's life. Then the pipeline runs once more, from the last STATE on \
standard output or from `--last-state`, a full load from its beginning. A full load finds tables with as many rows as \
it brings.

Each cell: **strikes that met it / rows lost / rows doubled / tables replaced by a part**. Lost and doubled count rows \
of both streams in the end, against an undisturbed pipeline. Rows doubled because kill -9 came between a COMMIT and \
its STATE, with a resume from standard output, are the documented gap; they have a column of their own further down.

The taps: *plain* writes a line and a flush for each message and handles no signal, in a full load with one STATE at \
its end or with STATEs between; *sdk* is made with the Singer SDK, whose handler of SIGTERM and SIGINT writes a STATE \
and ends with status 0; *singer-python* names the stream that it is reading in its STATE; *csv* is tap-csv-extract.
"""

RACE = """
### Two runs of one pipeline at once

Both runs have begun before either of them loads; they have the same `pipeline_id` and the same input. Moved on: \
targets that ended with the error that names the load of the other one.

| warehouse | load_method | pairs | rows lost | rows doubled | ended well | moved on | ended otherwise |
|---|---|---|---|---|---|---|---|
"""


def pipelines_page(strikes: Outcomes, races: Outcomes) -> str:
    """Return the part; nothing if there are no outcomes."""
    if not strikes:
        return ""
    met = [one for one in strikes if one["met"]]
    parts = [HEAD.format(strikes=len(strikes), met=len(met))]
    for warehouse in TARGETS:
        parts.append(_cells(warehouse, [one for one in met if one["warehouse"] == warehouse]))
    return "".join([*parts, _by_tap(met), _statuses(met), _races(races)])


def _blow(one: Mapping[str, Any]) -> str:
    when = RANDOM if one["step"] == RANDOM else "a named step"
    return f"{_named(one)}, {when}"


def _named(one: Mapping[str, Any]) -> str:
    return f"{one['blow']['signal']} to the {one['blow']['receiver']}"


def _cells(warehouse: str, outcomes: Outcomes) -> str:
    columns = [(method, resume) for method in METHODS for resume in RESUMES]
    lines = [f"\n### {warehouse.title()}\n\n| blow | " + " | ".join(f"{m}, {r}" for m, r in columns) + " |"]
    lines.append("|---" * (len(columns) + 1) + "|")
    rows: dict[str, dict[tuple[str, str], Counter[str]]] = {}
    for one in outcomes:
        cell = rows.setdefault(_blow(one), {}).setdefault((one["method"], one["resume"]), Counter())
        cell.update({"strikes": 1, **{figure: one[figure] for figure in ("lost", "doubled", "parts")}})
    for blow, row in rows.items():
        shown = (_shown(row.get(column), ("strikes", "lost", "doubled", "parts")) for column in columns)
        lines.append(f"| {blow} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def _shown(cell: Counter[str] | None, figures: Sequence[str]) -> str:
    return "" if cell is None else " / ".join(f"{cell[figure]:,}" for figure in figures)


def _grouped(outcomes: Outcomes, key: Callable[[Mapping[str, Any]], str]) -> dict[str, list[Mapping[str, Any]]]:
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in outcomes:
        groups.setdefault(key(one), []).append(one)
    return groups


def _by_tap(outcomes: Outcomes) -> str:
    columns = ("tap", "strikes", "rows lost", "rows doubled", "in the gap", "tables replaced by a part", "refused")
    lines = [f"\n### By tap\n\n| {' | '.join(columns)} |\n" + "|---" * len(columns) + "|\n"]
    for tap, ones in _grouped(outcomes, lambda one: str(one["tap"])).items():
        sums = [sum(one[figure] for one in ones) for figure in ("lost", "doubled", "gap", "parts")]
        refused = sum(bool(one["refused"]) for one in ones)
        lines.append(f"| {tap} | {len(ones):,} | " + " | ".join(map(str, [*sums, refused])) + " |\n")
    return "".join(lines) + "\nRefused: the run that followed did not end well.\n"


def _statuses(outcomes: Outcomes) -> str:
    head = "\n### Exit status of the target\n\n| blow | status: how often |\n|---|---|\n"
    lines = []
    for blow, ones in _grouped(outcomes, _named).items():
        counts = Counter(one["status"] for one in ones).most_common()
        lines.append(f"| {blow} | " + ", ".join(f"{status}: {count}" for status, count in counts) + " |\n")
    return head + "".join(lines)


def _races(outcomes: Outcomes) -> str:
    lines = []
    for pair, ones in _grouped(outcomes, lambda one: f"{one['warehouse']} | {one['method']}").items():
        sums = [sum(one[figure] for one in ones) for figure in ("lost", "doubled", "well", "fenced")]
        others = sum(bool(one["error"]) for one in ones)
        lines.append(f"| {pair} | {len(ones)} | " + " | ".join(map(str, [*sums, others])) + " |\n")
    return RACE + "".join(lines) if lines else ""
