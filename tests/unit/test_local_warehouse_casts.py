"""The Snowflake stand-in converts dates in DuckDB's SQL only where its own parser gives the same."""

from __future__ import annotations

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from local_warehouse.snowflake.bind.casts import Settings, cast, literal
from local_warehouse.snowflake.store import natives
from local_warehouse.snowflake.values.types import DATE, TEXT, T

STAMP = "YYYY-MM-DD HH24:MI:SS"
FORMATS = {
    DATE: ("AUTO", "YYYY-MM-DD"),
    T("TIMESTAMP_NTZ", 9): ("AUTO", STAMP, f"{STAMP}.FF9", f"{STAMP}.FF3", 'YYYY-MM-DD"T"HH24:MI:SS.FF'),
    T("TIMESTAMP_LTZ", 9): ("AUTO", f"{STAMP}.FF9", f"{STAMP}.FF9TZH:TZM"),
    T("TIMESTAMP_TZ", 9): ("AUTO", f"{STAMP}.FF9TZH:TZM", f"{STAMP} TZHTZM", f"{STAMP}.FF9"),
}


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        natives.install(connection)
        yield connection


def two(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map("{:02}".format)


DAYS = st.builds(
    "{}-{}-{}".format, st.sampled_from(["0000", "0001", "1582", "1969", "2020", "9999"]), two(0, 13), two(0, 32)
)
CLOCKS = st.builds("{}:{}:{}".format, two(0, 25), two(0, 61), two(0, 61))
FRACTIONS = st.one_of(st.just(""), st.text("0123456789", max_size=10).map(".{}".format))
SIGNS = st.sampled_from(["+", "-", " +", " -"])
OFFSETS = st.one_of(
    st.just(""),
    st.builds("{}{}:{}".format, SIGNS, two(0, 25), two(0, 61)),
    st.builds("{}{}{}".format, SIGNS, two(0, 15), two(0, 59)),
)
TEXTS = st.one_of(DAYS, st.builds("{}{}{}{}{}".format, DAYS, st.sampled_from(" T"), CLOCKS, FRACTIONS, OFFSETS))


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
@settings(max_examples=12, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=50))
@example(
    texts=[
        "2020-02-30 00:00:00",
        "2020-06-01 12:00:00.123456789+02:00",
        "1969-12-31 23:59:59.999999999-00:30",
        "2020-03-08 02:30:00",
        "2020-06-01",
    ]
)
def test_sql_agrees_with_the_parser(connection, zone, texts):
    """Whatever the text, the format and the session's zone: the same value, or both refuse it."""
    rows = ", ".join(f"({literal(text)})" for text in texts)
    for to, format_ in ((to, one) for to, formats in FORMATS.items() for one in formats):
        parsed = f"sf_parse_time(x, '{to.kind}', {literal(format_)}, '{zone}')"
        parsed = f"DATE '1970-01-01' + CAST({parsed} AS INTEGER)" if to == DATE else f"CAST({parsed} AS {to.stored})"
        converted = cast("x", TEXT, to, Settings(zone=zone), format_)
        sql = f"SELECT x, TRY({converted}), TRY({parsed}) FROM (VALUES {rows}) t(x)"
        for text, found, wanted in connection.execute(sql).fetchall():
            assert found == wanted, (text, to, format_)
