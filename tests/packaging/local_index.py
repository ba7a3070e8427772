"""A package index of one's own: a folder of built files in the layout of PEP 503, which uv reads as it is.

uv takes a name from the first index that has it (first-index), so that ours are never looked for on a public one.
"""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path


def local_index(built: Path, folder: Path) -> Path:
    """Return the folder of an index that has the built files."""
    for file in sorted([*built.glob("*.whl"), *built.glob("*.tar.gz")]):
        name = file.name.partition("-")[0].replace("_", "-")
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, place)
    for place in folder.iterdir():
        links = "".join(
            f'<a href="{file.name}#sha256={hashlib.sha256(file.read_bytes()).hexdigest()}">{file.name}</a><br>\n'
            for file in sorted(place.iterdir())
            if file.suffix != ".html"
        )
        (place / "index.html").write_text(f"<!DOCTYPE html><html><body>\n{links}</body></html>\n")
    return folder
