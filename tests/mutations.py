"""Break one rule of a stand-in after the other, in a copy, and see whether its tests notice.

    python -m tests.mutations [snowflake] [redshift] [s3] [--rules TEXT]

The rules are listed in the tables of STAND_INS: the place in the code that keeps a rule, what stands there instead, and
the tests that must fail then. `--rules` takes those alone whose rule or file has the text in it. The copy comes first
on PYTHONPATH; the working tree is never touched. First the named tests run on an unchanged copy and must pass. The exit
status is 1 if a broken rule went unnoticed.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parent.parent
# Each stand-in: the module with its table, and the tests.
STAND_INS = {
    "snowflake": ("tests.conformance.snowflake.mutations", "tests/conformance/snowflake"),
    "redshift": ("tests.conformance.redshift.mutations", "tests/conformance/redshift"),
    "s3": ("tests.load.s3_mutations", "tests/load/test_local_warehouse_s3.py"),
}
PACKAGE = TOP / "local-warehouse" / "local_warehouse"


@dataclass(frozen=True)
class Mutation:
    """`old` stands once in `file` of the stand-in's folder; `tests` is an expression for pytest -k."""

    rule: str
    file: str
    old: str
    new: str
    tests: str


def mutations(stand_in: str) -> list[Mutation]:
    """The table of a stand-in."""
    table = importlib.import_module(STAND_INS[stand_in][0]).MUTATIONS
    return [Mutation(*line) for line in table]


@contextmanager
def copy_of_the_package() -> Iterator[Path]:
    """A folder that holds a copy of local_warehouse, for PYTHONPATH."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        shutil.copytree(PACKAGE, Path(folder) / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
        yield Path(folder)


def run_tests(folder: Path, stand_in: str, expression: str) -> subprocess.CompletedProcess[str]:
    """Run the tests that the expression chooses, on the package in `folder`."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider",
        STAND_INS[stand_in][1], "-k", expression,
    ]  # fmt: skip
    variables = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=TOP, env=variables, capture_output=True, text=True, check=False)


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    return f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def mutate(folder: Path, stand_in: str, mutation: Mutation) -> None:
    """Write the change into the copy; ValueError if its place is not there once."""
    file = folder / PACKAGE.name / stand_in / mutation.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        raise ValueError(f"{mutation.file} holds {text.count(mutation.old)} times: {mutation.old}")
    file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")


def is_noticed(stand_in: str, mutation: Mutation) -> bool:
    """Whether a test fails once the rule is broken."""
    with copy_of_the_package() as folder:
        mutate(folder, stand_in, mutation)
        done = run_tests(folder, stand_in, mutation.tests)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{mutation.rule}: pytest ended with {done.returncode}\n{_tail(done)}")
    return done.returncode == 1


def check(stand_in: str, chosen: str = "") -> int:
    """Break every rule of a stand-in's table that has the text in it; returns how many went unnoticed."""
    listed = [one for one in mutations(stand_in) if chosen in f"{one.rule} {one.file}"]
    with copy_of_the_package() as folder:
        whole = run_tests(folder, stand_in, " or ".join(f"({mutation.tests})" for mutation in listed))
    if whole.returncode != 0:
        raise RuntimeError(f"the tests fail before anything is broken\n{_tail(whole)}")
    print(f"{stand_in}: unchanged, {whole.stdout.splitlines()[-1]}", flush=True)
    missed = 0
    for mutation in listed:
        noticed = is_noticed(stand_in, mutation)
        missed += not noticed
        print(f"{'noticed' if noticed else 'MISSED '}  {mutation.rule}", flush=True)
    print(f"{stand_in}: {len(listed) - missed} of {len(listed)} noticed", flush=True)
    return missed


def main() -> int:
    """Check what the command line names; all of it without a name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stand_ins", nargs="*", default=[*STAND_INS])
    parser.add_argument("--rules", default="")
    asked = parser.parse_args()
    return 1 if sum(check(name, asked.rules) for name in asked.stand_ins) else 0


if __name__ == "__main__":
    sys.exit(main())
