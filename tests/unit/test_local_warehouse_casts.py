"""The Snowflake stand-in converts dates in DuckDB's SQL only where its own parser gives the same."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from local_warehouse.snowflake.bind.casts import Settings, cast, literal
from local_warehouse.snowflake.store import natives
from local_warehouse.snowflake.values.types import DATE, TEXT, T

STAMP = "YYYY-MM-DD HH24:MI:SS"
CASES = [
    (DATE, "AUTO"), (DATE, "YYYY-MM-DD"),
    *((T("TIMESTAMP_NTZ", 9), one) for one in ("AUTO", STAMP, f"{STAMP}.FF9", f"{STAMP}.FF3")),
    (T("TIMESTAMP_NTZ", 9), 'YYYY-MM-DD"T"HH24:MI:SS.FF'),
    *((T("TIMESTAMP_LTZ", 9), one) for one in ("AUTO", f"{STAMP}.FF9", f"{STAMP}.FF9TZH:TZM")),
    *((T("TIMESTAMP_TZ", 9), one) for one in ("AUTO", f"{STAMP}.FF9TZH:TZM", f"{STAMP} TZHTZM", f"{STAMP}.FF9")),
]  # fmt: skip


@pytest.fixture(scope="module")
def connection():
    with duckdb.connect() as connection:
        natives.install(connection)
        yield connection


def outcome(connection: Any, sql: str) -> object:
    """The value of an expression, or the error's own words."""
    try:
        return connection.execute(f"SELECT {sql}").fetchone()[0]
    except duckdb.Error as error:
        return str(error).partition("SF")[2].partition("\n")[0]


def two(low: int, high: int) -> st.SearchStrategy[str]:
    return st.integers(low, high).map("{:02}".format)


DAYS = st.builds(
    "{}-{}-{}".format, st.sampled_from(["0000", "0001", "1582", "1969", "2020", "9999"]), two(0, 13), two(0, 32)
)
CLOCKS = st.builds("{}:{}:{}".format, two(0, 25), two(0, 61), two(0, 61))
FRACTIONS = st.one_of(st.just(""), st.text("0123456789", max_size=10).map(".{}".format))
OFFSETS = st.one_of(
    st.just(""),
    st.builds("{}{}{}:{}".format, st.sampled_from(["", " "]), st.sampled_from("+-"), two(0, 25), two(0, 61)),
    st.builds("{}{}{}".format, st.sampled_from([" +", " -"]), two(0, 15), two(0, 59)),
)  # fmt: skip
TEXTS = st.one_of(DAYS, st.builds("{}{}{}{}{}".format, DAYS, st.sampled_from(" T"), CLOCKS, FRACTIONS, OFFSETS))


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
@settings(max_examples=60, deadline=None)
@given(text=TEXTS)
@example(text="2020-02-30 00:00:00")
@example(text="2020-06-01 12:00:00.123456789+02:00")
@example(text="1969-12-31 23:59:59.999999999-00:30")
def test_sql_agrees_with_the_parser(connection, zone, text):
    """Whatever the text, the format and the session's zone: the same value or the same error."""
    for to, format_ in CASES:
        slow = f"sf_parse_time({literal(text)}, '{to.kind}', {literal(format_)}, '{zone}')"
        slow = f"DATE '1970-01-01' + CAST({slow} AS INTEGER)" if to == DATE else f"CAST({slow} AS {to.stored})"
        found = outcome(connection, cast(literal(text), TEXT, to, Settings(zone=zone), format_))
        assert found == outcome(connection, slow), (to, format_)
