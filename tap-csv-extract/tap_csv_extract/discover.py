"""What a stream's columns are called and what kind each is, found by reading the files.

A small file set is read whole, a large one from the front of each file. A kind is given to a column only if every
value read fits it and every value would read back the same; in doubt a column is text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tap_csv_extract.config import FileSet
from tap_csv_extract.errors import HeaderError
from tap_csv_extract.files import OpenFile
from tap_csv_extract.kinds import DECIMAL_DIGITS, Kind
from tap_csv_extract.sources import SourceFile

logger = logging.getLogger("tap-csv-extract")

# Numbers of this name are labels, not quantities: a later "0151" would not fit an integer.
LABEL = re.compile(
    r"(?:^|_)(?:phone|mobile|fax|tel|telephone|msisdn|zip|zipcode|zip_code|postcode|postal_code|plz|ssn|iban|isbn|ean|"
    r"gtin|upc|imei|vin|account_number|card_number)(?:_|$)",
    re.IGNORECASE,
)
_DECIMAL = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"


@dataclass
class Candidate:
    """What is still possible for a column after the values seen so far."""

    possible: list[str]
    seen: bool = False
    whole: int = 1  # most digits before the point
    scale: int = 0  # most digits after it

    def add(self, values: Any) -> None:
        """Strike out what these values do not fit."""
        values = pc.drop_null(values)
        if len(values) == 0 or not self.possible:
            return
        self.seen = True
        self.possible = [name for name in self.possible if self._fits(name, values)]

    def _fits(self, name: str, values: Any) -> bool:
        pattern = _DECIMAL if name == "decimal" else Kind(name).pattern()
        if not pc.all(pc.match_substring_regex(values, pattern)).as_py():
            return False
        if name in ("date", "timestamp"):
            from tap_csv_extract.columns import converter

            return not converter(Kind(name))(values).bad
        if name == "decimal":
            parts = pc.extract_regex(values, r"^-?(?P<whole>[0-9]+)(?:\.(?P<fraction>[0-9]+))?$")
            self.whole = max(self.whole, pc.max(pc.binary_length(parts.field("whole"))).as_py())
            self.scale = max(self.scale, pc.max(pc.binary_length(parts.field("fraction"))).as_py() or 0)
            return self.whole + self.scale <= DECIMAL_DIGITS
        return True

    def kind(self) -> Kind:
        """The narrowest kind that fits, text if none does or nothing was seen."""
        if not self.seen or not self.possible:
            return Kind("string")
        name = self.possible[0]
        # A whole number too long for an integer is a label as well.
        if name == "decimal" and self.scale == 0:
            return Kind("string")
        return Kind("decimal", scale=self.scale) if name == "decimal" else Kind(name)


# In this order: the first that fits is taken.
CANDIDATES = ["integer", "decimal", "date", "timestamp", "boolean"]


class Discovery:
    """The columns of a stream, in the order in which the files bring them."""

    def __init__(self, file_set: FileSet) -> None:
        self._file_set = file_set
        self._columns: dict[str, Candidate] = {}
        self._first: tuple[str, tuple[str, ...]] | None = None

    def read(self, files: Sequence[SourceFile]) -> dict[str, Kind]:
        """Read the files and return each column's kind."""
        left = self._file_set.sample_bytes
        sizes = [int(file.stamp().get("size", 0)) for file in files]
        whole = sum(sizes) <= left
        for place, file in enumerate(files):
            # What a small file leaves of its share the others may use.
            share = left if whole else max(left // (len(files) - place), 1)
            left -= self._read_file(file, share)
        if not whole:
            logger.info(
                "stream %r: types come from a sample of %d bytes", self._file_set.stream, self._file_set.sample_bytes
            )
        return {name: self._kind(name, candidate) for name, candidate in self._columns.items()}

    def _kind(self, name: str, candidate: Candidate) -> Kind:
        declared = self._file_set.kinds.get(name)
        if declared is not None:
            return declared
        kind = candidate.kind()
        if name == self._file_set.operation or (kind.name == "integer" and LABEL.search(name)):
            return Kind("string")
        return kind

    def _read_file(self, file: SourceFile, share: int) -> int:
        opened = OpenFile(file, self._file_set, self._file_set.state_every_rows)
        try:
            if opened.names is None:
                return 0
            self._add_header(file.name, opened.names)
            candidates = [self._columns[name] for name in opened.names]
            start = opened.start.offset
            for block in opened.blocks():
                _add_block(candidates, opened, block)
                if block.end - start >= share or not any(candidate.possible for candidate in candidates):
                    return block.end - start
            return opened.text.offset - start
        finally:
            opened.close()

    def _add_header(self, file: str, names: Iterable[str]) -> None:
        names = tuple(names)
        if self._first is None:
            self._first = (file, names)
        for name in names:
            if name not in self._columns:
                text = self._file_set.all_text or name in self._file_set.kinds
                self._columns[name] = Candidate([] if text else list(CANDIDATES))
        check_same_columns(self._first[0], self._first[1], file, names)


def check_same_columns(first: str, expected: Iterable[str], file: str, names: Iterable[str]) -> None:
    """Raise HeaderError if two files have not the same columns; their order is free."""
    more, fewer = sorted(set(names) - set(expected)), sorted(set(expected) - set(names))
    if more or fewer:
        differences = [f"has {more} more"] if more else []
        differences += [f"lacks {fewer}"] if fewer else []
        raise HeaderError(f"{file}, header: {' and '.join(differences)}, compared with {first}")


def _add_block(candidates: Sequence[Candidate], opened: OpenFile, block: Any) -> None:
    fields = opened.fields(block)
    if fields is not None:
        columns = fields.columns
    else:
        # Rows that cannot be read say nothing about types; the sync reports them.
        rows = [row for row in opened.rows(block) if opened.fault(row) is None]
        columns = [
            pa.array([row.fields[i] for row in rows], pa.binary()).cast(pa.string()) for i in range(len(candidates))
        ]
    for candidate, values in zip(candidates, columns, strict=True):
        candidate.add(values)
