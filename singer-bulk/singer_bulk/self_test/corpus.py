# ruff: noqa: E501
"""Values that loaders lose: one table, used against the encoders, through the file, and through both warehouses.

A group is a property's JSON Schema with JSON texts of its values. `kept` arrive equal in both warehouses; `refused`
are refused by both; `redshift_refused` and `snowflake_refused` are refused by one and kept by the other. `means`
names how two values are compared (see `meaning.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

REDSHIFT, SNOWFLAKE = "redshift", "snowflake"


@dataclass(frozen=True)
class Group:
    name: str
    means: str
    schema: dict[str, Any]
    kept: Sequence[str] = ()
    refused: Sequence[str] = ()
    redshift_refused: Sequence[str] = ()
    snowflake_refused: Sequence[str] = ()
    settings: dict[str, Any] = field(default_factory=dict)

    def kept_in(self, warehouse: str) -> list[str]:
        others = self.snowflake_refused if warehouse == REDSHIFT else self.redshift_refused
        return [*self.kept, *others]

    def refused_in(self, warehouse: str) -> list[str]:
        others = self.redshift_refused if warehouse == REDSHIFT else self.snowflake_refused
        return [*self.refused, *others]


def _s(*texts: str) -> list[str]:
    """JSON texts of strings, written in ASCII and in UTF-8 where that differs."""
    made = [json.dumps(text) for text in texts]
    return [*made, *(raw for text in texts if (raw := json.dumps(text, ensure_ascii=False)) not in made)]


NULL_LOOKING = (
    "",
    "NULL",
    "null",
    "Null",
    "None",
    "none",
    "nil",
    "\\N",
    "\\\\N",
    "\\n",
    "N/A",
    "NaN",
    "nan",
    "inf",
    '""',
    "''",
    '"',
    '""""',
    "\\",
    "\\\\",
    "@n@",
    "undefined",
    "<null>",
    "(null)",
    "-",
    "0",
    "false",
)
SHIFTING = (
    "|",
    "||",
    "a|b",
    "|a",
    "a|",
    'a"b',
    '"a"',
    '"a',
    'a"',
    '"a|b"',
    '"|"',
    'a""b',
    "a,b",
    "a;b",
    "a\tb",
    "a\nb",
    "a\rb",
    "a\r\nb",
    "\n",
    "\r",
    "\r\n",
    "\t",
    "\na",
    "a\n",
    "a\\",
    "a\\|b",
    "a\\\nb",
    '\\"',
    "\\t",
    "a\x0bb",
    "a\x0cb",
    "a\x1cb",
    "a\x1db",
    "a\x1eb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    'x\n|"y"\r\n\\N|',
)
BLANKS = (
    " ",
    "  ",
    " a",
    "a ",
    " a ",
    "\u00a0",
    "\u3000a\u3000",
    "\u200b",
    "\ufeffa",
    "a\ufeff",
    "\t a \t",
    "   \n   ",
)
CONTROLS = tuple(chr(code) for code in [*range(1, 32), 127, 128, 0x9F])
UNICODE = (
    "ä",
    "ß",
    "é",
    "e\u0301",
    "İi̇",
    "日本語",
    "한국어",
    "עברית",
    "العربية",
    "ไทย",
    "नमस्ते",
    "😀",
    "👨‍👩‍👧‍👦",
    "🇩🇪",
    "𝔘𝔫𝔦",
    "\U00010000",
    "\U0010ffff",
    "\uffff",
    "\ufffe",
    "\ufdd0",
    "\ufffd",
    "\ue000",
    "a\u0300\u0301\u0302",
    "ﬁ",
    "Ω",
    "\u202eabc",
    "ﷺ",
    "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
    "\ud7ff",
    "Ǆ",
    "ı",
    "ſ",
)
TEXTUAL = (
    "true",
    "1",
    "1.0",
    "1e5",
    "0x10",
    "007",
    "+1",
    "2020-06-01",
    "0000-00-00",
    "9999-12-31",
    "12:00",
    "{}",
    "[]",
    '{"a": 1}',
    "<a href='x'>",
    "'; DROP TABLE orders; --",
    "$$",
    "${x}",
    "%s",
    "{{x}}",
    "a'b",
    "''a''",
    "C:\\new\\table",
    "\\\\server\\share",
    "line1\\nline2",
    "=1+1",
    "@x",
    "#",
    "--",
    "/* x */",
)

STRING = {"type": ["null", "string"]}
GROUPS: list[Group] = [
    Group(
        "strings", "text", STRING,
        kept=[
            *_s(*NULL_LOOKING, *SHIFTING, *BLANKS, *CONTROLS, *UNICODE, *TEXTUAL),
            '"\\/"', '"a\\u007Cb"', '"\\u0022"', '"\\ud83d\\ude00"', '"\\b\\f\\n\\r\\t"', '"\\u005c\\u004e"',
            json.dumps("x" * 65_535), json.dumps("ä" * 32_767), '"' + "日" * 21_845 + '"', '"' + "😀" * 16_383 + '"',
            json.dumps('"' * 65_535), json.dumps("|\n\"" * 21_845),
        ],
        refused=['"\\u0000"', '"a\\u0000b"', '"\\u0000a"', "5", "true", "1.5", "[]", "{}", '["a"]'],
        redshift_refused=[json.dumps("x" * 65_536), '"' + "ä" * 32_768 + '"', '"' + "😀" * 16_384 + '"'],
    ),
    Group(
        "sized strings", "text", {"type": ["null", "string"], "maxLength": 4},
        kept=_s("", "abcd", "ääää", "日本語字", "😀😀😀😀", "    ", "a", '""""', "|\n\r\t"),
        refused=_s("abcde", "😀😀😀😀😀", "a    ", "äääää"),
    ),
    Group("uuids", "text", {"type": ["null", "string"], "format": "uuid"},
          kept=_s("123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000",
                  "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"),
          refused=_s("123e4567", "", "123e4567-e89b-12d3-a456-42661417400g")),
    Group("binaries", "text", {"type": ["null", "string"], "format": "binary"},
          kept=_s("", "00FF10", "deadBEEF", "aGVsbG8=", "\\x00ff")),
    Group(
        "integers", "integer", {"type": ["null", "integer"]},
        kept=["0", "-0", "1", "-1", "127", "128", "32767", "32768", "2147483647", "2147483648", "-2147483648",
              "-2147483649", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
              "9223372036854775807", "-9223372036854775808", "1.0", "1e3", "1E3", "10e-1", "12.50e1", "-0.0", "0e5",
              "1000000000000000000", "1e18", "123456789012345678.0e0",
              "0e999999", "-0e5", "0E-400", "-0.00e-999999999"],
        refused=["1.5", "0.1", "1e-1", "1" + "0" * 38, "-1" + "0" * 38, "1e38", "1e400", "1e99999", "1e999999", "9" * 5000,
                 "1e-999999", "1e99999999999999999999", '"5"', "true", "false", "[]", "{}", '""'],
    ),
    Group(
        "integers beyond 64 bits by schema", "integer", {"type": ["null", "integer"], "minimum": 0, "maximum": 10**38},
        kept=["0", "9223372036854775808", "18446744073709551615", "9" * 38, "1e37", "1" + "0" * 37,
              "0e999999", "0E-999999"],
        refused=["1" + "0" * 38, "1" + "0" * 38 + "1", "-1", "0.5"],
    ),
    Group(
        "decimals by multipleOf", "decimal", {"type": ["null", "number"], "multipleOf": 0.01},
        kept=["0", "0.00", "-0.0", "1", "1.5", "1.50", "19.99", "-19.99", "0.01", "0.1", "1e2", "1.5e1", "12.5E-1", "1.000",
              "1.10000000000000000000", "100000000000000000000000000000000000.99", "9" * 36 + ".99", "-" + "9" * 36 + ".99",
              "4.35", "1.15", "0.07", "1e35", "123456789.10",
              "0e999999", "-0e5", "0E-400", "-0.00e-999999999"],
        refused=["0.001", "2.675", "1.005", "1.005e0", "1e-3", "2.6751", "1e36", "9" * 37, "9" * 36 + ".999", "1e400", "1e-999999", "1e99999999999999999999",
                 "true", "[]"],
    ),
    Group(
        "decimals of 38 places", "decimal", {"type": ["null", "number"], "multipleOf": 1e-9},
        kept=["12345678901234567890123456789.123456789", "0.000000001", "-0.000000001", "1.000000001", "1e-9", "3.0e-9",
              "99999999999999999999999999999.999999999", "0.3e0", "0.1"],
        refused=["0.0000000001", "0.30000000000000004", "1e-10", "100000000000000000000000000000"],
    ),
    Group(
        "decimals in strings", "decimal", {"type": ["null", "string"], "format": "singer.decimal", "precision": 20, "scale": 5},
        kept=_s("0", "1", "-1", "+1", "1.5", "1.50000", "1e3", "1E-5", ".5", "5.", "123456789012345.12345", "0.00001",
                "1.500000000", "0e999999", "-0E-999999"),
        refused=[*_s("", " 1", "1 ", "abc", "1,5", "0x10", "NaN", "Infinity", "-", ".", "1.000001", "1__0", "1e", "٣")],
    ),
    Group(
        "doubles", "double", {"type": ["null", "number"]},
        kept=["0", "-0", "0.0", "1", "1.0", "-1", "0.1", "0.2", "0.30000000000000004", "1.1", "3.14", "3.141592653589793",
              "2.718281828459045", "1e10", "1E10", "1e+10", "1e-10", "1.5e300", "1e308", "1.7976931348623157e308",
              "2.2250738585072014e-308", "1e-307", "-1.7976931348623157e308", "9007199254740992", "9007199254740991",
              "-9007199254740992", "123456789012345", "1234567890.12345", "0.1000000000000000055511151231257827",
              "0.10000000000000001", "100000000000000000000", "1e22", "1e23", "5e-300", "4.35", "2.675", "1.005",
              "123456789.1234567", "0e999999", "-0e5", "0E-400", "-0.00e-999999999"],
        refused=["9007199254740993", "123456789.123456789", "3.14159265358979323846", "12345678901234567.89", "1e309", "-1e309", "1e400", "5e-324",
                 "1e-310", "1e-400", "0.1234567890123456789", '"1.5"', "true", "[]", '"NaN"', "1e99999",
                 "1e-999999", "1e99999999999999999999"],
    ),
    Group("booleans", "boolean", {"type": ["null", "boolean"]}, kept=["true", "false"],
          refused=["0", "1", '"true"', '"t"', '""', "[]", "1.0"]),
    Group(
        "dates", "date", {"type": ["null", "string"], "format": "date"},
        kept=_s("2020-06-01", "2020-02-29", "1970-01-01", "1969-12-31", "0001-01-01", "9999-12-31", "1582-10-04",
                "1582-10-15", "1900-01-01", "2000-02-29", "2020-06-01T00:00:00", "2020-06-01 00:00:00.000", "1752-09-14",
                "2020-06-01T00:00:00Z", "2020-06-01T00:00:00+00:00"),
        refused=[*_s("0000-00-00", "2020-00-01", "2020-01-00", "2020-02-30", "2019-02-29", "1900-02-29", "10000-01-01",
                     "2020-6-1", "20200601", "01/06/2020", "2020-06-01T12:00:00", "", "today", "-0001-01-01",
                     "2020-06-01 00:00:01", "2020-13-01", "2020-06-01T00:00:00+02:00", "2020-06-01Z", "0000-01-01", " 2020-06-01", "２０２０-06-01"), "20200601", "true"],
    ),
    Group(
        "times", "time", {"type": ["null", "string"], "format": "time"},
        kept=_s("00:00:00", "23:59:59", "12:00", "12:34:56.1", "12:34:56.123456", "23:59:59.999999", "00:00:00.000001",
                "12:00:00.000000000", "1:00:00", "9:05"),
        refused=_s("24:00:00", "23:59:60", "12:60:00", "25:00:00", "12", "1:2:3", "1 day, 2:00:00", "-1 day, 22:00:00", "", "noon", "12:00:00Y",
                   "12:00:00+02:00", "12:00:00Z+00:00", "12:00.5", "12:00:00,5"),
        redshift_refused=_s("12:34:56.123456789", "00:00:00.0000001"),
    ),
    Group(
        "date-times without offset", "timestamp", {"type": ["null", "string"], "format": "date-time"},
        kept=_s("2020-06-01 12:00:00", "2020-06-01T12:00:00", "2020-06-01t12:00:00", "2020-06-01T12:00", "2020-06-01",
                "1970-01-01T00:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59", "9999-12-31T23:59:59.999999",
                "1582-10-10T00:00:00", "2020-02-29T23:59:59.5", "2020-06-01T12:00:00.123456", "2020-06-01T12:00:00.1",
                "2020-06-01T12:00:00.000001", "1900-01-01 00:00:00", "2038-01-19T03:14:08", "2020-03-29T02:30:00",
                "1969-12-31T23:59:59.999999", "2020-06-01T12:00:00.100000000"),
        refused=_s("0000-00-00 00:00:00", "0000-00-00T00:00:00", "2020-02-30T00:00:00", "2020-06-01T24:00:00",
                   "2016-12-31T23:59:60", "10000-01-01T00:00:00", "2020-06-01T12:00:00,5", "2020-06-01T12", "1591012800",
                   "", "now", "Mon, 01 Jun 2020 12:00:00", "2020-06-01T12:00.5", "06/01/2020 12:00:00",
                   "2020-06-01T12:60:00", "2020-06-01-12:00:00", " 2020-06-01T12:00:00", "2020-06-01T12:00:00 ",
                   "2020-W23-1", "2020-153", "infinity", "-infinity", "epoch"),
        redshift_refused=_s("2020-06-01T12:00:00.123456789", "2020-06-01T12:00:00.1234567"),
    ),
    Group(
        "date-times with offset", "instant", {"type": ["null", "string"], "format": "date-time"},
        kept=_s("2020-06-01T12:00:00Z", "2020-06-01T12:00:00z", "2020-06-01T12:00:00+00:00", "2020-06-01T12:00:00-00:00",
                "2020-06-01T12:00:00+02:00", "2020-06-01T12:00:00-07:30", "2020-06-01T12:00:00+0200",
                "2020-06-01T12:00:00+02", "2020-06-01 12:00:00+00", "2020-06-01 12:00:00 +02:00",
                "2020-06-01T12:00:00.123456Z", "2020-06-01T12:00:00.5+14:00", "2020-06-01T00:00:00-12:00",
                "2020-01-01T01:00:00+05:45", "1969-12-31T23:59:59.999999Z", "0001-01-02T00:00:00+02:00",
                "9999-12-30T23:00:00-02:00", "2020-12-31T23:59:59.999999-08:00", "2020-03-29T02:30:00+01:00",
                "1883-11-18T12:03:58Z", "2020-06-01T12:00:00.000000000Z"),
        refused=_s("2020-06-01T12:00:00+25:00", "2020-06-01T12:00:00+02:60", "2020-06-01T12:00:00 UTC",
                   "2020-06-01T12:00:00 Europe/Berlin", "9999-12-31T23:59:59-02:00", "0001-01-01T00:00:00+02:00",
                   "2016-12-31T23:59:60Z", "0000-00-00T00:00:00Z", "2020-06-01T24:00:00Z", "2020-06-01+02:00",
                   "2020-06-01T12:00:00+2", "2020-06-01T12:00:00+01:30:15", "2020-06-01T12:00:00+15:00",
                   "2020-06-01T12:00:00.Z"),
        redshift_refused=_s("2020-06-01T12:00:00.123456789Z", "2020-06-01T12:00:00.0000001+02:00"),
        settings={"datetime_type": "timestamptz"},
    ),
    Group(
        "documents", "json", {"type": ["null", "object", "array"]},
        kept=["{}", "[]", '{"a": 1}', '{"a": null}', "[null]", '{"a": "None"}', '{"a": "NULL", "b": "\\\\N", "c": ""}',
              '{"a": {"b": {"c": [1, 2, {"d": "x"}]}}}', '{"a|b": "c|d"}', '{"a\\"b": "c\\"d"}', '{"a": "line\\nbreak"}',
              '{"a": "\\\\"}', '{"\\\\": "\\\\\\\\"}', '["\\"", "|", "\\r\\n", "\\t"]', '{"ä": "日本語😀"}',
              '{"a": "\\u00e4\\ud83d\\ude00"}', '{"": ""}', '{" a ": " b "}', '{"A": 1, "a": 2}', "[true, false, null]",
              "[0, -0, 1.5, -1.5, 1e10, 0.1]", "[9223372036854775807, -9223372036854775808]",
              "[9007199254740993]", "[0.30000000000000004]", "[12345678901234567890123456789012345678]",
              "[0.1234567890123456789012345678901234567]", "[1.10]", "[[[[[[]]]]]]", "[[], {}, [{}]]",
              '[{"a": 1}, {"a": 1}]', '{"a": {"x": 1}, "b": {"x": 1}}', '{"a": "{\\"a\\": 1}"}', '{"a": [1, "1", true]}',
              '[1, 1, 1]', '{"x": "' + "y" * 65_000 + '"}', '{"x": "' + "y" * 65_535 + '"}', '{"dup": ["dup", "dup:"]}',
              '{"a": "\\":", "b": "\\":"}', '{"a": "0000-00-00"}', "[" * 100 + "]" * 100, '{"a":' * 100 + "1" + "}" * 100,
              '{"q": "\\u0022:"}', '{ "s" :\t"\\/" }', "[1e300]", '{"a": "\\\\u0000"}', '{"$a": "${x}", "b.c": "%s"}'],
        refused=['{"a": 1, "a": 2}', '{"a": {"b": 1, "b": 1}}', '[{"x": 1, "y": {"z": 1, "z": 2}}]',
                 '{"a": 1, "\\u0061": 2}', '{"a": "\\u0000"}', '{"\\u0000": 1}', "[1e400]", "[5e-324]",
                 "[123456789012345678901234567890123456789]", "[0.30000000000000004000000000000000000000001]",
                 "[1.2345678901234567890e5]", '"text"', "5", "true"],
        redshift_refused=['{"x": "' + "y" * 65_536 + '"}', '["' + "ä" * 32_768 + '"]'],
    ),
    Group(
        "anything", "json", {},
        kept=['"text"', '""', '"null"', '"|"', '"\\""', '"a\\nb"', "5", "-5", "1.50", "1e5", "true", "false", "[]", "{}",
              '"😀"', '"\\\\N"', '"NULL"', '"5"', "9007199254740993", '{"a": [1]}', '" "'],
        refused=['"\\u0000"', "1e400", '{"a": 1, "a": 1}'],
    ),
    Group(
        "integer or string", "text", {"type": ["null", "integer", "string"]},
        kept=["5", "-5", "0", '"a"', '""', '"a|b"', "123456789012345678901234567890", '"NULL"', '"\\n"'],
        refused=["1.5", "true", "[]", "{}"],
    ),
    Group("anyOf date-time or string", "text",
          {"anyOf": [{"type": "string", "format": "date-time"}, {"type": ["string", "null"]}]},
          kept=_s("2020-06-01T12:00:00Z", "0000-00-00", "", "NULL", "2020-06-01 12:00:00.123456789")),
    Group("boolean or number", "text", {"type": ["boolean", "number", "null"]}, kept=["true", "false", "1.50", "0", "-1e5"],
          refused=['"a"', "[]"]),
    Group("string or object", "json", {"type": ["null", "string", "object"]}, kept=['"a"', '{"a": 1}', '""', '"{}"'],
          refused=["5", "[]"]),
    Group("enums", "text", {"type": ["null", "string"], "enum": ["a", "b|c", "", None]}, kept=['"a"', '"b|c"', '""'],
          refused=['"c"', '"A"', '" a"']),
    Group("enum without type", "text", {"enum": ["a", "b", None]}, kept=['"a"', '"b"'], refused=['"c"', "1"]),
    Group("patterns", "text", {"type": "string", "pattern": "^[a-z]{2}$"}, kept=['"ab"', '"zz"'],
          refused=['"abc"', '"A1"', '""']),
    Group("bounds", "integer", {"type": "integer", "minimum": 1, "maximum": 10, "multipleOf": 1}, kept=["1", "10", "5.0"],
          refused=["0", "11", "-5"]),
    Group("exclusive bounds", "decimal",
          {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.1},
          kept=["0.1", "0.9", "0.30"], refused=["0", "1", "1.0", "0.15"]),
    Group("steps", "decimal", {"type": "number", "multipleOf": 0.25}, kept=["0.25", "0.5", "1.75", "-2", "1e1"],
          refused=["0.1", "0.26", "1.001"]),
    Group("documents with a schema", "json",
          {"type": "object", "properties": {"n": {"type": "integer"}, "s": {"type": "string"}}, "required": ["n"]},
          kept=['{"n": 1}', '{"n": 2, "s": "x"}', '{"n": 3, "other": [1]}'],
          refused=['{"n": "1"}', '{"s": "x"}', "{}", '{"n": 1, "s": 5}']),
    Group("documents as text", "raw", {"type": ["null", "object", "array", "string"]},
          kept=['{"a": 1, "a": 2}', '{ "a" :1.0 }', "[1e400]", '"text"', "[]", '{"a": "\\u0000"}', '"\\u00e4"', '"NULL"',
                "[123456789012345678901234567890123456789.5]", '"\\n"', '"a|b"'],
          settings={"json_as_text": True}),
    Group("date-times as text", "text", {"type": ["null", "string"], "format": "date-time"},
          kept=_s("0000-00-00 00:00:00", "2016-12-31T23:59:60Z", "10000-01-01T00:00:00", "2020-06-01T12:00:00+02:00",
                  "2020-06-01T12:00:00.123456789Z", "2020-06-01"),
          settings={"invalid_datetime": "text"}),
]  # fmt: skip


def cases(warehouse: str) -> Iterator[tuple[Group, str, bool]]:
    """Yield (group, JSON text, kept) for every value."""
    for group in GROUPS:
        for text in group.kept_in(warehouse):
            yield group, text, True
        for text in group.refused_in(warehouse):
            yield group, text, False


def count() -> int:
    """Return the number of (type, value) pairs."""
    return sum(len(g.kept) + len(g.refused) + len(g.redshift_refused) + len(g.snowflake_refused) for g in GROUPS)
