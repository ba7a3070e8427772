"""A misconfiguration is tried: run, read what is said, do it, run again."""

from __future__ import annotations

from dataclasses import dataclass

from tests.first_day.cases import Case, orders, variables_of_loader
from tests.first_day.place import Place, ran


@dataclass(frozen=True)
class Grade:
    """A: cause and remedy are said, once, and the remedy works. Anything else says why not."""

    case: Case
    warehouse: str
    said: str
    why_not: str | None

    def __str__(self) -> str:
        return f"{self.case.row:>2} {self.warehouse:<9} {'A' if self.why_not is None else 'no A: ' + self.why_not}"


def tried(place: Place, case: Case, warehouse: str, number: int) -> Grade:
    """Try a case; `number` makes its names its own."""
    case.before(place, number)
    right = place.config(warehouse, number)
    wrong = dict(case.wrong(place, number) if callable(case.wrong) else case.wrong)
    variables = variables_of_loader(place) if case.variables else {}
    first = ran(warehouse, without_none({**right, **wrong}), variables, case.messages(number))
    said = first.error or "(loaded)"

    def graded(why_not: str | None) -> Grade:
        return Grade(case, warehouse, said, why_not)

    if not case.told:
        return graded(None if first.error is None else "it does not load")
    if missing := [text for text in case.told if text not in said]:
        return graded(f"does not say {missing[0]!r}")
    if noise := [line for line in first.logged if line.startswith("ERROR") or "stays" in line]:
        return graded(f"also logs {noise[0]!r}")
    mended = case.mend(place, number, said)
    config = without_none({**right, **(wrong if mended is None else mended)})
    second = ran(warehouse, config, variables, orders(number))
    return graded(None if second.error is None else f"what it says does not help: {second.error}")


def without_none(config: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in config.items() if value is not None}
