"""How is this file written? Proposes an entry for `files`; a run never guesses, it does what the entry says.

encoding    from a byte order mark; else UTF-8 if the bytes are; else cp1252
comments    lines that begin with # before the first row
delimiter   the first of DELIMITERS that gives the most rows of one width of two or more
quote       " unless only ' gives rows of one width
lines to skip, before and after the rows of that width
header      the first row is one if its names are unique, are no values, and do not fit the column below them
null_values words such as NA that stand in columns whose other values are all numbers or dates
operation   the first field of every row is insert, update or delete, or their first letter
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tap_csv_extract.config import OperationValues
from tap_csv_extract.decode import head_of
from tap_csv_extract.dialect import Dialect
from tap_csv_extract.kinds import Kind
from tap_csv_extract.sources import SourceFile
from tap_csv_extract.tokens import Row, Tokenizer

HEAD_BYTES = 1 << 20
DELIMITERS = ("|", ",", "\t", ";", "^", "\x01", "~", "\x1f", ":", " ")
NULL_WORDS = ("NULL", "null", "NA", "N/A", "n/a", "\\N", "None", "nan", "NaN", "-")
MOST_LINES_AROUND = 20
TYPED = re.compile(
    "|".join(f"(?:{Kind(name).pattern()})" for name in ("integer", "number", "date", "timestamp", "boolean"))
)
NAME = re.compile(r"[^\W\d][\w .#/()%-]*")
OPERATION_WORDS = OperationValues().by_text().keys()


@dataclass(frozen=True)
class Table:
    """A reading of the file: the rows of the most frequent width, and how many lines stand around them."""

    dialect: Dialect
    rows: Sequence[Row]
    width: int
    skip_lines: int
    skip_footer_lines: int
    share: float  # of all rows, those around included, that have this width

    def texts(self, row: Row) -> list[str]:
        """The fields of a row."""
        return [(field or b"").decode(errors="replace") for field in row.fields]


def detect(file: SourceFile) -> dict[str, Any]:
    """Propose an entry of `files` for this file and others like it."""
    head, whole = head_of(file, HEAD_BYTES)
    encoding = _encoding(head, whole)
    text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head).removeprefix("\ufeff")
    if not whole:
        text = text[: max(text.rfind("\n"), text.rfind("\r")) + 1] or text
    table = _table(text.encode(), whole)
    return {"path": file.name, **_written(table, encoding)}


def _written(table: Table, encoding: str) -> dict[str, Any]:
    """What is not the default."""
    dialect = table.dialect
    entry: dict[str, Any] = {"delimiter": dialect.delimiter}
    if dialect.quote != '"':
        entry["quote"] = dialect.quote or ""
    if dialect.comment:
        entry["comment"] = dialect.comment
    if encoding != "utf-8":
        entry["encoding"] = encoding
    if table.skip_lines:
        entry["skip_lines"] = table.skip_lines
    if table.skip_footer_lines:
        entry["skip_footer_lines"] = table.skip_footer_lines
    rows = [table.texts(row) for row in table.rows]
    entry["header"] = _has_header(rows)
    body = rows[1:] if entry["header"] else rows
    nulls = _null_words(body)
    if nulls:
        entry["null_values"] = ["", *nulls]
    if body and {row[0].lower() for row in body} <= OPERATION_WORDS and table.width > 1:
        entry["operation"] = rows[0][0] if entry["header"] else "operation"
    return entry


def _encoding(head: bytes, whole: bool) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _table(data: bytes, whole: bool) -> Table:
    comment = "#" if re.match(rb"#", data) else None
    readings = [
        _reading(data, whole, Dialect(delimiter=delimiter, quote=quote, comment=comment, null_values=()))
        for quote in ('"', "'")
        for delimiter in DELIMITERS
    ]
    # max keeps the first of equals, so the order of DELIMITERS and of the quotes decides.
    return max(readings, key=lambda table: (table.width > 1, round(table.share, 2)))


def _reading(data: bytes, whole: bool, dialect: Dialect) -> Table:
    rows = list(Tokenizer(dialect).rows(data, 1, final=whole))
    widths = Counter(len(row.fields) for row in rows if not row.fault)
    if not widths:
        return Table(dialect, [], 1, 0, 0, 0.0)
    width = max(widths, key=lambda width: (widths[width], width))
    inside = [place for place, row in enumerate(rows) if len(row.fields) == width]
    first, last = inside[0], inside[-1]
    before, after = rows[first].line - 1 if first else 0, len(rows) - 1 - last
    if before > MOST_LINES_AROUND or after > MOST_LINES_AROUND or not whole:
        before, after = (before if before <= MOST_LINES_AROUND else 0), 0
    kept = rows[first if before else 0 : last + 1 if after else None]
    return Table(dialect, [row for row in kept if len(row.fields) == width], width, before, after,
                 widths[width] / len(rows))  # fmt: skip


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    if not rows:
        return False
    names, body = rows[0], rows[1:]
    if len(set(names)) < len(names) or not all(NAME.fullmatch(name) for name in names if name):
        return False
    if any(TYPED.match(name) for name in names) or not any(names):
        return False
    columns = list(zip(*body, strict=True))
    typed = [any(column) and all(TYPED.match(text) for text in column if text) for column in columns]
    if any(typed) or not body:
        return True
    # All columns are text: names do not come back as values, and are written like names.
    written = all(re.fullmatch(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*", name) for name in names)
    return written and all(name not in column for name, column in zip(names, columns, strict=True))


def _null_words(body: Sequence[Sequence[str]]) -> list[str]:
    found = []
    for column in zip(*body, strict=True):
        words = {text for text in column if text in NULL_WORDS}
        others = [text for text in column if text and text not in words]
        if words and others and all(TYPED.match(text) for text in others):
            found += [word for word in NULL_WORDS if word in words and word not in found]
    return found
