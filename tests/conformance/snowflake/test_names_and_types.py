"""Names and data types. Pages are those of https://docs.snowflake.com/en/."""

from __future__ import annotations

import datetime
from decimal import Decimal

import pytest


def test_unquoted_names_are_upper_case_and_quoted_ones_exact(db):
    """Unquoted names are stored and resolved in upper case, quoted ones as written (identifiers-syntax)."""
    db.run('CREATE TABLE T ("id" INT, id INT, "Id" INT)')
    db.run("INSERT INTO t VALUES (1, 2, 3)")
    assert db.records('SELECT "Id", ID, "id" FROM "T"') == [{"Id": 3, "ID": 2, "id": 1}]


def test_tables_whose_names_differ_in_case_are_two(db):
    """ "t" and T are two tables (identifiers-syntax)."""
    db.run("CREATE TABLE T (A INT)")
    db.run('CREATE TABLE "t" (A INT)')
    db.run("INSERT INTO t VALUES (1)")
    assert db.value('SELECT COUNT(*) FROM "t"') == 0
    assert db.value("SELECT COUNT(*) FROM T") == 1


def test_a_quoted_lower_case_name_is_not_the_unquoted_one(db):
    """A column "a" is not found as a (identifiers-syntax)."""
    db.run('CREATE TABLE T ("a" INT)')
    db.fails("SELECT a FROM T", 904)


def test_quotes_and_any_character_may_stand_in_a_name(db):
    """A quoted name holds blanks, dots, unicode and doubled quotes (identifiers-syntax)."""
    name = 'a "b" c.d é 字'
    quoted = '"' + name.replace('"', '""') + '"'
    db.run(f"CREATE TABLE {quoted} ({quoted} INT)")
    db.run(f"INSERT INTO {quoted} VALUES (1)")
    assert db.records(f"SELECT * FROM {quoted}") == [{name: 1}]


@pytest.mark.parametrize(
    "word", ["CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "LOCALTIME", "LOCALTIMESTAMP"]
)
def test_no_column_is_defined_by_a_name_that_ansi_reserves(db, word):
    """ "CURRENT_DATE" names no column, in quotes either; in small letters it does (reserved-keywords; error 002318)."""
    assert "(ANSI reserved)" in db.fails(f'CREATE TABLE T ("{word}" INT)', 2318)
    db.run(f'CREATE TABLE T ("{word.lower()}" INT, "{word}_" INT)')
    db.fails(f'ALTER TABLE T ADD COLUMN "{word}" INT', 2318)


@pytest.mark.parametrize("word", ["INT", "INTEGER", "BIGINT", "SMALLINT", "TINYINT", "BYTEINT", "NUMBER", "DECIMAL"])
def test_integer_types_are_number_38_0(db, word):
    """Every integer type is NUMBER(38,0) and holds 38 digits (data-types-numeric)."""
    db.run(f"CREATE TABLE T (A {word})")
    big = "9" * 38
    db.run(f"INSERT INTO T VALUES ({big})")
    assert db.value("SELECT A FROM T") == int(big)
    assert db.records("DESC TABLE T")[0]["type"] == "NUMBER(38,0)"


def test_number_overflow_is_an_error_and_scale_is_rounded(db):
    """Too many integer digits are an error, extra decimals are rounded half away from zero (functions/to_decimal)."""
    db.run("CREATE TABLE T (A NUMBER(3,1))")
    db.run("INSERT INTO T SELECT '98.76546'")
    db.run("INSERT INTO T SELECT -1.25")
    assert db.run("SELECT A FROM T ORDER BY A") == [(Decimal("-1.3"),), (Decimal("98.8"),)]
    db.fails("INSERT INTO T VALUES (100)", 100039)
    assert "is not recognized" in db.fails("INSERT INTO T SELECT '12,5'", 100038)


def test_number_has_at_most_38_digits(db):
    """NUMBER takes at most 38 digits (data-types-numeric)."""
    db.fails("CREATE TABLE T (A NUMBER(39,0))")
    db.fails("CREATE TABLE T (A NUMBER(10,11))")


def test_sum_of_integers_is_exact(db):
    """SUM of NUMBER stays a NUMBER (functions/sum)."""
    db.run("CREATE TABLE T AS SELECT 9007199254740993 AS A UNION ALL SELECT 1")
    assert db.value("SELECT SUM(A) FROM T") == 9007199254740994


def test_varchar_length_is_enforced_in_dml(db):
    """VARCHAR(n) counts characters; a longer value is an error in every DML (data-types-text)."""
    db.run("CREATE TABLE T (A VARCHAR(3))")
    db.run("INSERT INTO T VALUES ('äöü')")
    db.fails("INSERT INTO T VALUES ('abcd')", 100078)
    db.fails("INSERT INTO T SELECT 'ab' || 'cd'", 100078)
    db.fails("UPDATE T SET A = A || 'x'", 100078)
    db.fails("MERGE INTO T USING (SELECT 1 X) S ON TRUE WHEN MATCHED THEN UPDATE SET A = 'long'", 100078)
    assert db.run("SELECT A FROM T") == [("äöü",)]


def test_default_lengths(db):
    """VARCHAR without a length takes 16,777,216 characters, CHAR one, BINARY 8,388,608 bytes (data-types-text)."""
    db.run("CREATE TABLE T (A VARCHAR, B CHAR, C STRING, D BINARY, E TEXT)")
    types = [row["type"] for row in db.records("DESC TABLE T")]
    assert types == ["VARCHAR(16777216)", "VARCHAR(1)", "VARCHAR(16777216)", "BINARY(8388608)", "VARCHAR(16777216)"]
    db.fails("CREATE TABLE U (A VARCHAR(134217729))")


def test_binary_length_is_enforced(db):
    """BINARY(n) refuses more bytes (data-types-text)."""
    db.run("CREATE TABLE T (A BINARY(2))")
    db.run("INSERT INTO T SELECT TO_BINARY('BEEF', 'HEX')")
    db.fails("INSERT INTO T SELECT TO_BINARY('BEEF00', 'HEX')", 100145)
    assert bytes(db.value("SELECT A FROM T")) == b"\xbe\xef"


def test_timestamps_keep_nine_digits(db):
    """TIMESTAMP_* and TIME keep nanoseconds over the whole range of years (data-types-datetime)."""
    db.run("CREATE TABLE T (A TIMESTAMP_NTZ, B TIME, C TIMESTAMP_LTZ)")
    db.run(
        "INSERT INTO T SELECT '9999-12-31 23:59:59.999999999', '23:59:59.123456789', '0001-01-01 00:00:00.000000001'"
    )
    shown = db.run(
        "SELECT TO_CHAR(A, 'YYYY-MM-DD HH24:MI:SS.FF9'), TO_CHAR(B, 'HH24:MI:SS.FF9'), TO_CHAR(C, 'FF9') FROM T"
    )
    assert shown == [("9999-12-31 23:59:59.999999999", "23:59:59.123456789", "000000001")]


def test_timestamp_tz_keeps_its_offset_and_compares_instants(db):
    """TIMESTAMP_TZ stores UTC and an offset; two offsets of one instant are equal (data-types-datetime)."""
    db.run("CREATE TABLE T (A TIMESTAMP_TZ)")
    db.run(
        "INSERT INTO T SELECT '2024-01-01 00:00:00.123456789 +0000' "
        "UNION ALL SELECT '2024-01-01 05:30:00.123456789 +05:30'"
    )
    assert db.run("SELECT TO_CHAR(A, 'HH24:MI TZH:TZM') FROM T ORDER BY 1") == [("00:00 +00:00",), ("05:30 +05:30",)]
    assert db.value("SELECT COUNT(DISTINCT A) FROM T") == 1
    assert db.value("SELECT COUNT(*) FROM T a JOIN T b ON a.A = b.A") == 4


def test_timestamp_ntz_drops_the_offset(db):
    """Text with an offset into TIMESTAMP_NTZ keeps the wall-clock time (data-types-datetime)."""
    assert db.value("SELECT '2024-01-01 10:00:00 +05:00'::TIMESTAMP_NTZ") == datetime.datetime(2024, 1, 1, 10)


def test_timestamp_means_ntz_by_default(db):
    """TIMESTAMP follows TIMESTAMP_TYPE_MAPPING, by default TIMESTAMP_NTZ (parameters)."""
    db.run("CREATE TABLE T (A TIMESTAMP, B DATETIME)")
    db.run("ALTER SESSION SET TIMESTAMP_TYPE_MAPPING = TIMESTAMP_TZ")
    db.run("CREATE TABLE U (A TIMESTAMP)")
    assert [row["type"] for row in db.records("DESC TABLE T")] == ["TIMESTAMP_NTZ(9)", "TIMESTAMP_NTZ(9)"]
    assert db.records("DESC TABLE U")[0]["type"] == "TIMESTAMP_TZ(9)"


def test_text_without_an_offset_takes_the_session_zone(db):
    """Text without an offset into TIMESTAMP_TZ takes the session's TIMEZONE (data-types-datetime)."""
    db.run("ALTER SESSION SET TIMEZONE = 'America/Los_Angeles'")
    assert db.value("SELECT TO_CHAR('2024-07-01 12:00:00'::TIMESTAMP_TZ, 'TZHTZM')") == "-0700"
    assert db.value("SELECT TO_CHAR('2024-01-01 12:00:00'::TIMESTAMP_TZ, 'TZHTZM')") == "-0800"


def test_null_of_every_type_is_null(db):
    """NULL comes back as NULL from every type."""
    types = "A NUMBER, B FLOAT, C VARCHAR, D BOOLEAN, E DATE, F TIME, G TIMESTAMP_NTZ, H TIMESTAMP_LTZ, I TIMESTAMP_TZ"
    db.run(f"CREATE TABLE T ({types}, J VARIANT, K OBJECT, L ARRAY, M BINARY)")
    db.run("INSERT INTO T (A) VALUES (NULL)")
    assert db.run("SELECT * FROM T") == [(None,) * 13]


def test_declared_types_are_shown(db):
    """DESC shows the declared type, TIMESTAMP_LTZ, OBJECT and ARRAY too (sql/desc-table)."""
    db.run("CREATE TABLE T (A TIMESTAMP_LTZ(3), B OBJECT, C ARRAY, D TIME(0), E FLOAT, F DOUBLE PRECISION)")
    types = [row["type"] for row in db.records("DESC TABLE T")]
    assert types == ["TIMESTAMP_LTZ(3)", "OBJECT", "ARRAY", "TIME(0)", "FLOAT", "FLOAT"]


def test_float_takes_nan_and_infinity(db):
    """FLOAT takes NaN, inf and -inf; NaN equals itself and sorts highest (data-types-numeric)."""
    rows = db.run("SELECT A FROM (SELECT 'NaN'::FLOAT A UNION ALL SELECT '-inf' UNION ALL SELECT 'inf') ORDER BY A")
    assert [str(value) for (value,) in rows] == ["-inf", "inf", "nan"]
    assert db.value("SELECT 'NaN'::FLOAT = 'nan'::FLOAT") is True


def test_variant_keeps_the_digits_of_numbers(db):
    """A number in a VARIANT keeps up to 38 digits (data-types-semistructured)."""
    digits = "12345678901234567890123456789.123456789"
    db.run(f'CREATE TABLE T AS SELECT PARSE_JSON(\'{{"n": {digits}, "a": [1, {{"b": null}}]}}\') AS V')
    assert digits in db.value("SELECT V FROM T")
    assert db.value("SELECT V:n::NUMBER(38,9) FROM T") == Decimal(digits)
    assert db.value("SELECT V:a[1].b::VARCHAR FROM T") is None
    assert db.value("SELECT V:a[1].b IS NULL FROM T") is False


def test_text_is_not_coerced_to_variant(db):
    """VARCHAR is castable but not coercible to VARIANT (data-type-conversion)."""
    db.run("CREATE TABLE T (V VARIANT)")
    db.fails("INSERT INTO T SELECT '{}'", 2023)
    db.run("INSERT INTO T SELECT '{}'::VARIANT UNION ALL SELECT PARSE_JSON('{}')")
    assert db.run("SELECT TYPEOF(V) FROM T ORDER BY 1") == [("OBJECT",), ("VARCHAR",)]


def test_bad_json_is_an_ordinary_error(db):
    """PARSE_JSON of text that is not JSON is an error of its own, duplicates too (functions/parse_json)."""
    db.fails("SELECT PARSE_JSON('{bad')", 100069)
    db.fails("""SELECT PARSE_JSON('{"a":1,"a":2}')""", 100069)
    assert db.value("SELECT TRY_PARSE_JSON('{bad')") is None


def test_unknown_type_is_refused(db):
    """A type that is not known is refused, not guessed."""
    for word in ("GEOGRAPHY", "VECTOR(FLOAT, 3)", "NOSUCHTYPE", "MAP(INT, INT)"):
        db.fails(f"CREATE TABLE T (A {word})")
