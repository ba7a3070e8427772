"""Functions in Python that DuckDB calls for what SQL cannot say, and the macros beside them.

A failure travels through DuckDB as the text `SF<code>|<sqlstate>|<message>`; `engine` makes it an SqlError again.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from local_warehouse.snowflake.errors import SqlError
from local_warehouse.snowflake.values import datetimes, variant

# floor(x / d) for integers: DuckDB's // cuts towards zero.
MACROS = (
    "CREATE OR REPLACE MACRO sf_floor(x, d) AS (x - (((x % d) + d) % d)) // d",
    "CREATE OR REPLACE MACRO sf_mod(x, d) AS ((x % d) + d) % d",
)
_WIDE = Context(prec=80)


def fail(error: SqlError) -> ValueError:
    return ValueError(f"SF{error.code}|{error.sqlstate}|{error.message}")


def _per_row(function: Callable[..., str | None]) -> Callable[..., Any]:
    """A function of one value and constants, made one of a column and constants."""

    def columns(values: Any, *constants: Any) -> Any:
        import pyarrow

        fixed = [constant[0].as_py() if len(constant) else None for constant in constants]
        try:
            out = [None if value is None else function(value, *fixed) for value in values.to_pylist()]
        except SqlError as error:
            raise fail(error) from None
        return pyarrow.array(out, pyarrow.string())

    return columns


def _with_arity(function: Callable[..., Any], count: int) -> Callable[..., Any]:
    """DuckDB counts the parameters it sees."""
    if count == 1:
        return lambda a: function(a)
    return (lambda a, b: function(a, b)) if count == 2 else (lambda a, b, c, d: function(a, b, c, d))


def parse_time(text: str, kind: str, format_: str, zone: str) -> str:
    try:
        return str(datetimes.parse(kind, text, format_, zone))
    except (ValueError, OverflowError):
        what = {"DATE": "Date", "TIME": "Time"}.get(kind, "Timestamp")
        if format_.upper() == "AUTO":
            raise SqlError(
                f"{what} '{text[:80]}' is not recognized", 100040 if kind == "DATE" else 100035, "22007"
            ) from None
        raise SqlError(
            f"Can't parse '{text[:80]}' as {what.lower()} with format '{format_}'", 100096, "22007"
        ) from None


def render_time(value: str, kind: str, format_: str, zone: str) -> str:
    return datetimes.render(kind, int(value), format_, zone)


def rezone(value: str, kind: str, target: str, zone: str) -> str:
    """Between TIMESTAMP_NTZ, _LTZ and _TZ where the session's zone decides."""
    number = int(value)
    if kind == "TIMESTAMP_NTZ":
        return str(datetimes.from_wall(target, number, None, zone))
    offset = datetimes.offset_at(number, zone)
    if target == "TIMESTAMP_NTZ":
        return str(number + offset * 60_000_000_000)
    return str(number * 4096 + offset + 1440)


def divide(value: str, by: str, scale: str) -> str:
    left, right = Decimal(value), Decimal(by)
    if not right:
        raise SqlError("Division by zero", 100051, "22012")
    quotient = _WIDE.divide(left, right)
    return str(quotient.quantize(Decimal(1).scaleb(-int(scale)), ROUND_HALF_UP, context=_WIDE))


def _divide_columns(left: Any, right: Any, scale: Any) -> Any:
    import pyarrow

    try:
        out = [
            None if a is None or b is None else divide(a, b, s)
            for a, b, s in zip(left.to_pylist(), right.to_pylist(), scale.to_pylist(), strict=True)
        ]
    except SqlError as error:
        raise fail(error) from None
    return pyarrow.array(out, pyarrow.string())


def get_step(text: str, step: str) -> str | None:
    """`step` is `#3` for a position, else `.key`."""
    return variant.get(text, int(step[1:]) if step[0] == "#" else step[1:])


def to_hex_from(text: str, format_: str) -> str:
    """Text in BASE64, UTF-8 or HEX as hex digits."""
    try:
        if format_ == "BASE64":
            return base64.b64decode(text, validate=True).hex()
        return text.encode().hex() if format_ in ("UTF-8", "UTF8") else bytes.fromhex(text).hex()
    except (binascii.Error, ValueError):
        message = f"The following string is not a legal {format_.lower()}-encoded value: '{text[:80]}'"
        raise SqlError(message, 100115, "22000") from None


def from_hex_to(text: str, format_: str) -> str:
    raw = bytes.fromhex(text)
    if format_ == "BASE64":
        return base64.b64encode(raw).decode()
    if format_ == "HEX":
        return text.upper()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise SqlError("Invalid UTF8 detected in string", 100144, "22000") from None


def fail_with(text: str) -> str:
    """Raise the error that the text names."""
    raise ValueError(text)


_FUNCTIONS: dict[str, tuple[Callable[..., str | None], int]] = {
    "sf_fail": (fail_with, 1),
    "sf_parse_time": (parse_time, 4),
    "sf_render_time": (render_time, 4),
    "sf_rezone": (rezone, 4),
    "sf_parse_json": (variant.normalise, 1),
    "sf_parse_json_last": (variant.normalise_last, 1),
    "sf_variant_text": (variant.text_of, 1),
    "sf_variant_double": (variant.double, 1),
    "sf_pretty": (variant.pretty, 1),
    "sf_flatten": (variant.flatten, 1),
    "sf_get": (get_step, 2),
    "sf_to_hex": (to_hex_from, 2),
    "sf_from_hex": (from_hex_to, 2),
}


def install(connection: Any) -> None:
    """Make functions and macros known to the database of this connection and to all its cursors."""
    for name, (function, arity) in _FUNCTIONS.items():
        connection.create_function(
            name,
            _with_arity(_per_row(function), arity),
            ["VARCHAR"] * arity,
            "VARCHAR",
            type="arrow",
            null_handling="special",
        )
    connection.create_function(
        "sf_divide", _divide_columns, ["VARCHAR"] * 3, "VARCHAR", type="arrow", null_handling="special"
    )
    for macro in MACROS:
        connection.execute(macro)
