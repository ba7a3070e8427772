"""The rows that other taps are recorded with: in the words of databases, and as files."""

from __future__ import annotations

import csv
import json
import struct
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

from bench.workloads import EPOCH, STATUSES, text

ROWS = 20_000
Row = dict[str, Any]


def things(count: int) -> Iterator[Row]:
    """Yield rows of plain types, one optional value in ten missing."""
    random = Random("things")
    for number in range(1, count + 1):
        moment = EPOCH + timedelta(microseconds=random.randrange(10**14))
        row: Row = {
            "small": random.randrange(-32768, 32768),
            "big": random.randrange(-(2**63), 2**63) >> random.randrange(64),
            "amount": Decimal(random.randrange(-(10**9), 10**9)).scaleb(-2),
            "exact": Decimal(random.randrange(10**14)).scaleb(-4),
            "ratio": random.random() * 10 ** random.randrange(-6, 9),
            "degrees": round(random.uniform(-180, 180), 6),
            "yes": random.random() < 0.5,
            "name": text(random, 3),
            "code": random.choice(STATUSES),
            "day": date(1990, 1, 1) + timedelta(days=random.randrange(15_000)),
            "clock": (EPOCH + timedelta(seconds=random.randrange(86_400))).time(),
            "moment": moment,
            "instant": moment.replace(microsecond=0) if number % 2 else moment,
            "document": {"a": [random.random(), None, text(random, 1)], "b": {"c": random.randrange(99)}},
            "mark": str(UUID(int=random.getrandbits(128))),
        }
        yield {"id": number, **{name: None if random.randrange(10) == 0 else value for name, value in row.items()}}


POSTGRES = """
    id integer PRIMARY KEY, small smallint, big bigint, amount numeric(12, 2), exact numeric(20, 4),
    ratio double precision, degrees real, yes boolean, name text, code varchar(40), day date, clock time,
    moment timestamp, instant timestamptz, document jsonb, mark uuid
"""
# Of the same values, in types that taps treat in their own ways.
POSTGRES_ODD = """SELECT id, amount::money AS cash, exact::numeric AS free, code::char(20) AS padded, degrees AS narrow,
    make_interval(secs => small) AS span, ARRAY[small, id] AS numbers, ARRAY[code, name] AS words,
    document::json AS plain, '10.0.0.1'::inet AS address, decode(md5(name), 'hex') AS bytes,
    to_tsvector(name) AS found FROM things"""
MARIADB = """
    id INT PRIMARY KEY, small SMALLINT, big BIGINT, amount DECIMAL(12, 2), exact DECIMAL(20, 4), ratio DOUBLE,
    degrees FLOAT, yes TINYINT(1), name TEXT, code VARCHAR(40), day DATE, clock TIME, moment DATETIME(6),
    instant TIMESTAMP(6) NULL, document JSON, mark CHAR(36)
"""
# The rows as a sheet, by the library that the tap reads it with.
SHEET = (
    "import json, sys, datetime as d, openpyxl\n"
    "book = openpyxl.Workbook(write_only=True); sheet = book.create_sheet('things')\n"
    "names = ('id', 'small', 'amount', 'ratio', 'yes', 'name', 'code', 'day', 'clock', 'moment')\n"
    "of = {'day': d.date.fromisoformat, 'clock': d.time.fromisoformat, 'moment': d.datetime.fromisoformat}\n"
    "sheet.append(names)\n"
    "for line in list(open(sys.argv[1] + '/jsonl/things.jsonl'))[:5000]:\n"
    "    row = json.loads(line)\n"
    "    sheet.append([None if row[n] is None else of.get(n, lambda v: v)(row[n]) for n in names])\n"
    "book.save(sys.argv[1] + '/xlsx/things.xlsx')\n"
)


def write_files(folder: Path) -> None:
    """Write the rows as CSV, JSON lines and dBASE, each into a folder of its own."""
    rows = list(things(ROWS))
    for name in ("csv", "jsonl", "dbf", "xlsx"):
        (folder / name).mkdir()
    with open(folder / "csv" / "things.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(rows[0])
        writer.writerows([written(value) for value in row.values()] for row in rows)
    with open(folder / "jsonl" / "things.jsonl", "w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, default=_plain) + "\n" for row in rows)
    (folder / "dbf" / "things.dbf").write_bytes(dbf(rows))


def written(value: Any) -> Any:
    """Return a value as databases and CSV take it."""
    return json.dumps(value) if isinstance(value, dict) else value


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value.isoformat()


# name, type, bytes, digits behind the point: https://www.dbase.com/KnowledgeBase/int/db7_file_fmt.htm
DBF = [
    ("ID", "N", 9, 0), ("SMALL", "N", 6, 0), ("AMOUNT", "N", 14, 2), ("DEGREES", "F", 18, 6), ("YES", "L", 1, 0),
    ("CODE", "C", 40, 0), ("DAY", "D", 8, 0),
]  # fmt: skip


def dbf(rows: list[Row]) -> bytes:
    """Return rows as a dBASE III file."""
    width = 1 + sum(size for _, _, size, _ in DBF)
    head = struct.pack("<BBBBIHH20x", 3, 126, 11, 30, len(rows), 32 + 32 * len(DBF) + 1, width)
    fields = b"".join(struct.pack("<11sc4xBB14x", n.encode(), t.encode(), size, places) for n, t, size, places in DBF)
    return head + fields + b"\r" + b"".join(b" " + b"".join(_dbf_fields(row)) for row in rows) + b"\x1a"


def _dbf_fields(row: Row) -> Iterator[bytes]:
    for name, kind, size, places in DBF:
        value = row[name.lower()]
        if value is None:
            yield (b"?" if kind == "L" else b" ") * size
        elif kind in "NF":
            yield f"{value:{size}.{places}f}".encode()
        else:
            shown = {"L": "T" if value else "F", "D": str(value).replace("-", "")}.get(kind, str(value))
            yield shown.encode().ljust(size)
