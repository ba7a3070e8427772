"""The parts of docs/doctor.md that are written from the code and from runs on the stand-ins.

`python -m tests.generated` writes the tables of steps; `python -m tests.doctor --write` the screens, the way from a
bare account to its first load, and the table of what was planted. Tests compare them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from singer_bulk.doctor.shown import ending, lines_of
from singer_bulk.doctor.steps import Result
from target_redshift_copy.doctor import STEPS as OF_REDSHIFT
from target_snowflake_stage.doctor import STEPS as OF_SNOWFLAKE

from tests.doctor.trial import Grade
from tests.house import TOP

PAGE = TOP / "docs" / "doctor.md"
COMMANDS = {"redshift": "target-redshift-copy", "snowflake": "target-snowflake-stage"}
_CHANGING = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:5439"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "0" * 32),
    (re.compile(r"\b(singer_doctor_)[0-9a-f]{12}\b", re.IGNORECASE), r"\g<1>" + "0" * 12),
    (re.compile(r"\d{8}T\d{6}Z"), "20260101T000000Z"),
    (re.compile(r"\d+ s off"), "0 s off"),
    (re.compile(r"until [A-Z][a-z]{2} .{0,20} GMT"), "until Jan 1 00:00:00 2027 GMT"),
    (re.compile(r"AKIA[A-Z0-9]+|ASIA[A-Z0-9]+"), "AKIA..."),
    (re.compile(r"first-day/\d+"), "singer"),
    (re.compile(r"(?<=STAGE_)\d+"), "1"),
    (re.compile(r"(?i)\b(v|doctor-role|doctor_bare_|doctor)\d+\b"), r"\g<1>1"),
    (re.compile(r"\(query [^)]*\)"), "(query 01b2...)"),
    (re.compile(r"\(request_id=[^)]*\)"), ""),
)


def settled(result: Result) -> Result:
    """Return the result without what is another one in each run."""

    def same(text: str) -> str:
        for pattern, by in _CHANGING:
            text = pattern.sub(by, text)
        return text

    return replace(
        result,
        found=same(result.found),
        remedy=same(result.remedy),
        statements=tuple(map(same, result.statements)),
        notes=tuple(map(same, result.notes)),
    )


def screen(warehouse: str, results: Sequence[Result]) -> str:
    """Return what the command writes, as it stands in the page."""
    lines = [line for result in results for line in lines_of(settled(result))]
    return "\n".join([*lines, *ending(results, COMMANDS[warehouse])])


def steps_part() -> str:
    """Return the tables of steps."""
    parts = []
    for title, steps in (("Amazon Redshift", OF_REDSHIFT), ("Snowflake", OF_SNOWFLAKE)):
        rows = [
            f"| `{one.name}` | {one.tries} | {', '.join(f'`{name}`' for name in one.needs)} | "
            f"[{one.page.removeprefix('docs/')}]({one.page.removeprefix('docs/')}) |"
            for one in steps
        ]
        head = ["| step | what is tried | needs | explained in |", "|---|---|---|---|"]
        parts.append("\n".join([f"### {title}", "", *head, *rows]))
    return "\n\n".join(parts)


def planted_part(grades: Iterable[Grade]) -> str:
    """Return the table of what was planted."""
    rows = [
        f"| {one.case.what} | {one.warehouse} | `{one.case.step}` | {_code(one)} | "
        f"{' > '.join(f'`{name}`' for name in one.rounds) or 'a note; it loads'} | "
        f"{'yes' if one.why_not is None else 'NO'} |"
        for one in grades
    ]
    head = "| planted | on | found by | code | done what these said | then the first load passes |"
    return "\n".join([head, "|---|---|---|---|---|---|", *rows])


def _code(grade: Grade) -> str:
    code = grade.first.code if grade.first else ""
    return f"[{code}](errors.md#{code.lower()})" if code else ""


def transcript(grade: Grade) -> str:
    """Return the failing step of each round, with what was done literally."""
    parts = []
    for number, result in enumerate(grade.failures, 1):
        parts += [f"round {number}", *lines_of(settled(result)), ""]
    return "\n".join([*parts, f"round {len(grade.failures) + 1}: all ok; the first load passes"])


def with_part(text: str, name: str, content: str) -> str:
    """Return the page with one part written anew."""
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = text.partition(begin)
    _, found, behind = rest.partition(end)
    assert found, f"docs/doctor.md has no part {name!r}"
    return f"{before}{begin}\n{content}\n\n{end}{behind}"


def part_of(text: str, name: str) -> str:
    """Return one part of the page."""
    return text.partition(f"<!-- {name} -->\n")[2].partition(f"<!-- end of {name} -->\n")[0].strip("\n")


def as_text(content: str) -> str:
    """Return a screen as a block of the page."""
    return f"```text\n{content}\n```"


def doctor_page() -> str:
    """Return docs/doctor.md with the tables of steps written anew."""
    return with_part(PAGE.read_text(), "steps", steps_part())
