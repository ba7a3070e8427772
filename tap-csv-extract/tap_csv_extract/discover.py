"""What a stream's columns are called and what kind each is, found by reading the files.

A small file set is read whole, a large one from the front of each file. A kind is given to a column only if every
value read fits it and every value would read back the same; in doubt a column is text.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tap_csv_extract.columns import converter, plain_integer, plain_timestamp, without_marks
from tap_csv_extract.config import FileSet
from tap_csv_extract.drift import ERROR, QUARANTINE, REMEDY, difference
from tap_csv_extract.errors import HeaderError
from tap_csv_extract.files import OpenFile
from tap_csv_extract.kinds import DECIMAL_DIGITS, Kind
from tap_csv_extract.source_file import SourceFile

logger = logging.getLogger("tap-csv-extract")

# Numbers of this name are labels, not quantities: a later "0151" would not fit an integer.
LABEL = re.compile(
    r"(?:^|_)(?:phone|mobile|fax|tel|telephone|msisdn|zip|zipcode|zip_code|postcode|postal_code|plz|ssn|iban|isbn|ean|"
    r"gtin|upc|imei|vin|account_number|card_number)(?:_|$)",
    re.IGNORECASE,
)
# Not -0.0: a DECIMAL column would give it back without its sign.
_DECIMAL = r"^(?:0|-?[1-9][0-9]*)(?:\.[0-9]+)?$|^-0\.[0-9]*[1-9][0-9]*$"
_OFFSET = r"(?:Z|[0-9][+-][0-9]{2}(?::?[0-9]{2})?)$"


@dataclass
class Candidate:
    """What is still possible for a column after the values seen so far."""

    possible: list[str]
    complete: Callable[[str, Kind], Kind]  # adds the formats of the settings
    seen: bool = False
    whole: int = 1  # most digits before the point
    scale: int = 0  # most digits after it
    offsets: set[bool] = field(default_factory=set)  # of timestamps: whether they have one

    def add(self, values: Any) -> None:
        """Strike out what these values do not fit."""
        values = pc.drop_null(values)
        if len(values) == 0 or not self.possible:
            return
        self.seen = True
        if self.possible[:2] == ["integer", "decimal"] and self._are_integers(values):
            kept, asked = self.possible[:2], self.possible[2:]
        else:
            kept, asked = [], self.possible
        self.possible = kept + [name for name in asked if self._fits(name, values)]

    def _are_integers(self, values: Any) -> bool:
        """Whether all are plain integers, which are decimals too; takes note of their digits."""
        if self.complete("", Kind("integer")).marked or plain_integer(Kind("integer"), values) is None:
            return False
        ends = pc.min_max(pc.cast(values, pa.int64())).as_py()
        self.whole = max(self.whole, *(len(str(abs(end))) for end in ends.values()))
        return self.whole + self.scale <= DECIMAL_DIGITS

    def _fits(self, name: str, values: Any) -> bool:
        if name == "timestamp" and self.complete("", Kind(name)).format is None and plain_timestamp(values) is not None:
            self.offsets.add(False)
            return len(self.offsets) == 1
        if name == "timestamp" and not self._offsets_agree(values):
            return False
        if name in ("date", "timestamp"):
            return _all_times(self.complete("", Kind(name)), values)
        kind = self.complete("", Kind(name))
        if kind.marked:
            values = without_marks(kind, values)
        pattern = _DECIMAL if name == "decimal" else Kind(name).pattern()
        if not pc.all(pc.match_substring_regex(values, pattern)).as_py():
            return False
        if name == "decimal":
            parts = pc.extract_regex(values, r"^-?(?P<whole>[0-9]+)(?:\.(?P<fraction>[0-9]+))?$")
            self.whole = max(self.whole, pc.max(pc.binary_length(parts.field("whole"))).as_py())
            self.scale = max(self.scale, pc.max(pc.binary_length(parts.field("fraction"))).as_py() or 0)
            return self.whole + self.scale <= DECIMAL_DIGITS
        return True

    def _offsets_agree(self, values: Any) -> bool:
        """Whether all values say their offset or none does: else it is not known when a part of them was."""
        offsets = pc.match_substring_regex(pc.utf8_slice_codeunits(values, 10), _OFFSET)
        self.offsets |= set(pc.unique(offsets).to_pylist())
        return len(self.offsets) == 1

    def kind(self) -> Kind:
        """The narrowest kind that fits, text if none does or nothing was seen."""
        if not self.seen or not self.possible:
            return Kind("string")
        name = self.possible[0]
        # A whole number too long for an integer is a label as well.
        if name == "decimal" and self.scale == 0:
            return Kind("string")
        return Kind("decimal", scale=self.scale) if name == "decimal" else Kind(name)


def _all_times(kind: Kind, values: Any) -> bool:
    # One value says most often that a column holds no times, at a small part of the cost.
    return not converter(kind)(values.slice(0, 1)).bad and not converter(kind)(values).bad


def _spread(files: Sequence[SourceFile], count: int) -> Sequence[SourceFile]:
    """Take `count` files evenly, the first and the last among them."""
    if len(files) <= count:
        return files
    last = len(files) - 1
    return [files[round(place * last / max(count - 1, 1))] for place in range(count)]


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
        whole = sum(int(file.stamp().get("size", 0)) for file in files) <= left
        if not whole:
            files = _spread(files, self._file_set.sample_files)
        for place, file in enumerate(files):
            # What a small file leaves of its share the others may use.
            left -= self._read_file(file, max(left if whole else left // (len(files) - place), 1))
        if not whole or left <= 0:
            logger.info(
                "stream %r: types come from a sample of %d bytes in %d files; a later value that does not fit its type "
                "is refused", self._file_set.stream, self._file_set.sample_bytes, len(files),
            )  # fmt: skip
        return {name: self._kind(name, candidate) for name, candidate in self._columns.items()}

    def _kind(self, name: str, candidate: Candidate) -> Kind:
        kind = self._file_set.kinds.get(name) or candidate.kind()
        if name not in self._file_set.kinds and (
            name == self._file_set.operation or (kind.name == "integer" and LABEL.search(name))
        ):
            kind = Kind("string")
        return self._file_set.kind(name, kind)

    def _read_file(self, file: SourceFile, share: int) -> int:
        opened = OpenFile(file, self._file_set, self._file_set.state_every_rows)
        try:
            if opened.names is None:
                return 0
            if not self._add_header(file.name, opened.names):
                return 0
            candidates = [self._columns[name] for name in opened.names]
            start = opened.start.offset
            for block in opened.blocks():
                _add_block(candidates, opened, block)
                if block.end - start >= share or not any(candidate.possible for candidate in candidates):
                    return block.end - start
            return opened.text.offset - start
        finally:
            opened.close()

    def _add_header(self, file: str, names: tuple[str, ...]) -> bool:
        """Take note of a file's columns; False if its drift leaves it unread."""
        if self._first is None:
            self._first = (file, names)
        found = difference(self._first[1], names)
        if found and self._file_set.drift == ERROR:
            raise HeaderError(
                f"{file}, header: {found}, compared with {self._first[0]}; {REMEDY}", code="CSV-HDR-DRIFT"
            )
        if found and self._file_set.drift == QUARANTINE:
            return False
        for name in names:
            if name not in self._columns:
                text = self._file_set.all_text or name in self._file_set.kinds
                self._columns[name] = Candidate([] if text else list(CANDIDATES), self._file_set.kind)
        return True


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
