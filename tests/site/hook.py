"""What mkdocs is told besides mkdocs.yml: pages from outside of docs/, links out of it, the pages of a folder.

The links of a document are those of the repository, so that they lead somewhere there, too. Here those to a page of
the site become links within it, all others links to the project's address. Runs in the environment of `make site`,
which has nothing of ours.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

TOP = Path(__file__).parent.parent.parent
# Documents outside of docs/ -> their place on the site.
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "local-warehouse/README.md": "local-warehouse.md",
}
FILES = {place: document for document, place in PAGES.items()}
LINK = re.compile(r"(\]\(<?)(?!https?:|mailto:|#)([^)#\s>]+)(#[^)\s>]+)?(>?\))")
ADDRESS = re.compile(r'^address = "(.*)"$', re.MULTILINE)
MORE = "More"
# Pages whose tables need the room that the list of headings would take.
WIDE = {"comparison.md", "rights.md", "faults.md", "performance.md", "loads.md", "schema-evolution.md", "platforms.md"}
# How much a page counts in a search: those that answer users before those that explain the inside.
BOOSTS = {
    "troubleshooting.md": 4, "local-warehouse.md": 4, "tables.md": 3, "rights.md": 2, "settings.md": 0.5,
    **dict.fromkeys(("loads.md", "sign-in.md", "types.md", "index.md", "coming-from.md"), 2),
    **dict.fromkeys(("invariants.md", "faults.md", "simulation.md", "changelog.md", "contributing.md"), 0.3),
    **dict.fromkeys(("only-a-real-account.md", "real-warehouses.md", "stand-ins-redshift.md"), 0.4),
    **dict.fromkeys(("stand-ins-snowflake.md", "questions.md", "release.md", "sdk.md"), 0.4),
}  # fmt: skip
FOLDERS = {"decisions": 0.3, "methods": 2, "sign-in": 1.5, "operating": 2, "start": 1.5}


def on_files(files: Files, config: Any) -> Files:
    """Add the documents that lie elsewhere."""
    for document, place in PAGES.items():
        files.append(File.generated(config, place, content=(TOP / document).read_text(encoding="utf-8")))
    config.nav = _nav(config.nav, [file.src_uri for file in files.documentation_pages()])
    return files


def _nav(nav: list[Any], pages: list[str]) -> list[Any]:
    """Return the table of sections with folders spelled out, and what is in none of them behind it."""
    sections = [_spelled(section, pages) for section in nav]
    placed = set(_places(sections))
    if more := sorted(page for page in pages if page not in placed):
        sections.append({MORE: more})
    return sections


def _spelled(item: Any, pages: list[str]) -> Any:
    if isinstance(item, list):
        return [_spelled(one, pages) for one in item]
    if isinstance(item, dict):
        return {title: _spelled(below, pages) for title, below in item.items()}
    if item.endswith("/*.md"):
        return sorted(page for page in pages if posixpath.dirname(page) == posixpath.dirname(item))
    return item


def _places(item: Any) -> list[str]:
    if isinstance(item, str):
        return [item]
    return [place for below in (item.values() if isinstance(item, dict) else item) for place in _places(below)]


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Let each link lead to a page of the site, or to the project's address."""
    place = page.file.src_uri
    document = FILES.get(place, f"docs/{place}")
    known = {file.src_uri for file in files}
    boost = BOOSTS.get(place, FOLDERS.get(posixpath.dirname(place)))
    if boost is not None:
        page.meta["search"] = {"boost": boost}
    if place in WIDE:
        page.meta["hide"] = ["toc"]

    def led(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(document), found[2]))
        there = PAGES.get(target) or (target.removeprefix("docs/") if target.startswith("docs/") else None)
        if there in known:
            link = posixpath.relpath(there, posixpath.dirname(place) or ".")
        elif (TOP / target).exists():
            link = f"{address()}/{target}" + ("/" if (TOP / target).is_dir() else "")
        else:
            return found[0]  # leads nowhere: mkdocs says so
        return f"{found[1]}{link}{found[3] or ''}{found[4]}"

    return LINK.sub(led, markdown)


def address() -> str:
    """Return the project's address, a placeholder until it has one."""
    found = ADDRESS.search((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    if found is None:
        raise ValueError("pyproject.toml has no address in [tool.packages]")
    return found[1]
