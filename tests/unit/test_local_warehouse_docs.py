"""What docs/stand-ins*.md claim about tests is true."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
PAGES = sorted((TOP / "docs").glob("stand-ins*.md"))


def _existing_tests() -> set[str]:
    files = [*(TOP / "tests").rglob("test_*.py")]
    return {name for file in files for name in re.findall(r"^\s*def (test_\w+)", file.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_exists(page):
    """A row that claims to be enforced by a test names one that is there."""
    named = set(re.findall(r"`(?:[\w/.]+::)?(test_\w+)`", page.read_text()))
    assert named - _existing_tests() == set()


def test_the_s3_table_names_a_test_for_every_row_that_is_not_open():
    """In the table of S3 each enforced or refused behaviour has its test."""
    text = (TOP / "docs" / "stand-ins.md").read_text()
    rows = re.findall(r"^\| .* \| (enforced|refused)\b[^|]*\| (.*) \|$", text, re.MULTILINE)
    assert len(rows) > 10
    assert [row for row in rows if "`test_" not in row[1]] == []
