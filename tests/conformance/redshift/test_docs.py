"""docs/stand-ins-redshift.md names tests that exist, and counts right."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from tests.conformance.redshift.mutations import MUTATIONS

HERE = Path(__file__).parent
DOCS = HERE.parents[2] / "docs"
ROW = re.compile(r"^\| (\d+) \| .* \| (enforced|refused) \| `(\w+)` \|$", re.MULTILINE)


def test_every_row_names_a_test_and_the_counts_are_right() -> None:
    """Rows are numbered without a gap, each has a test; the counts are those of the rows, vectors and mutations."""
    text = (DOCS / "stand-ins-redshift.md").read_text(encoding="utf-8")
    rows = ROW.findall(text)
    tests = set(re.findall(r"^def (test_\w+)", "".join(f.read_text() for f in HERE.glob("test_*.py")), re.MULTILINE))
    assert sorted(int(number) for number, _, _ in rows) == list(range(1, len(rows) + 1))
    assert {test for _, _, test in rows} <= tests
    counted = Counter(state for _, state, _ in rows)
    counts = dict(re.findall(r"^\| (.*) \| (\d+) \|$", text[: text.index("## What is enforced")], re.MULTILINE))
    refused = text[text.index("## What is refused") : text.index("Not computed at all")].count("` |\n")
    vectors, opened = ((HERE / f"{name}.jsonl").read_text().count("\n") for name in ("vectors", "open"))
    assert [int(count) for count in counts.values()] == [
        len(rows),
        counted["enforced"],
        counted["refused"],
        refused,
        vectors,
        opened,
        len(MUTATIONS),
    ]
    overview = (DOCS / "stand-ins.md").read_text(encoding="utf-8")
    figures = f"| {counted['enforced']} | {counted['refused'] + refused} | {opened} | {vectors} |"
    assert f"| [Redshift](stand-ins-redshift.md) {figures}" in overview
