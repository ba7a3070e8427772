"""What is not known of real warehouses: both pages name tests that exist, and leave out no row and no open case."""

from __future__ import annotations

import json
import re

import pytest

from tests.conformance.report import Case, report
from tests.conformance.risk import FOLDER, PAGE, named_tests, open_cases, rank_of
from tests.house import TOP

TEXT = PAGE.read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+) \| .+ \| (\w+) \| .+ \| (.+) \|$", re.MULTILINE)


def test_every_row_has_its_kind_and_a_test_that_exists() -> None:
    """Rows are numbered by risk without a gap; each says how it stands, and names tests of tests/conformance."""
    rows = ROW.findall(TEXT)
    assert [int(number) for number, _, _ in rows] == list(range(1, len(rows) + 1))
    assert {kind for _, kind, _ in rows} == {"both", "check", "risk"}
    assert all("::test_" in tests for _, _, tests in rows)
    for name in named_tests():
        file, _, test = name.partition("::")
        assert f"def {test.partition('[')[0]}(" in (FOLDER / file).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("warehouse", ["redshift", "snowflake"])
def test_every_open_case_is_on_the_page(warehouse: str) -> None:
    """What the pages leave open is named with the reason why both answers are right."""
    lines = (FOLDER / warehouse / "open.jsonl").read_text(encoding="utf-8").splitlines()
    assert [case for case in (json.loads(line)["id"] for line in lines) if f"`{case}`" not in TEXT] == []


def test_what_real_warehouses_would_refuse_has_an_end() -> None:
    """Each row of docs/real-warehouses.md says what was done, where, and by which test, or why there is none."""
    text = (PAGE.parent / "real-warehouses.md").read_text(encoding="utf-8")
    rows = [line[1:-1].split(" | ") for line in text.splitlines() if re.match(r"\| \d+ \|", line)]
    assert [int(row[0]) for row in rows] == list(range(1, 28))
    assert all(len(row) == 5 and all(cell.strip() for cell in row) for row in rows)
    for file, _, test in re.findall(r"`(tests/[\w/]+\.py)(::(test_\w+))?`", text):
        assert (TOP / file).is_file(), file
        assert f"def {test}" in (TOP / file).read_text(encoding="utf-8"), test


def test_tests_run_in_the_order_of_the_page() -> None:
    """What a load rests on comes first, then the open cases, then all others."""
    places = {name: place for place, name in enumerate(named_tests())}
    first = rank_of("tests/conformance/redshift/test_assumptions.py::test_whole_loads", places)
    case = rank_of("tests/conformance/redshift/test_vectors.py::test_open[open-nan]", places)
    assert first == 0
    assert first < case < len(places) == rank_of("tests/conformance/redshift/test_copy.py::test_maxerror[x]", places)
    assert open_cases()["nul-in-a-literal"] == "snowflake/test_vectors.py::test_open_sql[nul-in-a-literal]"


def test_report_has_versions_and_differences_and_nothing_else() -> None:
    """A difference is a test, a line of it and a number: no text of an error, which may have names in it."""
    cases = [
        Case("redshift/test_a.py::test_b", "passed"),
        Case("redshift/test_a.py::test_c[x]", "failed", "test_a.py:7", "InternalError_ XX000"),
        Case("redshift/test_vectors.py::test_open[y]", "xfailed", "test_vectors.py:9", "AssertionError"),
    ]
    written = report({"redshift": "PostgreSQL 8.0.2, Redshift 1.0.1"}, cases)
    assert "redshift: PostgreSQL 8.0.2, Redshift 1.0.1\n  by target-redshift-copy " in written
    assert "Cases: 1 as expected, 1 differs, 1 differs, open\n" in written
    assert "- redshift/test_a.py::test_c[x]: differs, test_a.py:7 InternalError_ XX000\n" in written
    assert "- redshift/test_vectors.py::test_open[y]: differs, open, test_vectors.py:9 AssertionError\n" in written
