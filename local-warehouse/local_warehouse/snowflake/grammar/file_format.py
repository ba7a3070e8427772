"""The CSV options of file formats: defaults, checks, and how they add up.

https://docs.snowflake.com/en/sql-reference/sql/create-file-format  https://docs.snowflake.com/en/sql-reference/sql/copy-into-table
"""

from __future__ import annotations

import re
from typing import Any

from local_warehouse.snowflake.errors import Unsupported, compilation, invalid_parameter
from local_warehouse.snowflake.grammar.lexer import decode_string
from local_warehouse.snowflake.grammar.properties import Properties

DEFAULTS: dict[str, Any] = {
    "TYPE": "CSV", "RECORD_DELIMITER": "\n", "FIELD_DELIMITER": ",", "FILE_EXTENSION": None, "SKIP_HEADER": 0,
    "PARSE_HEADER": False, "DATE_FORMAT": "AUTO", "TIME_FORMAT": "AUTO", "TIMESTAMP_FORMAT": "AUTO",
    "BINARY_FORMAT": "HEX", "ESCAPE": None, "ESCAPE_UNENCLOSED_FIELD": "\\", "TRIM_SPACE": False,
    "FIELD_OPTIONALLY_ENCLOSED_BY": None, "NULL_IF": ["\\N"], "COMPRESSION": "AUTO",
    "ERROR_ON_COLUMN_COUNT_MISMATCH": True, "VALIDATE_UTF8": True, "SKIP_BLANK_LINES": False,
    "REPLACE_INVALID_CHARACTERS": False, "EMPTY_FIELD_AS_NULL": True, "SKIP_BYTE_ORDER_MARK": True,
    "ENCODING": "UTF8", "MULTI_LINE": True,
}  # fmt: skip
COMPRESSIONS = ("AUTO", "GZIP", "BZ2", "ZSTD", "DEFLATE", "RAW_DEFLATE", "NONE")
ENCODINGS = {
    "UTF8": "utf-8", "UTF-8": "utf-8", "UTF16": "utf-16", "UTF16BE": "utf-16-be", "UTF16LE": "utf-16-le", "UTF32":
    "utf-32", "UTF32BE": "utf-32-be", "UTF32LE": "utf-32-le", "ISO88591": "latin-1", "ISO88592": "iso8859-2",
    "ISO88595": "iso8859-5", "ISO88596": "iso8859-6", "ISO88597": "iso8859-7", "ISO88598": "iso8859-8", "ISO88599":
    "iso8859-9", "ISO885915": "iso8859-15", "WINDOWS874": "cp874", "WINDOWS949": "cp949", "WINDOWS1250": "cp1250",
    "WINDOWS1251": "cp1251", "WINDOWS1252": "cp1252", "WINDOWS1253": "cp1253", "WINDOWS1254": "cp1254",
    "WINDOWS1255": "cp1255", "WINDOWS1256": "cp1256", "BIG5": "big5", "EUCJP": "euc_jp", "EUCKR": "euc_kr",
    "GB18030": "gb18030", "IBM420": "", "IBM424": "", "IBM949": "", "ISO2022CN": "", "ISO2022JP": "iso2022_jp",
    "ISO2022KR": "iso2022_kr", "KOI8R": "koi8_r", "SHIFTJIS": "shift_jis",
}  # fmt: skip
_FLAGS = (
    "PARSE_HEADER", "TRIM_SPACE", "ERROR_ON_COLUMN_COUNT_MISMATCH", "VALIDATE_UTF8", "SKIP_BLANK_LINES",
    "REPLACE_INVALID_CHARACTERS", "EMPTY_FIELD_AS_NULL", "SKIP_BYTE_ORDER_MARK", "MULTI_LINE",
)  # fmt: skip
_REFUSED = {
    "VALIDATE_UTF8": True,  # FALSE loads bytes that are not UTF-8; what a query then returns is not documented
    "PARSE_HEADER": False,  # only for MATCH_BY_COLUMN_NAME and INFER_SCHEMA, which are refused
}


def _character(text: str) -> str:
    """A delimiter as it may be written: the character, an escape, or 0x22."""
    if re.fullmatch(r"0x[0-9A-Fa-f]{2,8}", text) and len(text) % 2 == 0:
        return bytes.fromhex(text[2:]).decode("utf-8")
    if re.fullmatch(r"(?:\\x[0-9A-Fa-f]{2})+", text):
        return bytes.fromhex(text.replace("\\x", "")).decode("utf-8", "replace")
    if re.fullmatch(r"\\(?:[0-7]{3}|[tnrbf\\'\"])", text):
        return decode_string(text)
    if any("\x80" <= character <= "\xff" for character in text) and max(text) <= "\xff":
        try:  # '\xC2\xA2' in SQL text: bytes that the literal has made characters of
            return text.encode("latin-1").decode("utf-8")
        except UnicodeDecodeError:
            return text
    return text


def _delimiter(properties: Properties, name: str, most: int) -> Any:
    text = properties.text(name)
    if text is None:
        return None
    if text.upper() == "NONE":
        return "NONE"
    value = _character(text)
    if not 1 <= len(value) <= most:
        raise invalid_parameter(name, text)
    return value


def read_options(values: dict[str, object], what: str) -> dict[str, Any]:
    """The options that were given, checked; anything unknown is an error."""
    properties = Properties(values)
    found: dict[str, Any] = {}
    kind = properties.word("TYPE", ("CSV", "JSON", "AVRO", "ORC", "PARQUET", "XML", "CUSTOM"))
    if kind not in (None, "CSV"):
        raise Unsupported(f"FILE FORMAT TYPE = {kind}")
    if kind:
        found["TYPE"] = kind
    for name, most in (
        ("RECORD_DELIMITER", 20),
        ("FIELD_DELIMITER", 20),
        ("ESCAPE", 1),
        ("ESCAPE_UNENCLOSED_FIELD", 1),
        ("FIELD_OPTIONALLY_ENCLOSED_BY", 1),
    ):
        if (value := _delimiter(properties, name, most)) is not None:
            found[name] = None if value == "NONE" else value
    quote = found.get("FIELD_OPTIONALLY_ENCLOSED_BY")
    if quote not in (None, '"', "'"):
        raise invalid_parameter("FIELD_OPTIONALLY_ENCLOSED_BY", quote)
    for name in _FLAGS:
        if (flag := properties.flag(name)) is not None:
            found[name] = flag
    for name, value in _REFUSED.items():
        if found.get(name, value) != value:
            raise Unsupported(f"{name} = {str(found[name]).upper()}")
    if (count := properties.number("SKIP_HEADER")) is not None:
        found["SKIP_HEADER"] = count
    for name in ("DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT", "FILE_EXTENSION"):
        if (text := properties.text(name)) is not None:
            found[name] = text
    if (word := properties.word("BINARY_FORMAT", ("HEX", "BASE64", "UTF8", "UTF-8"))) is not None:
        found["BINARY_FORMAT"] = word.replace("-", "")
    if (word := properties.word("COMPRESSION", (*COMPRESSIONS, "BROTLI"))) is not None:
        if word == "BROTLI":
            raise Unsupported("COMPRESSION = BROTLI")
        found["COMPRESSION"] = word
    if (word := properties.text("ENCODING")) is not None:
        if not ENCODINGS.get(word.upper().replace("-", "") if word.upper() != "UTF-8" else "UTF8"):
            raise invalid_parameter("ENCODING", word)
        found["ENCODING"] = word.upper().replace("-", "")
    if (texts := properties.texts("NULL_IF")) is not None:
        found["NULL_IF"] = texts
    properties.finish(what)
    check(found)
    return found


def check(options: dict[str, Any]) -> None:
    """Rules between options."""
    full = {**DEFAULTS, **options}
    record, fields = full["RECORD_DELIMITER"], full["FIELD_DELIMITER"]
    if record and fields and (record in fields or fields in record):
        raise compilation("FIELD_DELIMITER and RECORD_DELIMITER must not be part of one another", 1008, "22023")
    quote = full["FIELD_OPTIONALLY_ENCLOSED_BY"]
    if quote and quote in (fields, full["ESCAPE_UNENCLOSED_FIELD"]):
        raise compilation("FIELD_OPTIONALLY_ENCLOSED_BY must differ from delimiter and escape", 1008, "22023")
    for name in ("DATE_FORMAT", "TIME_FORMAT", "TIMESTAMP_FORMAT"):
        if full[name].upper() != "AUTO":
            from local_warehouse.snowflake.values.datetimes import pattern

            pattern(full[name])
