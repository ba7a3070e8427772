"""Text to dates and times and back, by Snowflake's format elements.

In and out: DATE is a number of days, the others nanoseconds as `types` stores them.
https://docs.snowflake.com/en/sql-reference/date-time-input-output
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache

import pytz  # type: ignore[import-untyped]

from local_warehouse.snowflake.errors import SqlError, Unsupported

EPOCH_DAY = date(1970, 1, 1).toordinal()
DAY_NS = 86_400_000_000_000
_EPOCH = datetime(1970, 1, 1)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONG_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_ELEMENT = re.compile(
    r"YYYY|UUUU|YY|Y|MMMM|MON|MO|MM|MI|ME|DD|DY|D|HH24|HH12|HH|H24|H12|H|SS|S|FF[0-9]?|AM|PM|P"
    r'|TZH:TZM|TZHTZM|TZH|TZM|TZD|"[^"]*"|.',
    re.IGNORECASE | re.DOTALL,
)
# "When parsing text, Snowflake accepts up to the specified number of digits"; names of months in both lengths.
_MONTH_NAMES = f"(?P<B>{'|'.join((*LONG_MONTHS, *MONTHS))})"
_HOUR, _HALF = r"(?P<H>\d{1,2})", r"(?P<h>\d{1,2})"
_PATTERNS = {
    "YYYY": r"(?P<Y>\d{1,4})", "YY": r"(?P<y>\d{1,2})", "Y": r"(?P<y>\d{1,2})", "MM": r"(?P<M>\d{1,2})",
    "MO": r"(?P<M>\d{1,2})", "MON": _MONTH_NAMES, "MMMM": _MONTH_NAMES, "DD": r"(?P<D>\d{1,2})", "D": r"(?P<D>\d{1,2})",
    "DY": f"(?:{'|'.join(DAYS)})", "HH24": _HOUR, "HH": _HOUR, "H24": _HOUR, "H": _HOUR, "HH12": _HALF, "H12": _HALF,
    "MI": r"(?P<m>\d{1,2})", "ME": r"(?P<m>\d{1,2})", "SS": r"(?P<s>\d{1,2})", "S": r"(?P<s>\d{1,2})",
    "AM": r"(?P<p>[AP]M)", "PM": r"(?P<p>[AP]M)", "P": r"(?P<p>[AP])",
    "TZH:TZM": r"(?P<z>[+-]\d{1,2}):(?P<w>\d{1,2})", "TZHTZM": r"(?P<z>[+-]\d{1,2})(?P<w>\d{1,2})",
    "TZH": r"(?P<z>[+-]\d{1,2})", "TZM": r"(?P<w>\d{1,2})",
}  # fmt: skip
_RFC = (
    "DY, DD MON YYYY HH24:MI:SS", "DY, DD MON YYYY HH24:MI:SS.FF", "DY, DD MON YYYY HH12:MI:SS AM",
    "DY, DD MON YYYY HH12:MI:SS.FF AM",
)  # fmt: skip
# The tables of "Supported formats for AUTO detection", and a date alone (midnight).
AUTO = {
    "DATE": ("YYYY-MM-DD", "DD-MON-YYYY", "MM/DD/YYYY"),
    "TIME": (
        "HH24:MI:SS.FFTZH:TZM", "HH24:MI:SS.FF", "HH24:MI:SS", "HH24:MI", "HH12:MI:SS.FF AM", "HH12:MI:SS AM",
        "HH12:MI AM",
    ),
    "TIMESTAMP": (
        'YYYY-MM-DD"T"HH24:MI:SS.FFTZH:TZM', "YYYY-MM-DD HH24:MI:SS.FFTZH:TZM", "YYYY-MM-DD HH24:MI:SS.FFTZH",
        "YYYY-MM-DD HH24:MI:SS.FF TZH:TZM", "YYYY-MM-DD HH24:MI:SS.FF TZHTZM", "YYYY-MM-DD HH24:MI:SS TZH:TZM",
        "YYYY-MM-DD HH24:MI:SS TZHTZM", 'YYYY-MM-DD"T"HH24:MI:SS.FF', "YYYY-MM-DD HH24:MI:SS.FF",
        'YYYY-MM-DD"T"HH24:MI:SS', "YYYY-MM-DD HH24:MI:SS", 'YYYY-MM-DD"T"HH24:MI', "YYYY-MM-DD HH24:MI",
        'YYYY-MM-DD"T"HH24', "YYYY-MM-DD HH24", 'YYYY-MM-DD"T"HH24:MI:SSTZH:TZM', "YYYY-MM-DD HH24:MI:SSTZH:TZM",
        "YYYY-MM-DD HH24:MI:SSTZH", 'YYYY-MM-DD"T"HH24:MITZH:TZM', "YYYY-MM-DD HH24:MITZH:TZM",
        *(f"{one} TZHTZM" for one in _RFC), *_RFC, "MM/DD/YYYY HH24:MI:SS", "DY MON DD HH24:MI:SS TZHTZM YYYY",
        "YYYY-MM-DD",
    ),
}  # fmt: skip
# AUTO reads text of digits as an epoch; its size tells the unit: seconds, milli-, micro-, nanoseconds.
_EPOCH_UNITS = ((31_536_000_000, 10**9), (31_536_000_000_000, 10**6), (31_536_000_000_000_000, 10**3))
OUTPUT = {
    "DATE": "YYYY-MM-DD", "TIME": "HH24:MI:SS", "TIMESTAMP_NTZ": "YYYY-MM-DD HH24:MI:SS.FF3",
    "TIMESTAMP_LTZ": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM", "TIMESTAMP_TZ": "YYYY-MM-DD HH24:MI:SS.FF3 TZHTZM",
}  # fmt: skip


@lru_cache(512)
def elements(format_: str) -> tuple[str, ...]:
    """A format, cut into elements (upper case) and literal texts (as they are)."""
    found: list[str] = []
    for part in _ELEMENT.findall(format_):
        upper = part.upper()
        if upper in ("TZD", "UUUU"):
            raise Unsupported(f"format element {upper}")
        is_element = upper in _PATTERNS or upper.startswith("FF")
        found.append(upper if is_element else part)
    return tuple(found)


@lru_cache(512)
def pattern(format_: str) -> re.Pattern[str]:
    """What text in this format looks like."""
    out = ""
    for part in elements(format_):
        if part.startswith("FF") and len(part) <= 3:
            digits = int(part[2:] or "9")
            out += rf"(?P<f>\d{{1,{digits}}})" if digits else ""
        elif part in _PATTERNS:
            out += _PATTERNS[part]
        else:
            out += re.escape(part[1:-1] if part.startswith('"') and len(part) > 1 else part)
    try:
        return re.compile(out, re.IGNORECASE)
    except re.error:  # an element twice
        raise SqlError(f"Bad date/time format '{format_}'", 100095, "22007") from None


def zone_offset(wall: datetime, zone: str) -> int:
    """The offset in minutes that `zone` has at this wall-clock time."""
    offset = pytz.timezone(zone).utcoffset(wall)
    return int(offset.total_seconds() // 60) if offset is not None else 0


def offset_at(instant: int, zone: str) -> int:
    """The offset in minutes that `zone` has at this instant (nanoseconds UTC)."""
    if zone in ("UTC", "Etc/UTC"):
        return 0
    utc = pytz.utc.localize(_EPOCH + timedelta(seconds=instant // 1_000_000_000))
    offset = utc.astimezone(pytz.timezone(zone)).utcoffset()
    return int(offset.total_seconds() // 60) if offset is not None else 0


def _day(groups: dict[str, str | None]) -> int:
    year = groups.get("Y") or ""
    if not year and groups.get("y"):
        short = int(groups["y"] or 0)
        year = str(1900 + short if short >= 70 else 2000 + short)  # TWO_DIGIT_CENTURY_START is 1970
    month_name = groups.get("B")
    month = 1 + MONTHS.index(month_name[:3].capitalize()) if month_name else int(groups.get("M") or 1)
    return date(int(year or 1970), month, int(groups.get("D") or 1)).toordinal() - EPOCH_DAY


def _time(groups: dict[str, str | None]) -> int:
    hour = int(groups.get("H") or 0)
    if groups.get("h"):
        hour = int(groups["h"] or 0)
        if not 1 <= hour <= 12:
            raise ValueError
        hour = hour % 12 + (12 if (groups.get("p") or "").upper().startswith("P") else 0)
    minute, second = int(groups.get("m") or 0), int(groups.get("s") or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError
    return ((hour * 60 + minute) * 60 + second) * 1_000_000_000 + int((groups.get("f") or "0").ljust(9, "0"))


def _offset(groups: dict[str, str | None]) -> int | None:
    hours = groups.get("z")
    if hours is None:
        return None
    minutes = int(groups.get("w") or 0)
    total = abs(int(hours)) * 60 + minutes
    if minutes > 59 or total > 1439:
        raise ValueError
    return -total if hours.startswith("-") else total


def parse(kind: str, text: str, format_: str, zone: str) -> int:
    """The stored form of `text`; ValueError if no format fits or the value does not exist."""
    family = "TIMESTAMP" if kind.startswith("TIMESTAMP") else kind
    formats = AUTO[family] if format_.upper() == "AUTO" else (format_,)
    if kind == "DATE" and format_.upper() == "AUTO":
        formats = formats + AUTO["TIMESTAMP"]
    for one in formats:
        match = pattern(one).fullmatch(text)
        if match is not None:
            return _value(kind, match.groupdict(), zone)
    if format_.upper() == "AUTO" and text.isascii() and text.isdigit():
        return _epoch(kind, int(text), zone)
    raise ValueError(text)


def _epoch(kind: str, number: int, zone: str) -> int:
    unit = next((unit for limit, unit in _EPOCH_UNITS if number < limit), 1)
    instant = number * unit
    if kind == "DATE":
        return instant // DAY_NS
    if kind == "TIME":  # whole seconds: functions/to_time
        return instant // 1_000_000_000 % 86_400 * 1_000_000_000
    if kind == "TIMESTAMP_TZ":
        return instant * 4096 + offset_at(instant, zone) + 1440
    return instant


def _value(kind: str, groups: dict[str, str | None], zone: str) -> int:
    if kind == "TIME":
        return _time(groups)
    day = _day(groups)
    if kind == "DATE":
        _time(groups)
        return day
    wall = day * DAY_NS + _time(groups)
    offset = _offset(groups)
    if kind == "TIMESTAMP_NTZ":
        return wall
    return from_wall(kind, wall, offset, zone)


def from_wall(kind: str, wall: int, offset: int | None, zone: str) -> int:
    """A wall-clock time with an offset (or in the session's zone) as TIMESTAMP_LTZ or TIMESTAMP_TZ."""
    if offset is None:
        offset = zone_offset(_EPOCH + timedelta(seconds=wall // 1_000_000_000), zone)
    instant = wall - offset * 60_000_000_000
    return instant if kind == "TIMESTAMP_LTZ" else instant * 4096 + offset + 1440


def render(kind: str, value: int, format_: str, zone: str) -> str:
    """The text of a stored value in a format."""
    offset = 0
    if kind == "TIMESTAMP_TZ":
        offset = value % 4096 - 1440
        value = value // 4096 + offset * 60_000_000_000
    elif kind == "TIMESTAMP_LTZ":
        offset = offset_at(value, zone)
        value += offset * 60_000_000_000
    days, nanos = (value, 0) if kind == "DATE" else divmod(value, DAY_NS)
    day = date.fromordinal(days + EPOCH_DAY) if kind != "TIME" else date(1970, 1, 1)
    seconds, fraction = divmod(nanos, 1_000_000_000)
    hour, minute, second = seconds // 3600, seconds // 60 % 60, seconds % 60
    zone_hour = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}"
    zone_minute = f"{abs(offset) % 60:02}"
    values = {
        "Y": f"{day.year % 100}", "MO": f"{day.month}", "D": f"{day.day}", "H24": f"{hour}", "H": f"{hour}",
        "H12": f"{(hour - 1) % 12 + 1}", "ME": f"{minute}", "S": f"{second}", "P": "A" if hour < 12 else "P",
        "YYYY": f"{day.year:04}", "YY": f"{day.year % 100:02}", "MM": f"{day.month:02}", "DD": f"{day.day:02}",
        "MON": MONTHS[day.month - 1], "MMMM": LONG_MONTHS[day.month - 1], "DY": DAYS[day.weekday()],
        "HH24": f"{hour:02}", "HH": f"{hour:02}", "HH12": f"{(hour - 1) % 12 + 1:02}",
        "MI": f"{minute:02}", "SS": f"{second:02}",
        "AM": "AM" if hour < 12 else "PM", "PM": "AM" if hour < 12 else "PM",
        "TZH:TZM": f"{zone_hour}:{zone_minute}", "TZHTZM": zone_hour + zone_minute,
        "TZH": zone_hour, "TZM": zone_minute,
    }  # fmt: skip
    out = ""
    for part in elements(format_):
        if part.startswith("FF") and len(part) <= 3:
            digits = int(part[2:] or "9")
            out += f"{fraction:09}"[:digits]
        elif part in values:
            out += values[part]
        else:
            out += part[1:-1] if part.startswith('"') and len(part) > 1 else part
    return out
