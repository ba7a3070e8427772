"""How is this file written? Proposes an entry for `files`; a run never guesses, it does what the entry says.

encoding    from a byte order mark; else UTF-8 if the bytes are; else cp1252
comments    lines that begin with # before the first row
delimiter   the first of DELIMITERS that gives the most rows of one width of two or more
quote       " unless only ' gives rows of one width
lines to skip, before and after the rows of that width
header      the first row is one if its names are unique, are no values, and do not fit the column below them, or are
            words that name columns; left out where this cannot be told (then the run takes it for one)
escape      a backslash if quotes that one stands before are part of their field
null_values words such as NA that stand in columns whose other values are all numbers or dates
operation   the first field of every row is insert, update or delete, or their first letter
"""

from __future__ import annotations

import codecs
import logging
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tap_csv_extract.config import OperationValues
from tap_csv_extract.decode import head_of
from tap_csv_extract.dialect import Dialect
from tap_csv_extract.header import SEPARATOR_LINE
from tap_csv_extract.kinds import Kind
from tap_csv_extract.source_file import SourceFile
from tap_csv_extract.tokens import Row, Tokenizer

logger = logging.getLogger("tap-csv-extract")

HEAD_BYTES = 1 << 20
DELIMITERS = ("|", ",", "\t", ";", "^", "\x01", "~", "\x1f", ":", " ")
NULL_WORDS = ("NULL", "null", "NA", "N/A", "n/a", "\\N", "None", "nan", "NaN", "-")
MOST_LINES_AROUND = 20
TYPED = re.compile(
    "|".join(f"(?:{Kind(name).pattern()})" for name in ("integer", "number", "date", "timestamp", "boolean"))
)
# What is written in a way that only types with a format or marks take.
LOOSELY_TYPED = re.compile(
    r"[+-]?[$€£]? ?[0-9]{1,3}(?:[.,' ][0-9]{3})*(?:[.,][0-9]+)? ?[$€£%]?|[0-9]{1,4}[./-][0-9]{1,2}[./-][0-9]{1,4}.*"
)
NAME = re.compile(r"(?=.*[^\W\d_])[^\x00-\x1f]{1,100}")
# Words that are names of columns rather than values, in the languages that exports come in.
COLUMN_WORD = re.compile(
    "id|ids|key|code|number|num|no|nr|name|names|first|last|given|middle|surname|firstname|lastname|fullname|"
    "title|date|time|datetime|timestamp|created|updated|modified|deleted|at|day|month|year|week|address|street|"
    "city|town|zip|plz|postcode|state|province|region|country|email|mail|phone|mobile|fax|url|website|company|"
    "customer|client|user|account|order|item|product|sku|price|amount|qty|quantity|total|subtotal|sum|tax|vat|"
    "discount|currency|status|type|category|group|description|comment|comments|note|notes|text|value|values|count|"
    "rate|percent|start|end|from|to|source|target|gender|sex|age|birthday|birthdate|department|position|role|"
    "language|kunde|kunden|kundennummer|kundennr|datum|zeit|uhrzeit|betrag|menge|anzahl|preis|summe|gesamt|steuer|"
    "mwst|rabatt|nummer|bezeichnung|beschreibung|bemerkung|vorname|nachname|anrede|firma|strasse|straße|ort|stadt|"
    "land|telefon|artikel|artikelnummer|bestellung|rechnung|konto|währung|einheit|typ|art|kategorie|nom|prenom|"
    "prénom|adresse|ville|pays|montant|prix|quantité|quantite|numero|numéro|libellé|libelle|nombre|apellido|"
    "apellidos|direccion|dirección|ciudad|pais|país|fecha|hora|precio|cantidad|importe|cliente|correo|nome|"
    "cognome|indirizzo|città|citta|paese|data|ora|prezzo|quantità|naam|achternaam|adres|plaats|bedrag|aantal"
)
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
    data = text.encode()
    named = SEPARATOR_LINE.match(data)
    if named:  # a run leaves this line out
        data = data[named.end() :]
    table = _table(data, whole, [named[1].decode()] if named else DELIMITERS)
    return {"path": file.name, **_written(table, encoding)}


def _written(table: Table, encoding: str) -> dict[str, Any]:
    """What is not the default."""
    dialect = table.dialect
    entry: dict[str, Any] = {"delimiter": dialect.delimiter}
    if dialect.quote != '"':
        entry["quote"] = dialect.quote or ""
    if dialect.escape:
        entry["escape"] = dialect.escape
    if dialect.comment:
        entry["comment"] = dialect.comment
    if encoding != "utf-8":
        entry["encoding"] = encoding
    if table.skip_lines:
        entry["skip_lines"] = table.skip_lines
    if table.skip_footer_lines:
        entry["skip_footer_lines"] = table.skip_footer_lines
    rows = [table.texts(row) for row in table.rows]
    header = _has_header(rows)
    if header is None:
        logger.warning(
            "whether the first row is a header cannot be told; a run takes it for one; else set 'header' to false"
        )
    else:
        entry["header"] = header
    body = rows if header is False else rows[1:]
    nulls = _null_words(body)
    if nulls:
        entry["null_values"] = ["", *nulls]
    if body and {row[0].lower() for row in body} <= OPERATION_WORDS and table.width > 1:
        entry["operation"] = "operation" if header is False else rows[0][0]
    return entry


def _encoding(head: bytes, whole: bool) -> str:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=whole)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _table(data: bytes, whole: bool, delimiters: Sequence[str]) -> Table:
    comment = "#" if re.match(rb"#", data) else None
    plain = [('"', None), ("'", None)]
    # Read as they are, backslashes before quotes leave text behind closing quotes.
    marks = [(quote, "\\") for quote, _ in plain if f"\\{quote}".encode() in data] + plain
    readings = [
        _reading(data, whole, Dialect(delimiter=delimiter, quote=quote, escape=escape, comment=comment, null_values=()))
        for quote, escape in marks
        for delimiter in delimiters
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


def _has_header(rows: Sequence[Sequence[str]]) -> bool | None:
    """Whether the first row names the columns; None if it cannot be told."""
    if not rows:
        return False
    names, body = rows[0], rows[1:]
    if len(set(names)) < len(names) or not all(NAME.fullmatch(name) for name in names if name) or not any(names):
        return False
    if any(TYPED.match(name) or LOOSELY_TYPED.fullmatch(name) for name in names):
        return False
    columns = list(zip(*body, strict=True))
    if not body or any(_is_typed(column) for column in columns):
        return True
    # All columns are text: names do not come back as values, and are written like names.
    if any(name in column for name, column in zip(names, columns, strict=True)):
        return False
    if all(re.fullmatch(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*", name) for name in names):
        return True
    return True if any(any(map(COLUMN_WORD.fullmatch, _words(name))) for name in names) else None


def _is_typed(column: Sequence[str]) -> bool:
    return any(column) and all(TYPED.match(text) or LOOSELY_TYPED.fullmatch(text) for text in column if text)


def _words(name: str) -> set[str]:
    """The words of a name: firstName, first_name and First Name are two each."""
    return {word.lower() for word in re.findall(r"[^\W\d_][^\W\d_A-ZÄÖÜÉ]*|[^\W\d_]+", name)} | {name.lower()}


def _null_words(body: Sequence[Sequence[str]]) -> list[str]:
    found = []
    for column in zip(*body, strict=True):
        words = {text for text in column if text in NULL_WORDS}
        others = [text for text in column if text and text not in words]
        if words and others and all(TYPED.match(text) for text in others):
            found += [word for word in NULL_WORDS if word in words and word not in found]
    return found
