"""In which order do the conformance tests run?  By risk: as docs/only-a-real-account.md names them, then the others."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).parent
PAGE = FOLDER.parents[1] / "docs" / "only-a-real-account.md"
# A test as the page names it, its file below tests/conformance and its name; or a case of open.jsonl.
NAMED = re.compile(r"`((?:redshift|snowflake)/test_\w+\.py::test_\w+|[a-z0-9-]+)`")


def open_cases() -> dict[str, str]:
    """Return the test of each case that the pages leave open, by its id."""
    tests = {}
    for warehouse in ("redshift", "snowflake"):
        for line in (FOLDER / warehouse / "open.jsonl").read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            of = {"redshift": "test_open", "snowflake": "test_open_sql" if "sql" in case else "test_open_copy"}
            tests[case["id"]] = f"{warehouse}/test_vectors.py::{of[warehouse]}[{case['id']}]"
    return tests


def named_tests() -> list[str]:
    """Return the tests that the page names, in its order."""
    cases = open_cases()
    found = (cases.get(name, name) for name in NAMED.findall(PAGE.read_text(encoding="utf-8")))
    return list(dict.fromkeys(name for name in found if "::" in name))


def ranks() -> dict[str, int]:
    """Return the place of each test that the page names."""
    return {name: place for place, name in enumerate(named_tests())}


def rank_of(node: str, places: Mapping[str, int]) -> int:
    """Return the place of a test, given as pytest names it; those that the page does not name come last."""
    name = node.rpartition("tests/conformance/")[2]
    return places.get(name, places.get(name.partition("[")[0], len(places)))
