"""Is a buffer plain: does Arrow's CSV reader read it as the exact reader would? And where do its rows end?

It is plain if every quote that begins a field has its partner where RFC 4180 wants it, before a delimiter or a line
end, doubled quotes inside; quotes within unquoted fields are letters like others. Two things that Arrow does not know
are written so that it does, byte for byte, so that places stay what they are: a CR that ends a row becomes LF, and
what an escape character makes literal is named by control characters that the buffer does not hold, until the
fields are split.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tap_csv_extract.dialect import Dialect

Octets = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]

LF, CR = 10, 13
FEW, LONG = 256, 1 << 21  # a position takes eight bytes; below 2 MiB nothing is gained
# No CSV file needs them; where one holds them all the same the next is taken.
CONTROLS = (*range(1, 9), *range(14, 32))


@dataclass(frozen=True)
class Plain:
    """`text` is what Arrow reads, `ends` where rows end (past the line end), `stand_ins` what to undo in fields."""

    text: bytes
    ends: Positions
    stand_ins: Mapping[int, bytes] = field(default_factory=dict)  # the first stands for the escape character

    def first(self, count: int) -> Plain:
        """The whole rows at the front, at most `count`."""
        ends = self.ends[:count]
        return Plain(self.text[: ends[-1]] if len(ends) else b"", ends, self.stand_ins)


def plain(buffer: bytes, dialect: Dialect, final: bool) -> Plain | None:
    """Describe a plain buffer, None if it is not known to be one. `final`: nothing follows it."""
    if not dialect.simple or _may_hold_comment(buffer, dialect):
        return None
    text = buffer
    stand_ins: dict[int, bytes] = {}
    if dialect.escape and dialect.escape.encode() in buffer:
        named = _name_escaped(buffer, dialect)
        if named is None:
            return None
        text, stand_ins = named
    octets = np.frombuffer(text, np.uint8)
    quoted = _quoted_fields(octets, text, dialect, final)
    if quoted is None:
        return None
    if b"\r" in text and text.count(b"\r") != text.count(b"\r\n"):
        octets = _end_rows_by_lf(octets, quoted, final)
        text = octets.tobytes()
    ends = _line_feeds(octets, quoted) + 1
    if final and (len(ends) == 0 or ends[-1] != len(text)):
        ends = np.append(ends, len(text))
    return Plain(text, ends, stand_ins)


def _may_hold_comment(buffer: bytes, dialect: Dialect) -> bool:
    if not dialect.comment:
        return False
    mark = dialect.comment.encode()
    return buffer.startswith(mark) or b"\n" + mark in buffer or b"\r" + mark in buffer


def _name_escaped(buffer: bytes, dialect: Dialect) -> tuple[bytes, dict[int, bytes]] | None:
    """Write stand-ins for escape characters and what they make literal; None if they cannot be told."""
    assert dialect.escape is not None
    octets = np.frombuffer(buffer, np.uint8).copy()
    escape = ord(dialect.escape)
    specials = [escape, ord(dialect.delimiter), LF, CR, *([ord(dialect.quote)] if dialect.quote else [])]
    used = np.zeros(256, bool)
    used[octets] = True
    free = [code for code in CONTROLS if not used[code] and code not in specials][: len(specials) + 1]
    found = np.flatnonzero(octets == escape)
    # In a run of escape characters each second one is made literal by the one before it.
    begins = np.append(True, np.diff(found) != 1)
    place_in_run = np.arange(len(found)) - np.maximum.accumulate(np.where(begins, np.arange(len(found)), 0))
    active = found[place_in_run % 2 == 0]
    if len(free) <= len(specials) or active[-1] == len(octets) - 1:
        return None
    literal = octets[active + 1]
    for code, special in zip(free[1:], specials, strict=True):
        octets[active[literal == special] + 1] = code
    octets[active] = free[0]
    return octets.tobytes(), {free[0]: b"", **{code: bytes([s]) for code, s in zip(free[1:], specials, strict=True)}}


@dataclass(frozen=True)
class _Quoted:
    """Where quoted fields open and close. An open one at the end closes at the end of the buffer."""

    opens: Positions
    closes: Positions


_NONE = _Quoted(np.empty(0, np.int64), np.empty(0, np.int64))


def _line_feeds(octets: Octets, quoted: _Quoted) -> Positions:
    """Where rows end. A few long quoted fields are blotted out first: one may hold millions of line ends."""
    if not 0 < len(quoted.opens) <= FEW or len(octets) < LONG:
        return _outside(np.flatnonzero(octets == LF), quoted)
    visible = octets.copy()
    closes = np.append(quoted.closes, len(octets))[: len(quoted.opens)]
    for opens, close in zip(quoted.opens.tolist(), closes.tolist(), strict=True):
        visible[opens:close] = 0
    return np.flatnonzero(visible == LF)


def _outside(places: Positions, quoted: _Quoted) -> Positions:
    """Those of `places` that are in no quoted field."""
    if len(quoted.opens) == 0:
        return places
    inside = np.searchsorted(quoted.opens, places) - np.searchsorted(quoted.closes, places)
    return np.asarray(places[inside == 0], np.int64)


def _quoted_fields(octets: Octets, text: bytes, dialect: Dialect, final: bool) -> _Quoted | None:
    """Find the quoted fields; None if one does not end as it should."""
    quote = dialect.quote.encode() if dialect.quote else b""
    if not quote or quote not in text:
        return _NONE
    quotes = np.flatnonzero(octets == quote[0])
    opening = np.zeros(256, bool)
    opening[[ord(dialect.delimiter), LF, CR]] = True
    before = octets[quotes - 1]
    begins = opening[before]
    begins[0] |= quotes[0] == 0
    if not begins.any():
        return _NONE
    opening[quote[0]] = dialect.double_quote
    paired = opening[before]
    paired[0] |= quotes[0] == 0
    closing = opening[octets[np.minimum(quotes + 1, len(octets) - 1)]]
    closing[-1] |= quotes[-1] == len(octets) - 1
    if (len(quotes) % 2 == 0 or not final) and paired[0::2].all() and closing[1::2].all():
        return _Quoted(quotes[0::2], quotes[1::2])
    return _one_by_one(quotes, begins, closing, dialect.double_quote, final)


def _one_by_one(
    quotes: Positions, begins: npt.NDArray[np.bool_], closing: npt.NDArray[np.bool_], double: bool, final: bool
) -> _Quoted | None:
    """Go from quote to quote: there are some within unquoted fields."""
    places, starts, ends = quotes.tolist(), begins.tolist(), closing.tolist()
    opens: list[int] = []
    closes: list[int] = []
    number, count = 0, len(places)
    while number < count:
        if not starts[number]:
            number += 1
            continue
        opens.append(places[number])
        number += 1
        while double and number + 1 < count and places[number + 1] == places[number] + 1:
            number += 2
        if number >= count:
            if final:
                return None
            break
        if not ends[number]:
            return None
        closes.append(places[number])
        number += 1
    return _Quoted(np.array(opens, np.int64), np.array(closes, np.int64))


def _end_rows_by_lf(octets: Octets, quoted: _Quoted, final: bool) -> Octets:
    """Write LF for each CR that ends a row alone; one at the end of the buffer may be half of CR LF."""
    found = np.flatnonzero(octets == CR)
    following = np.append(octets[1:], 0 if final else LF)[found]
    changed = octets.copy()
    changed[_outside(found[following != LF], quoted)] = LF
    return np.asarray(changed, np.uint8)
