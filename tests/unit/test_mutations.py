"""The tables of tests/mutations.py: a rule whose place in the code has moved would go unchecked."""

from __future__ import annotations

import re

import pytest

from tests.house import TOP
from tests.mutations import PACKAGE, STAND_INS, mutations


@pytest.mark.parametrize("stand_in", STAND_INS)
def test_each_rule_has_its_place_and_its_tests(stand_in: str) -> None:
    """What a mutation replaces stands once in its file, and its expression is part of a test's name or file."""
    tests = TOP / STAND_INS[stand_in][1]
    files = sorted(tests.glob("test_*.py")) if tests.is_dir() else [tests]
    known = "\n".join(f"{file.name} {file.read_text(encoding='utf-8')}" for file in files).lower()
    for one in mutations(stand_in):
        text = (PACKAGE / stand_in / one.file).read_text(encoding="utf-8")
        assert text.count(one.old) == 1, one.rule
        assert one.old != one.new
        for word in re.findall(r"\w+", one.tests):
            assert word in ("and", "or", "not") or word.lower() in known, one.rule
