"""docs/coming-from.md: what the settings of other loaders are called here, from the table in the code."""

from __future__ import annotations

import re

from singer_bulk.settings.other_loaders import AMAZON, ANOTHER, DATAMILL, MELTANO, PIPELINEWISE, THEIRS, TICKETSWAP

from tests.environments import TOP

PAGE = TOP / "docs" / "coming-from.md"
MARKED = re.compile(r"(<!-- settings of (\w+) -->\n).*?(<!-- end -->\n)", re.DOTALL)
LOADERS = {
    "pipelinewise": PIPELINEWISE, "meltano": MELTANO, "ticketswap": TICKETSWAP, "datamill": DATAMILL,
    "amazon": AMAZON, "others": ANOTHER,
}  # fmt: skip


def coming_from_page(text: str) -> str:
    """Return docs/coming-from.md with its tables written anew."""
    return MARKED.sub(lambda marks: marks[1] + _table(LOADERS[marks[2]]) + marks[3], text)


def _table(loader: str) -> str:
    rows = []
    for name, theirs in THEIRS.items():
        if theirs.loader == loader:
            ours = ", ".join(f"`{one}`" for one in theirs.here) or "nothing"
            rows.append(f"| `{name}` | {ours} | {theirs.how} |\n")
    return "| theirs | here | |\n|---|---|---|\n" + "".join(rows)
