"""How `local-warehouse sql` writes rows."""

import io
from datetime import date, datetime
from decimal import Decimal

import pytest
from local_warehouse import sql

COLUMNS = ["id", "note", "amount", "at", "day", "ok", "raw"]
ROWS = [
    (1, 'a "b"', Decimal("12.50"), datetime(2020, 6, 1, 12, 0, 0, 5), date(2020, 6, 1), True, b"\x00\xff"),
    (20, None, None, None, None, None, None),
    (3, "", Decimal("1E+3"), None, None, False, None),
]


def written(form: str, columns=COLUMNS, rows=ROWS) -> str:
    out = io.StringIO()
    {"table": sql._table, "jsonl": sql._jsonl, "csv": sql._csv}[form](columns, rows, out)
    return out.getvalue()


def test_a_table_aligns_numbers_right_and_shows_null():
    """Numbers stand right, text left, NULL is told from the empty string."""
    assert written("table", ["id", "note"], [row[:2] for row in ROWS]) == (
        'id | note\n---+------\n 1 | a "b"\n20 | NULL\n 3 |\n'
    )


def test_json_lines_keep_every_digit_and_null():
    """An exact number is text with all its digits, NULL is null."""
    first, second, third = written("jsonl").splitlines()
    assert first == (
        '{"id": 1, "note": "a \\"b\\"", "amount": "12.50", "at": "2020-06-01 12:00:00.000005", '
        '"day": "2020-06-01", "ok": true, "raw": "00ff"}'
    )
    assert '"note": null' in second
    assert '"amount": "1000"' in third


def test_csv_quotes_where_needed_and_leaves_null_empty():
    """CSV has a header line, RFC 4180 quotes and an empty field for NULL."""
    assert written("csv").splitlines() == [
        "id,note,amount,at,day,ok,raw",
        '1,"a ""b""",12.50,2020-06-01 12:00:00.000005,2020-06-01,true,00ff',
        "20,,,,,,",
        "3,,1000,,,false,",
    ]


@pytest.mark.parametrize("form", ["table", "jsonl", "csv"])
def test_no_rows_are_shown_as_such(form):
    """A query without rows still shows its columns, except in JSON lines, which have none."""
    text = written(form, ["a", "b"], [])
    assert text == {"table": "a | b\n--+--\n", "jsonl": "", "csv": "a,b\n"}[form]
