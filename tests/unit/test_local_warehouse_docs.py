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
    named = set(re.findall(r"\b(test_\w+)\b(?!\.py)", page.read_text()))
    assert named - _existing_tests() == set()


def test_the_s3_table_names_a_test_for_every_row_that_is_not_open():
    """In the table of S3 each enforced or refused behaviour has its test."""
    rows = [
        row for row in _section("stand-ins.md", "S3 and who may do what") if re.search(r"\| (enforced|refused)", row)
    ]
    assert len(rows) > 10
    assert [row for row in rows if "`test_" not in row] == []


def _section(page: str, title: str) -> list[str]:
    """The rows of the tables below a heading of the second level, without their head."""
    text = (TOP / "docs" / page).read_text()
    body = re.split(r"^## ", text.split(f"\n## {title}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    tables = re.findall(r"^\|[-|]+\|\n((?:\|.*\n)+)", body, re.MULTILINE)
    return [row for table in tables for row in table.splitlines()]


def _lines(warehouse: str, name: str) -> int:
    return len((TOP / "tests" / "conformance" / warehouse / name).read_text().splitlines())


def test_the_counts_are_those_of_the_pages():
    """The table that sums up what is enforced, refused and open says what the pages and data files say."""
    s3 = _section("stand-ins.md", "S3 and who may do what")
    counted = {
        "Snowflake": [
            len(_section("stand-ins-snowflake.md", "Enforced")),
            len(_section("stand-ins-snowflake.md", "Refused by name")),
            _lines("snowflake", "open.jsonl"),
            _lines("snowflake", "vectors.jsonl"),
        ],
        "S3": [sum(f"| {kind}" in row for row in s3) for kind in ("enforced", "refused", "open")],
    }
    text = (TOP / "docs" / "stand-ins.md").read_text()
    told = {
        name: [int(number) for number in re.findall(r"\| (\d+)", row)]
        for name, row in re.findall(r"^\| \[(\w+)[^\]]*\]\([^)]*\) (\|.*)$", text, re.MULTILINE)
    }
    assert told.pop("Redshift")  # counted with its rows in tests/conformance/redshift/test_docs.py
    assert told == counted
