"""`--doctor`: is this configuration right? Files, dialect, types, first rows, drift and STATE of each stream.

Each step is tried whatever failed before, and nothing is written to a target. A step is (name, outcome, what was found,
what to do); in text of 80 columns, or as JSON.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tap_csv_extract.config import FileSet
from tap_csv_extract.detect import detect
from tap_csv_extract.discover import Discovery
from tap_csv_extract.drift import ERROR, REMEDY, difference
from tap_csv_extract.errors import TapError
from tap_csv_extract.files import OpenFile
from tap_csv_extract.masks import masks
from tap_csv_extract.source_file import SourceFile

OK, FAILED, SKIPPED = "ok", "FAILED", "-"
WIDTH, ROWS, CELL = 80, 5, 18
# So many headers are compared; a run compares all.
MAX_HEADERS = 100
_INDENT = " " * 17


@dataclass(frozen=True)
class Result:
    """What came of a step. rows: the first rows of a file, the names of their columns first."""

    stream: str
    step: str
    outcome: str
    found: str
    remedy: str = ""
    code: str = ""
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass
class _Examined:
    """One stream, and what its steps hand on."""

    file_set: FileSet
    files: Sequence[SourceFile] = ()
    state: Mapping[str, Any] | None = None

    def steps(self, list_files: Callable[[FileSet], list[SourceFile]]) -> Iterator[Result]:
        """Yield what comes of each step."""
        listed = self._tried("files", lambda: self._list(list_files))
        yield listed
        if listed.outcome is not OK:
            yield from (self._result(step, SKIPPED, "needs 'files'") for step in ("dialect", "drift", "types", "rows"))
            return
        yield self._tried("dialect", self._dialect)
        yield self._tried("drift", self._drift)
        yield self._tried("types", self._types)
        yield self._rows()
        if self.state is not None:
            yield self._tried("state", self._state)

    def _result(self, step: str, outcome: str, found: str, remedy: str = "", **more: Any) -> Result:
        return Result(self.file_set.stream, step, outcome, masks.masked(found), masks.masked(remedy), **more)

    def _tried(self, step: str, find: Callable[[], str]) -> Result:
        try:
            return self._result(step, OK, find())
        except TapError as error:
            found, _, remedy = error.text.partition("; ")
            return self._result(step, FAILED, found, remedy, code=error.code)

    def _list(self, list_files: Callable[[FileSet], list[SourceFile]]) -> str:
        self.files = list_files(self.file_set)
        if not self.files:
            raise TapError(f"no file matches {list(self.file_set.paths)}; correct 'path'", code="CSV-CFG-PATH")
        size = sum(int(file.stamp().get("size", 0)) for file in self.files)
        return f"{len(self.files)}, {size:,} bytes; the first is {self.files[0].name}"

    def _dialect(self) -> str:
        """Compare what the first file looks like with what the entry says."""
        proposed, set_to = detect(self.files[0]), self.file_set.dialect
        ours = {"delimiter": set_to.delimiter, "encoding": set_to.encoding}
        other = {name: proposed[name] for name, value in ours.items() if name in proposed and proposed[name] != value}
        if "delimiter" in other:
            raise TapError(
                f"the first file looks as if its delimiter were {other['delimiter']!r}, it is set to "
                f"{ours['delimiter']!r}; set 'delimiter', or see --detect {self.files[0].name}",
                code="CSV-HDR-DELIMITER",
            )
        looks = f"; it looks like {other}" if other else ""
        return f"delimiter {ours['delimiter']!r}, encoding {ours['encoding']}, as the entry says{looks}"

    def _drift(self) -> str:
        """Compare the headers of the files with that of the first."""
        first: tuple[str, ...] | None = None
        for file in self.files[:MAX_HEADERS]:
            opened = OpenFile(file, self.file_set, self.file_set.state_every_rows)
            opened.close()
            if opened.names is None:
                continue
            first = first or opened.names
            found = difference(first, opened.names)
            if found and self.file_set.drift == ERROR:
                raise TapError(
                    f"{file.name}, header: {found}, compared with the first file; {REMEDY}", code="CSV-HDR-DRIFT"
                )
            if found:
                return f"{file.name}: {found}; drift is {self.file_set.drift}"
        return f"none in {min(len(self.files), MAX_HEADERS)} headers"

    def _types(self) -> str:
        kinds = Discovery(self.file_set).read(self.files)
        if not kinds:
            raise TapError("no file has a whole row; name the columns in 'header'", code="CSV-CFG-NO-COLUMNS")
        lacking = [
            f"{setting!r} names {name!r}"
            for name, setting in self.file_set.required_columns.items()
            if name not in kinds and name not in self.file_set.added_columns
        ]
        if lacking:
            raise TapError(
                f"{', '.join(lacking)}, and the files have {', '.join(kinds)}; correct it", code="CSV-CFG-COLUMN"
            )
        return ", ".join(f"{name} {kind.title}" for name, kind in kinds.items())

    def _rows(self) -> Result:
        try:
            opened = OpenFile(self.files[0], self.file_set, ROWS)
            try:
                block = next(iter(opened.blocks()), None)
                rows = opened.rows(block)[:ROWS] if block is not None else []
                faults = [fault for row in rows if (fault := opened.fault(row)) is not None]
            finally:
                opened.close()
        except TapError as error:
            found, _, remedy = error.text.partition("; ")
            return self._result("rows", FAILED, found, remedy, code=error.code)
        if faults:
            found, _, remedy = faults[0].reason.partition("; ")
            return self._result("rows", FAILED, f"{self.files[0].name}: a row {found}", remedy, code=faults[0].code)
        shown = [tuple(_cell(field) for field in row.fields) for row in rows]
        return self._result("rows", OK, f"the first {len(rows)}", rows=((opened.names or ()), *shown))

    def _state(self) -> str:
        """Say what the STATE knows of these files."""
        marks = (self.state or {}).get("bookmarks", {}).get(self.file_set.stream, {}).get("files", {})
        names = {file.name for file in self.files}
        done = sum(1 for name, mark in marks.items() if name in names and mark.get("done"))
        begun = sum(1 for name, mark in marks.items() if name in names and not mark.get("done"))
        gone = sum(1 for name in marks if name not in names)
        new = len(names - marks.keys())
        return f"{done} files read to their end, {begun} begun, {new} new, {gone} no longer there"


def _cell(field: bytes | None) -> str:
    if field is None:
        return "NULL"
    text = field.decode(errors="replace").replace("\n", "\\n")
    return text if len(text) <= CELL else text[: CELL - 3] + "..."


def examined(
    file_sets: Sequence[FileSet],
    list_files: Callable[[FileSet], list[SourceFile]],
    state: Mapping[str, Any] | None = None,
) -> Iterator[Result]:
    """Yield what comes of each step of each stream."""
    for file_set in file_sets:
        yield from _Examined(file_set, state=state).steps(list_files)


def lines_of(result: Result) -> list[str]:
    """Return what is shown of a step, in 80 columns."""
    begin = f"{result.outcome:<7} {result.step:<9}"
    wrap: dict[str, Any] = {"width": WIDTH, "break_long_words": False, "break_on_hyphens": False}
    lines = textwrap.wrap(result.found or "-", initial_indent=begin, subsequent_indent=_INDENT, **wrap)
    if result.remedy:
        lines += textwrap.wrap(f"do: {result.remedy}", initial_indent=_INDENT, subsequent_indent=_INDENT, **wrap)
    if result.code:
        lines.append(f"{_INDENT}see: docs/errors.md#{result.code.lower()}")
    return [*lines, *_table(result.rows)]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return rows below one another: as many columns as there is room for, and how many are left out."""
    if not rows:
        return []
    widths = [max(len(_cut(row[place])) for row in rows if place < len(row)) for place in range(len(rows[0]))]
    fitting, room = 0, WIDTH - 4
    while fitting < len(widths) and room >= widths[fitting]:
        room -= widths[fitting] + 2
        fitting += 1
    cells = [[_cut(cell).ljust(width) for cell, width in zip(row, widths[:fitting], strict=False)] for row in rows]
    lines = [("    " + "  ".join(row)).rstrip() for row in cells]
    lines.insert(1, "    " + "  ".join("-" * width for width in widths[:fitting]))
    more = len(widths) - fitting
    return ["", *lines, *([f"    and {more} more columns"] if more else []), ""]


def _cut(cell: str) -> str:
    return cell if len(cell) <= CELL else cell[: CELL - 3] + "..."


def as_json(version: str, results: Sequence[Result]) -> str:
    """Return one JSON document."""
    failed = any(one.outcome is not OK for one in results)
    document = {"command": "tap-csv-extract", "version": version, "ok": not failed}
    return json.dumps({**document, "steps": [asdict(one) for one in results]}, indent=2)


def ask(tap: Any, config: Any, state: Mapping[str, Any] | None, *, is_json: bool) -> tuple[str, bool]:
    """Return the listing, and whether all is well. tap: the class of the tap; config: what --config has given."""
    results: list[Result] = []
    try:
        sets, list_files = tap.examined(config)
        results.append(Result("", "settings", OK, f"{len(sets)} streams: {', '.join(one.stream for one in sets)}"))
        results += examined(sets, list_files, state)
    except TapError as error:
        found, _, remedy = error.text.partition("; ")
        results.append(Result("", "settings", FAILED, masks.masked(found), masks.masked(remedy), error.code))
    well = all(one.outcome is OK for one in results)
    return (as_json(tap.plugin_version, results) if is_json else _text(tap.plugin_version, results, well)), well


def _text(version: str, results: Sequence[Result], well: bool) -> str:
    lines = [f"tap-csv-extract {version}: is this configuration right?"]
    stream = None
    for result in results:
        if result.stream != stream:
            stream = result.stream
            lines += ["", *([f"stream {stream}"] if stream else [])]
        lines += lines_of(result)
    failed = sum(one.outcome is FAILED for one in results)
    end = "all of it can be read" if well else f"{failed} failed: mend the first, then ask again"
    return "\n".join([*lines, "", end])
