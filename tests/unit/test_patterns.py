"""The patterns of whole columns say what the standard library says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from itertools import product

from singer_bulk.encode.patterns import CLOCK, DAY, SEPARATOR, one_value, whole_column


def exists(read: Callable[[str], object], text: str) -> bool:
    try:
        read(text)
    except ValueError:
        return False
    return True


def test_days() -> None:
    """A day is one that the calendar has, in leap years, in centuries, in the first year and the last."""
    is_day = one_value([DAY])
    for year, month, day in product((0, 1, 4, 96, 100, 400, 1900, 1999, 2000, 2024, 9999), range(14), range(33)):
        text = f"{year:04}-{month:02}-{day:02}"
        assert is_day(text.encode()) == exists(date.fromisoformat, text), text


def test_clocks() -> None:
    """A time of day has 24 hours of 60 minutes of 60 seconds."""
    is_clock = one_value([CLOCK])
    for hour, minute, second in product((0, 9, 10, 19, 20, 23, 25, 30), (0, 9, 59, 60, 99), (0, 9, 59, 60, 99)):
        text = f"{hour:02}:{minute:02}:{second:02}"
        assert is_clock(text.encode()) == exists(time.fromisoformat, text), text


def test_a_column_matches_as_a_whole() -> None:
    """One value that does not match is enough, wherever it stands; null always matches."""
    are_digits = whole_column(("[0-9]+",))
    good = [b"1", b"null", b"22"]
    assert are_digits(b"".join(SEPARATOR + value for value in good))
    for position in range(4):
        for bad in (b"x", b"", b"1 ", b"nulls", b"1\n"):
            values = [*good[:position], bad, *good[position:]]
            assert not are_digits(b"".join(SEPARATOR + value for value in values)), (position, bad)
