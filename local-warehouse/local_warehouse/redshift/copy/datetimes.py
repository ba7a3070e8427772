"""Which texts does COPY take for dates and times?  The default formats, 'auto', the epochs, and format strings.

Sources: r_DATEFORMAT_and_TIMEFORMAT_strings, automatic-recognition, copy-parameters-data-conversion
"""

from __future__ import annotations

import re

from local_warehouse.redshift.errors import RedshiftError
from local_warehouse.redshift.grammar.copy_statement import Copy

TYPES = ("date", "time", "timetz", "timestamp", "timestamptz")
_CODES = {"date": 1205, "time": 1206, "timetz": 1206, "timestamp": 1206, "timestamptz": 1206}
_DAY = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK = "[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,6})?"
_ZONE = "([+-][0-9]{1,2}(:?[0-9]{2})?)?"
_DEFAULTS = {
    "date": f"^{_DAY}$",
    "time": f"^{_CLOCK}$",
    "timetz": f"^{_CLOCK}{_ZONE}$",
    "timestamp": f"^{_DAY} {_CLOCK}$",
    "timestamptz": f"^{_DAY} {_CLOCK}{_ZONE}$",
}
# A text that PostgreSQL would print itself needs no regular expression, which costs four times as much.
_CANONICAL = {
    "date": "{0} LIKE '____-__-__' AND {0}::date::text = {0}",
    "timestamp": "{0} LIKE '____-__-__ __:__:__%' AND {0} NOT LIKE '%C' AND {0}::timestamp::text = {0}",
    "timestamptz": "{0} LIKE '____-__-__ __:__:__%' AND {0} NOT LIKE '%C' AND {0}::timestamptz::text = {0}",
}
# Words that PostgreSQL's parser knows and Redshift's automatic recognition does not list.
_FOREIGN_WORDS = "'(now|today|tomorrow|yesterday|infinity|epoch|allballs)'"
_EPOCHS = {"epochsecs": 1, "epochmillisecs": 1000}

_PARTS = {
    "YYYY": ("year", "([0-9]{4})"),
    "YY": ("year2", "([0-9]{2})"),
    "MON": ("month_name", "([A-Za-z]{3,9})"),
    "MM": ("month", "([0-9]{1,2})"),
    "DD": ("day", "([0-9]{1,2})"),
    "HH24": ("hour", "([0-9]{1,2})"),
    "HH12": ("hour12", "([0-9]{1,2})"),
    "HH": ("hour", "([0-9]{1,2})"),
    "MI": ("minute", "([0-9]{1,2})"),
    "SS": ("second", "([0-9]{1,2}([.][0-9]{1,6})?)"),
    "AM": ("half", "([AaPp][Mm])"),
    "PM": ("half", "([AaPp][Mm])"),
}
_PART = re.compile("|".join(sorted(_PARTS, key=len, reverse=True)), re.IGNORECASE)


def _format(kind: str, copy: Copy) -> str | None:
    if kind in ("time", "timetz"):
        return None
    return copy.date_format if kind == "date" else copy.time_format


def faults(kind: str, text: str, copy: Copy) -> list[tuple[str, int]]:
    """Conditions under which `text` cannot be loaded, with their codes."""
    if copy.accept_any_date and kind in ("date", "timestamp", "timestamptz"):
        return []
    return [(bad_sql(kind, text, copy), _CODES[kind])]


def bad_sql(kind: str, text: str, copy: Copy) -> str:
    form = _format(kind, copy)
    if form is None:
        canonical = _CANONICAL.get(kind, "false").format(text)
        return (
            f"CASE WHEN NOT pg_input_is_valid({text}, '{kind}') THEN true WHEN {canonical} THEN false"
            f" ELSE {text} !~ '{_DEFAULTS[kind]}' END"
        )
    if form == "auto":
        return f"{text} ~* {_FOREIGN_WORDS} OR NOT pg_input_is_valid({text}, 'timestamptz')"
    if form in _EPOCHS:
        return f"{text} !~ '^-?[0-9]+([.][0-9]+)?$'"
    pattern, iso = _compiled(form)
    return (
        f"{text} !~ '{pattern}' OR NOT pg_input_is_valid(regexp_replace({text}, '{pattern}', '{iso}'), 'timestamptz')"
    )


def value(kind: str, text: str, copy: Copy) -> str:
    """The value of a text that is without fault."""
    form = _format(kind, copy)
    if form in _EPOCHS:
        converted = f"to_timestamp({text}::double precision / {_EPOCHS[form]})"
        converted = converted if kind == "timestamptz" else f"({converted} AT TIME ZONE 'UTC')::{kind}"
    elif form is None or form == "auto":
        converted = f"{text}::{kind}"
    else:
        pattern, iso = _compiled(form)
        converted = f"regexp_replace({text}, '{pattern}', '{iso}')::{kind}"
    if copy.accept_any_date and kind in ("date", "timestamp", "timestamptz"):
        return f"CASE WHEN {bad_sql(kind, text, copy)} THEN NULL ELSE {converted} END"
    return converted


def _compiled(form: str) -> tuple[str, str]:
    """A regular expression for a format string, and the replacement that makes an ISO text of it."""
    if re.search("TZ|tz|OF", form):
        raise RedshiftError("22007", "a time zone specifier is not allowed in a time format string; use 'auto'")
    pattern, at, group = "", 0, 0
    groups: dict[str, str] = {}
    for found in _PART.finditer(form):
        pattern += _escaped(form[at : found.start()])
        name, part = _PARTS[found.group().upper()]
        group += 1
        groups[name] = f"\\\\{group}"
        group += part.count("(") - 1
        pattern += part
        at = found.end()
    pattern += _escaped(form[at:])
    year = groups.get("year") or ("20" + groups["year2"] if "year2" in groups else "")
    month = groups.get("month") or groups.get("month_name", "")
    if not (year and month and "day" in groups):
        raise RedshiftError("22007", f"Invalid date or time format: {form[:80]!r}")
    iso = f"{year}-{month}-{groups['day']}"
    hour = groups.get("hour") or groups.get("hour12")
    if hour:
        iso += f" {hour}:{groups.get('minute', '00')}:{groups.get('second', '00')}"
        iso += f" {groups['half']}" if "half" in groups else ""
    return f"^{pattern}$", iso


def _escaped(text: str) -> str:
    return "".join(letter if letter.isalnum() or letter == " " else f"[{letter}]" for letter in text).replace("'", "''")
