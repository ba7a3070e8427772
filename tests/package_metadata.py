"""What the packages say of themselves alike: written into each pyproject.toml from [tool.packages] of the workspace's.

One place has the version, who makes them, their address and what they are found by. The packages need one another in
exactly this version: on a public index their names may be somebody else's.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.environments import TOP

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

WORKSPACE = TOP / "pyproject.toml"
LICENSE = "LICENSE"
_MARKED = re.compile(r"(# Written by .* of the workspace:\n).*?(# end\n)", re.DOTALL)
PAGES = {"Documentation": "docs/", "Changelog": "CHANGELOG.md", "Source": "", "Issues": "issues"}


def declared() -> dict[str, Any]:
    """Return [tool.packages]."""
    table: dict[str, Any] = tomllib.loads(WORKSPACE.read_text())["tool"]["packages"]
    return table


def files() -> dict[Path, str]:
    """Return what each pyproject.toml and each licence file of a package has to be."""
    common = declared()
    made = {}
    for name in common["keywords"]:
        path = TOP / name / "pyproject.toml"
        made[path] = pyproject(path.read_text(), name, common)
        made[TOP / name / LICENSE] = (TOP / LICENSE).read_text()
    return made


def pyproject(text: str, name: str, common: dict[str, Any]) -> str:
    """Return the text with the marked lines, and the version of each package of the workspace that it needs."""
    lines = "".join(f"{line}\n" for line in _lines(name, common))
    text = _MARKED.sub(lambda marks: marks[1] + lines + marks[2], text)
    others = "|".join(common["keywords"])
    return re.sub(rf'^(    "(?:{others}))(?:==[^"]*)?"', rf'\g<1>=={common["version"]}"', text, flags=re.MULTILINE)


def _lines(name: str, common: dict[str, Any]) -> Iterator[str]:
    urls = {"Homepage": common["address"], **{page: f"{common['address']}/{path}" for page, path in PAGES.items()}}
    yield f"version = {json.dumps(common['version'])}"
    yield 'license = "Apache-2.0"'
    yield f"license-files = [{json.dumps(LICENSE)}]"
    yield f"authors = [{{ name = {json.dumps(common['authors'])} }}]"
    yield f"keywords = {json.dumps(common['keywords'][name])}"
    yield from _list("classifiers", common["classifiers"])
    yield f"urls = {{ {', '.join(f'{page} = {json.dumps(url)}' for page, url in urls.items())} }}"


def _list(name: str, texts: Sequence[str]) -> Iterator[str]:
    yield f"{name} = ["
    yield from (f"    {json.dumps(text)}," for text in texts)
    yield "]"


def write() -> None:
    """Write the files."""
    for path, text in files().items():
        path.write_text(text)
