"""docs/operations.md: its screens are what the code makes of runs that were recorded (tests/screens), and the fields of
the report are those of the code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
from singer_bulk.model.past import Explained, PastLoad
from singer_bulk.model.report import (
    Failure,
    LoadReport,
    RunReport,
    Seconds,
    StatementReport,
    StreamReport,
)
from singer_bulk.report.past import explained_lines, history_lines
from singer_bulk.report.text import live, summary

from tests.house import TOP

OPERATIONS_PAGE = TOP / "docs" / "operations.md"
SCREENS = Path(__file__).parent / "screens"
MARKED = re.compile(r"(<!-- written: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def operations_page(text: str) -> str:
    """Return the page with what is written from the code written anew."""
    return MARKED.sub(lambda found: f"{found[1]}\n{WRITTEN[found[2]]()}\n{found[3]}", text)


def _recorded(name: str, kind: Any) -> Any:
    return msgspec.json.decode((SCREENS / f"{name}.json").read_bytes(), type=kind)


def _block(lines: list[str]) -> str:
    return "```text\n" + "\n".join(lines) + "\n```\n"


def _live() -> str:
    seen = json.loads((SCREENS / "minute-5.json").read_text())
    report = msgspec.convert(seen["report"], RunReport)
    return _block(live(report, seen["waits"], 80, 24, seen["rates"]))


def _summary() -> str:
    return _block(summary(_recorded("end", RunReport)))


def _history() -> str:
    return _block(history_lines(_recorded("history", list[PastLoad]), "TEN._SINGER_LOADS"))


def _explained() -> str:
    seen = json.loads((SCREENS / "explained.json").read_text())
    load = msgspec.convert(seen["load"], Explained)
    reported = msgspec.convert(seen["report"], LoadReport)
    return _block(explained_lines(load, seen["files"], reported)[:30])


def _fields() -> str:
    tables = (RunReport, StreamReport, LoadReport, StatementReport, Seconds, Failure)
    return "\n".join("\n".join(_fields_of(one)) + "\n" for one in tables)


def _fields_of(struct: type[msgspec.Struct]) -> Iterator[str]:
    yield f"**{struct.__name__}**: {(struct.__doc__ or '').splitlines()[0]}\n"
    yield "| field | meaning |\n|---|---|"
    for name, hint in get_type_hints(struct, include_extras=True).items():
        meta = next(one for one in get_args(hint) if isinstance(one, msgspec.Meta))
        kind = get_args(hint)[0]
        inner = next((one for one in get_args(kind) if isinstance(one, type) and issubclass(one, msgspec.Struct)), None)
        if inner is None and get_origin(kind) is None and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            inner = kind
        more = f" ({inner.__name__})" if inner else ""
        yield f"| `{name}` | {meta.description}{more} |"


WRITTEN = {"live": _live, "summary": _summary, "history": _history, "explained": _explained, "fields": _fields}
