"""Names of columns: from the header row, from the settings, and unique in any case."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tap_csv_extract.errors import HeaderError, cut

# Excel writes and reads a first line that says what the delimiter is.
_CHARACTER = rb"(?:[\x00-\x09\x0b\x0c\x0e-\x7f]|[\xc2-\xf4][\x80-\xbf]+)"
SEPARATOR_LINE = re.compile(rb"\"?sep=(" + _CHARACTER + rb")\"?(?:\r\n?|\n|\Z)", re.IGNORECASE)
SEPARATOR_BYTES = 16
OTHER_DELIMITERS = ",;|\t^~\x01\x1f"
NAME = re.compile(r"[^\W\d](?:[\w .#/()%-]*[\w.)%])?")
MARKUP = re.compile(rb"\s*<(?:\?xml|!doctype|html)\b", re.IGNORECASE)
# Redshift takes 1,600 columns, Snowflake some thousands; a million take gigabytes here.
MOST_COLUMNS = 100_000


def column_names(fields: Sequence[str | None]) -> tuple[str, ...]:
    """Give every column a name of its own.

    A blank name becomes `column_N` (N counts from 1), a name that was there already gets `_2`, `_3`, ... until it
    is new. The same header gives the same names in every run.

    >>> column_names(["id", "", "id", "id_2"])
    ('id', 'column_2', 'id_3', 'id_2')
    """
    given = [field or "" for field in fields]
    taken = {name for name in given if name.strip()}
    seen: set[str] = set()
    numbers: dict[str, int] = {}
    names = []
    for place, name in enumerate(given, start=1):
        if not name.strip():
            name = _free(f"column_{place}", taken, numbers)
        elif name in seen:
            name = _free(name, taken, numbers)
        seen.add(name)
        taken.add(name)
        names.append(name)
    return tuple(names)


def _free(name: str, taken: set[str], numbers: dict[str, int]) -> str:
    """A name that is new; `numbers` keeps what was tried, else many columns of one name take a day."""
    if name not in taken:
        return name
    number = numbers.get(name, 2)
    while f"{name}_{number}" in taken:
        number += 1
    numbers[name] = number + 1
    return f"{name}_{number}"


def refuse_what_is_no_header(file: str, header: bytes, names: Sequence[str], delimiter: str) -> None:
    """Raise HeaderError for a header that is no row of names by this delimiter, and say what it seems to be."""
    if len(names) > MOST_COLUMNS:
        raise HeaderError(
            f"{file}, header: has {len(names)} columns, more than {MOST_COLUMNS}; correct 'delimiter'",
            code="CSV-HDR-DELIMITER",
        )
    if b"\0" in header:
        raise HeaderError(
            f"{file}, header: holds NUL characters, as UTF-16 without a byte order mark does, or a file that is no "
            "text (an archive, a database); set 'encoding' to utf-16-le or utf-16-be, or correct 'path'",
            code="CSV-SRC-ENCODING",
        )
    if MARKUP.match(header):
        raise HeaderError(
            f"{file}, header: begins as XML or HTML does, and not as CSV; export it as CSV (an expired link "
            "gives a page that asks for a login)",
            code="CSV-SRC-FORMAT",
        )
    if len(names) == 1:
        for other in OTHER_DELIMITERS.replace(delimiter, ""):
            if all(NAME.fullmatch(part) for part in names[0].split(other)) and other in names[0]:
                raise HeaderError(
                    f"{file}, header: is one column {cut(names[0])} by the delimiter {delimiter!r}, and several by "
                    f"{other!r}; set 'delimiter', or name the column in 'header' and set 'skip_lines' to 1",
                    code="CSV-HDR-DELIMITER",
                )
