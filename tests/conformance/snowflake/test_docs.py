"""docs/stand-ins-snowflake.md names tests that exist, and counts right."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[2] / "docs" / "stand-ins-snowflake.md"


def test_every_row_names_a_test_and_the_counts_are_right():
    """Each row of the tables names a test of this folder; the counts are those of the rows."""
    text = PAGE.read_text(encoding="utf-8")
    known = set(re.findall(r"^def (test_\w+)", "".join(p.read_text() for p in HERE.glob("test_*.py")), re.MULTILINE))
    for word in ("enforced", "refused"):
        counted, rows = re.findall(rf"<!-- {word}: (\d+) -->\n\n((?:\|.*\n)+)", text)[0]
        lines = rows.splitlines()[2:]
        assert len(lines) == int(counted)
        for line in lines:
            assert line.split("|")[-2].strip() in known, line
    counted, rows = re.findall(r"<!-- open: (\d+) -->\n\n((?:\|.*\n)+)", text)[0]
    assert len(rows.splitlines()) - 2 == int(counted)
    for file, count in re.findall(r"(\d+) worked examples|(\d+) cases", text):
        name = "vectors.jsonl" if file else "open.jsonl"
        assert len((HERE / name).read_text().splitlines()) == int(file or count)
