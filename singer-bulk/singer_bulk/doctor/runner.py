"""Steps are gone through from top to bottom: each whose needs are met is tried, whatever else has failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from singer_bulk.doctor.steps import Ground, NotNeeded, NotTried, Outcome, Part, Result, Step, Trouble
from singer_bulk.doctor.troubles import trouble_of
from singer_bulk.errors import BulkError


@dataclass
class Runner:
    """Runs steps. blocked: part -> why nothing of it is tried; stopped: whether a signal has come.

    mask: takes secrets out of a text; notes: returns what was logged since it was last asked.
    """

    mask: Callable[[str], str]
    monotonic: Callable[[], float]
    stopped: Callable[[], bool] = lambda: False
    notes: Callable[[], list[str]] = list
    blocked: Callable[[Part], str] = lambda part: ""
    outcomes: dict[str, Outcome] = field(default_factory=dict)

    def results(self, steps: Iterable[Step[Ground]], ground: Ground) -> Iterator[Result]:
        """Yield what comes of each step; none is tried once a signal has come."""
        for step in steps:
            begun = self.monotonic()
            tried = Result(step.name, step.tries, Outcome.OK, "", page=step.page)
            result = self._tried(step, ground, tried)
            self.outcomes[step.name] = result.outcome
            yield self._masked(
                replace(result, notes=tuple(dict.fromkeys(self.notes())), seconds=self.monotonic() - begun)
            )

    def _tried(self, step: Step[Ground], ground: Ground, tried: Result) -> Result:
        if why := self._why_not(step):
            return replace(tried, outcome=Outcome.SKIPPED, found=why)
        try:
            return replace(tried, found=step.run(ground))
        except NotNeeded as why_not:
            return replace(tried, outcome=Outcome.NOT_NEEDED, found=str(why_not))
        except NotTried as why_not:
            return replace(tried, outcome=Outcome.SKIPPED, found=str(why_not))
        except Trouble as trouble:
            return _failed(tried, trouble)
        except BulkError as error:
            return _failed(tried, trouble_of(error))
        except Exception as error:  # whatever it is: the other steps may still be tried
            text = " ".join(str(error).split())
            remedy = "this is not foreseen; report it with what --doctor --format json says"
            return _failed(tried, Trouble(f"{type(error).__name__}: {text}", remedy, code="RUN-UNEXPECTED"))

    def _why_not(self, step: Step[Ground]) -> str:
        if self.stopped():
            return "a signal has come"
        if why := self.blocked(step.part):
            return why
        lacking = [name for name in step.needs if self.outcomes.get(name) in (Outcome.FAILED, Outcome.SKIPPED)]
        if not lacking:
            return ""
        failed = [name for name in lacking if self.outcomes[name] is Outcome.FAILED]
        return f"needs {failed[0]!r}, which failed" if failed else f"needs {lacking[0]!r}, which was not tried"

    def _masked(self, result: Result) -> Result:
        return replace(
            result,
            found=self.mask(result.found),
            remedy=self.mask(result.remedy),
            statements=tuple(map(self.mask, result.statements)),
            notes=tuple(map(self.mask, result.notes)),
        )


def _failed(tried: Result, trouble: Trouble) -> Result:
    return replace(
        tried,
        outcome=Outcome.FAILED,
        found=trouble.found,
        remedy=trouble.remedy,
        statements=trouble.statements,
        code=trouble.code,
    )


def counted(results: Iterable[Result]) -> Mapping[Outcome, int]:
    """Return how many steps had each outcome."""
    found = dict.fromkeys(Outcome, 0)
    for result in results:
        found[result.outcome] += 1
    return found
