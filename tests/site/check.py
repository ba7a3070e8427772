"""What is checked of the built site: every link and anchor leads somewhere, and no page asks another server for anything.

`python -m tests.site.check FOLDER` prints what is wrong, and exits with 1 if anything is. mkdocs has looked at links
between documents; this looks at what a browser gets: also what theme, search and our own HTML bring.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# Attributes that a browser fetches by itself when it shows a page; of a link only some kinds.
FETCHED = {"src", "srcset", "poster", "data"}
FETCHED_LINKS = {"stylesheet", "icon", "preload", "prefetch", "preconnect", "dns-prefetch", "modulepreload", "manifest"}
ELSEWHERE = re.compile(r"^(https?:)?//")
CSS_ADDRESS = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])((?:https?:)?//[^'\")\s]+)")


class Page(HTMLParser):
    """The links, anchors and fetched addresses of one page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag names."""
        named = {name: value for name, value in attrs if value}
        self.anchors |= {named[name] for name in ("id", "name") if name in named}
        self.fetched += [named[name] for name in FETCHED & named.keys()]
        self.fetched += CSS_ADDRESS.findall(named.get("style", ""))
        if tag == "link" and set(named.get("rel", "").split()) & FETCHED_LINKS:
            self.fetched.append(named.get("href", ""))
        elif tag == "a" and "href" in named:
            self.links.append(named["href"])


@cache
def page_of(path: Path) -> Page:
    """Return what a page has."""
    return Page(path.read_text(encoding="utf-8"))


def problems(site: Path) -> Iterator[str]:
    """Yield what is wrong, each with its page."""
    for path in sorted(site.rglob("*.html")):
        shown, page = path.relative_to(site), page_of(path)
        for address in page.fetched:
            if ELSEWHERE.match(address):
                yield f"{shown}: fetches {address}"
            elif not address.startswith("data:") and not _there(site, path, address):
                yield f"{shown}: fetches {address}, which is not there"
        for link in page.links:
            if not re.match(r"[a-z]+:", link) and (wrong := _wrong(site, path, link)):
                yield f"{shown}: {wrong}"
    for path in sorted(site.rglob("*.css")):
        yield from (f"{path.relative_to(site)}: fetches {found}" for found in CSS_ADDRESS.findall(path.read_text()))
    found = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    if len(found["docs"]) < 100:
        yield "search/search_index.json: hardly anything can be found"


def _there(site: Path, page: Path, address: str) -> Path | None:
    place = unquote(urlsplit(address).path)
    path = (site / place.lstrip("/") if place.startswith("/") else page.parent / place).resolve() if place else page
    path = path / "index.html" if path.is_dir() else path
    return path if path.exists() else None


def _wrong(site: Path, page: Path, link: str) -> str | None:
    if (path := _there(site, page, link)) is None:
        return f"{link} leads nowhere"
    anchor = unquote(urlsplit(link).fragment)
    if anchor and path.suffix == ".html" and anchor not in page_of(path).anchors:
        return f"{link}: no such place on the page"
    return None


def main() -> int:
    """Print what is wrong with the site of the folder."""
    site = Path(sys.argv[1])
    found = list(problems(site))
    pages = len([*site.rglob("*.html")])
    print("\n".join(found) or f"{pages} pages, each link leads somewhere, nothing is fetched from elsewhere")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
