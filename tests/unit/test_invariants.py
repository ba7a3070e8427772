"""docs/invariants.md names code and tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.house import TOP, packages

PAGE = (TOP / "docs" / "invariants.md").read_text()
INVARIANTS = re.findall(r"^### (\d+)\. (.*)\n\n((?:[- ] .*\n)+)", PAGE, re.MULTILINE)
PARTS = ["kept by", "tested by", "fails when", "else"]


def defined(file: Path, name: str) -> bool:
    """Whether the file defines a function or class of that name; `Class.method` is looked for in the class."""
    inside = ast.parse(file.read_text()).body
    for part in name.split("."):
        found = [one for one in inside if isinstance(one, (ast.FunctionDef, ast.ClassDef)) and one.name == part]
        if not found:
            return False
        inside = found[0].body
    return True


def module_file(dotted: str) -> Path:
    """The file of a module of one of the packages."""
    package, *rest = dotted.split(".")
    return packages(TOP)[package].folder.joinpath(*rest).with_suffix(".py")


def test_invariants_are_numbered_and_complete() -> None:
    """Each section has its number in order, and says what keeps it, what tests it, how it fails and what it costs."""
    assert [int(number) for number, _, _ in INVARIANTS] == list(range(1, PAGE.count("\n### ") + 1))
    for number, _, text in INVARIANTS:
        assert re.findall(r"^- ([a-z ]+): \S", text, re.MULTILINE) == PARTS, number


@pytest.mark.parametrize(("number", "promise", "text"), INVARIANTS, ids=[number for number, _, _ in INVARIANTS])
def test_code_and_tests_of_an_invariant_exist(number: str, promise: str, text: str) -> None:
    """What was moved or renamed is renamed on the page, too."""
    kept_by, tested_by = text.partition("- tested by")[0], text.partition("- tested by")[2].partition("- fails when")[0]
    functions = re.findall(r"`([\w.]+):([\w.]+)`", kept_by)
    tests = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tested_by)
    assert len(functions) == kept_by.count("`") // 2 > 0
    assert len(tests) == tested_by.count("`") // 2 > 0
    assert [one for one in functions if not defined(module_file(one[0]), one[1])] == []
    assert [one for one in tests if not defined(TOP / one[0], one[1])] == []
