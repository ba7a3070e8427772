"""What a run of the conformance tests tells the developers: versions, cases and differences; no data, no names.

Of a difference it has the test, the line of it that failed and the warehouse's number of the error, not its text, which
may name a schema, a bucket or a user.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

PROGRAMS = {
    "redshift": ("target-redshift-copy", "singer-bulk", "psycopg2-binary", "boto3"),
    "snowflake": ("target-snowflake-stage", "singer-bulk", "snowflake-connector-python", "boto3"),
}
# What a test came to, in the words of the report; pytest's xfailed is a case that the documentation leaves open.
WORDS = {"passed": "as expected", "failed": "differs", "xfailed": "differs, open", "skipped": "not run"}


@dataclass(frozen=True)
class Case:
    """One test: what it came to, and where and by which error."""

    test: str
    outcome: str
    place: str = ""  # file and line of the assertion or call that failed
    error: str = ""  # class, and number of the warehouse


def report(servers: Mapping[str, str], cases: Sequence[Case]) -> str:
    """Return the report; `servers` says of each warehouse what it is."""
    lines = ["# Conformance report", "", f"Python {platform.python_version()} on {platform.system()}"]
    for warehouse, server in servers.items():
        programs = ", ".join(f"{name} {_version(name)}" for name in PROGRAMS[warehouse])
        lines += [f"{warehouse}: {server}", f"  by {programs}"]
    counts = Counter(WORDS[case.outcome] for case in cases)
    lines += ["", "Cases: " + ", ".join(f"{counts[word]} {word}" for word in WORDS.values() if counts[word]), ""]
    differing = [case for case in cases if case.outcome in ("failed", "xfailed")]
    lines += ["Differences, by risk:" if differing else "No differences."]
    lines += [f"- {case.test}: {WORDS[case.outcome]}, {case.place} {case.error}".rstrip() for case in differing]
    return "\n".join(lines) + "\n"


def error_of(error: BaseException) -> str:
    """Return the class of an error, and its number if a warehouse has given it one."""
    number = getattr(error, "pgcode", None) or getattr(error, "errno", None)
    return f"{type(error).__name__} {number}" if number else type(error).__name__


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "?"
