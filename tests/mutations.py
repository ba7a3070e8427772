"""Break one rule of a stand-in after the other, in a copy, and see whether the conformance tests notice.

    python -m tests.mutations [snowflake] [redshift]

The rules are listed in tests/conformance/WAREHOUSE/mutations.py: the place in the code that keeps a rule, what stands
there instead, and the tests that must fail then. The copy comes first on PYTHONPATH; the working tree is never
touched. First the named tests run on an unchanged copy and must pass. The exit status is 1 if a broken rule went
unnoticed.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parent.parent
WAREHOUSES = ("snowflake", "redshift")
PACKAGE = TOP / "local-warehouse" / "local_warehouse"


@dataclass(frozen=True)
class Mutation:
    """`old` stands once in `file` of the warehouse's folder; `tests` is an expression for pytest -k."""

    rule: str
    file: str
    old: str
    new: str
    tests: str


def mutations(warehouse: str) -> list[Mutation]:
    """The table of a warehouse."""
    table = importlib.import_module(f"tests.conformance.{warehouse}.mutations").MUTATIONS
    return [Mutation(*line) for line in table]


@contextmanager
def copy_of_the_package() -> Iterator[Path]:
    """A folder that holds a copy of local_warehouse, for PYTHONPATH."""
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        shutil.copytree(PACKAGE, Path(folder) / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__"))
        yield Path(folder)


def run_tests(folder: Path, warehouse: str, expression: str) -> subprocess.CompletedProcess[str]:
    """Run the conformance tests that the expression chooses, on the package in `folder`."""
    command = [
        sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:randomly", "-p", "no:cacheprovider",
        f"tests/conformance/{warehouse}", "-k", expression,
    ]  # fmt: skip
    variables = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=TOP, env=variables, capture_output=True, text=True, check=False)


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    return f"{done.stdout[-2000:]}\n{done.stderr[-2000:]}"


def mutate(folder: Path, warehouse: str, mutation: Mutation) -> None:
    """Write the change into the copy; ValueError if its place is not there once."""
    file = folder / PACKAGE.name / warehouse / mutation.file
    text = file.read_text(encoding="utf-8")
    if text.count(mutation.old) != 1:
        raise ValueError(f"{mutation.file} holds {text.count(mutation.old)} times: {mutation.old}")
    file.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")


def is_noticed(warehouse: str, mutation: Mutation) -> bool:
    """Whether a test fails once the rule is broken."""
    with copy_of_the_package() as folder:
        mutate(folder, warehouse, mutation)
        done = run_tests(folder, warehouse, mutation.tests)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{mutation.rule}: pytest ended with {done.returncode}\n{_tail(done)}")
    return done.returncode == 1


def check(warehouse: str) -> int:
    """Break every rule of a warehouse's table; returns how many went unnoticed."""
    listed = mutations(warehouse)
    with copy_of_the_package() as folder:
        whole = run_tests(folder, warehouse, " or ".join(f"({mutation.tests})" for mutation in listed))
    if whole.returncode != 0:
        raise RuntimeError(f"the tests fail before anything is broken\n{_tail(whole)}")
    print(f"{warehouse}: unchanged, {whole.stdout.splitlines()[-1]}", flush=True)
    missed = 0
    for mutation in listed:
        noticed = is_noticed(warehouse, mutation)
        missed += not noticed
        print(f"{'noticed' if noticed else 'MISSED '}  {mutation.rule}", flush=True)
    print(f"{warehouse}: {len(listed) - missed} of {len(listed)} noticed", flush=True)
    return missed


def main(names: Sequence[str]) -> int:
    return 1 if sum(check(name) for name in names or WAREHOUSES) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
