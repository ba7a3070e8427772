"""One statement on a running stand-in, its rows as a table, JSON lines or CSV.

Numbers with a fraction that is exact (DECIMAL, NUMBER) are text in JSON lines, so that no digit is lost.
NULL is `NULL` in a table, null in JSON lines, an empty field in CSV.
"""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, TextIO

Rows = Sequence[Sequence[Any]]


class StatementError(Exception):
    """The warehouse refused the statement, or could not be reached; the message is the driver's."""


def run(warehouse: str, config: Mapping[str, Any], statement: str, form: str, out: TextIO) -> None:
    """Execute `statement` and write its rows; a statement without rows writes nothing."""
    columns, rows = {"redshift": _redshift, "snowflake": _snowflake}[warehouse](config, statement)
    if columns:
        {"table": _table, "jsonl": _jsonl, "csv": _csv}[form](columns, rows, out)


def _redshift(config: Mapping[str, Any], statement: str) -> tuple[list[str], Rows]:
    import psycopg2
    from psycopg2.extensions import new_type, register_type

    names = ("host", "port", "user", "password", "sslmode")
    try:
        connection = psycopg2.connect(dbname=config["database"], **{name: config[name] for name in names})
        connection.autocommit = True
        # Dates and times as the warehouse writes them: Python has no year 10000 and no infinity.
        register_type(new_type((1082, 1083, 1114, 1184, 1266), "AS_TEXT", lambda text, cursor: text), connection)
        with connection.cursor() as cursor:
            cursor.execute(statement)
            if cursor.description is None:
                return [], []
            return [column.name for column in cursor.description], cursor.fetchall()
    except psycopg2.Error as error:
        raise StatementError(str(error).strip()) from error


def _snowflake(config: Mapping[str, Any], statement: str) -> tuple[list[str], Rows]:
    try:
        import snowflake.connector as connector
    except ImportError:
        raise StatementError("querying snowflake needs the package snowflake-connector-python") from None

    names = ("account", "user", "password", "role", "warehouse", "database", "host", "port", "protocol")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the connector's advice on settings is not for the reader of rows
            connection = connector.connect(**{name: config[name] for name in names})
        try:
            cursor = connection.cursor().execute(statement)
            return [column.name for column in cursor.description or ()], cursor.fetchall()
        finally:
            connection.close()
    except connector.Error as error:
        raise StatementError(str(error).strip()) from error


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, Decimal):
        return format(value, "f")
    return str(value)


def _table(columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    cells = [["NULL" if value is None else _text(value) for value in row] for row in rows]
    widths = [max(map(len, texts)) for texts in zip(columns, *cells, strict=True)]
    numeric = [
        any(value is not None for value in values)
        and all(value is None or isinstance(value, (int, float, Decimal)) for value in values)
        for values in (zip(*rows, strict=True) if rows else [()] * len(columns))
    ]

    def line(texts: Sequence[str], right: Sequence[bool]) -> str:
        aligned = [
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(texts, widths, right, strict=True)
        ]
        return " | ".join(aligned).rstrip() + "\n"

    out.write(line(columns, [False] * len(columns)))
    out.write("-+-".join("-" * width for width in widths) + "\n")
    for texts in cells:
        out.write(line(texts, numeric))


def _jsonl(columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    for row in rows:
        out.write(json.dumps(dict(zip(columns, row, strict=True)), default=_text, ensure_ascii=False) + "\n")


def _csv(columns: Sequence[str], rows: Rows, out: TextIO) -> None:
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([["" if value is None else _text(value) for value in row] for row in rows])
