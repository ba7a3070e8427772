"""The report of a self-test as text of 80 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 80
MAX_SHOWN = 50


def screen(report: Mapping[str, Any]) -> str:
    """Return the text."""
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"Self-test of {report['target']} {report['version']}"
    yield ""
    yield f"  {'scene':<48} {'compared':>10} {'different':>11}"
    for scene in report["scenes"]:
        said = "failed" if scene["error"] else f"{len(scene['differences']):,}"
        yield f"  {scene['scene'][:48]:<48} {scene['compared']:>10,} {said:>11}"
    yield f"  {'all':<48} {report['compared']:>10,} {report['differences']:>11,}"
    yield ""
    differences = [one for scene in report["scenes"] for one in scene["differences"]]
    for one in differences[:MAX_SHOWN]:
        place = f"{one['scene']}, {one['of_type']}, row {one['key']}"
        yield from _wrapped(f"{place}: sent {one['sent']}, came back {one['came']}")
    if len(differences) > MAX_SHOWN:
        yield f"  and {len(differences) - MAX_SHOWN:,} more differences; the report has them"
    for scene in report["scenes"]:
        if scene["error"]:
            yield from _wrapped(f"{scene['scene']}: {scene['error']}")
    if not differences and not report["errors"]:
        yield "No difference: what was sent is what is there."


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)
