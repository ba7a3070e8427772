"""Files that a page shows as they are: between `<!-- file PATH -->` and `<!-- end of file -->` stands their text."""

from __future__ import annotations

import re
from pathlib import Path

TOP = Path(__file__).parent.parent.parent
MARKED = re.compile(r"(<!-- file (\S+) -->\n).*?(<!-- end of file -->\n)", re.DOTALL)
LANGUAGES = {".py": "python", ".yml": "yaml", ".sql": "sql"}


def with_files(text: str) -> str:
    """Return the page with the files written anew."""
    return MARKED.sub(lambda marks: marks[1] + _shown(TOP / marks[2]) + marks[3], text)


def _shown(path: Path) -> str:
    return f"```{LANGUAGES.get(path.suffix, 'text')}\n{path.read_text(encoding='utf-8').rstrip()}\n```\n"
