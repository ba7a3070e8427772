"""docs/stand-ins-refused.md: all that the stand-ins refuse, put together from the pages of each."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parent.parent.parent / "docs"
PREAMBLE = """# What the stand-ins refuse

Written by `python -m tests.generated` from the pages of each stand-in. What is not supported is refused by a clear error
and never pretended, so that a statement which passes here is one that the documentation allows. Meant for you who test SQL
of your own: look here first. Whatever is refused by the real warehouse as well is on the page of that stand-in.
"""
# Page -> the heading of its section, and what that becomes here.
SECTIONS = {
    "stand-ins-redshift.md": ("## What is refused", "## Redshift"),
    "stand-ins-snowflake.md": ("## Refused by name", "## Snowflake"),
}
STORAGE = "stand-ins.md"
REFUSED = re.compile(r"^\| (.*?) \| refused \| (.*) \|$", re.MULTILINE)


def refused_page() -> str:
    """Return the page."""
    parts = [PREAMBLE]
    for page, (heading, title) in SECTIONS.items():
        text = (DOCS / page).read_text(encoding="utf-8")
        section = text.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
        assert section.strip(), f"{page} has no section {heading!r}"
        parts.append(f"\n{title}\n{section.rstrip()}\n")
    rows = REFUSED.findall((DOCS / STORAGE).read_text(encoding="utf-8"))
    parts.append("\n## S3, STS, IAM\n\n| what | test |\n|---|---|\n")
    parts.extend(f"| {what} | {test} |\n" for what, test in rows)
    return "".join(parts)
