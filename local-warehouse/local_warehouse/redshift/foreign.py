"""What can PostgreSQL do and Redshift not, and what can Redshift do and this stand-in not?  Both are refused by word.

Sources: c_unsupported-postgresql-features, c_unsupported-postgresql-datatypes, c_unsupported-postgresql-functions
"""

from __future__ import annotations

from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.lexer import Reader, Token, words

FOREIGN_TYPES = words(
    """
    UUID JSON JSONB BYTEA XML MONEY INET CIDR MACADDR BIT VARBIT POINT LINE LSEG BOX PATH POLYGON CIRCLE
    TSVECTOR TSQUERY SERIAL BIGSERIAL SMALLSERIAL INT4RANGE INT8RANGE NUMRANGE TSRANGE DATERANGE CITEXT
    HSTORE
    """
)
FOREIGN_FUNCTIONS = words(
    """
    STRING_AGG ARRAY_AGG JSON_AGG JSONB_AGG ROW_TO_JSON TO_JSON TO_JSONB JSON_BUILD_OBJECT
    JSONB_BUILD_OBJECT JSON_BUILD_ARRAY JSONB_BUILD_ARRAY JSON_OBJECT_AGG JSONB_OBJECT_AGG JSON_EACH
    JSONB_EACH JSONB_SET GEN_RANDOM_UUID UUIDV4 UUIDV7 REGEXP_MATCHES REGEXP_SPLIT_TO_TABLE
    REGEXP_SPLIT_TO_ARRAY STRING_TO_TABLE STRING_TO_ARRAY ARRAY_TO_STRING UNNEST NEXTVAL CURRVAL SETVAL
    FORMAT ENCODE DECODE_HEX XMLPARSE MAKE_DATE MAKE_TIMESTAMP TO_TSVECTOR BOOL_AND_AGG
    PG_INPUT_IS_VALID SET_CONFIG PG_READ_FILE PG_LS_DIR LO_IMPORT
    """
)
NOT_HERE = words(
    """
    QUALIFY PIVOT UNPIVOT LISTAGG MEDIAN PERCENTILE_CONT APPROXIMATE
    """
)
NOT_HERE_FUNCTIONS = words(
    """
    LISTAGG MEDIAN GET_ARRAY_LENGTH SUBARRAY ARRAY_CONCAT SPLIT_TO_ARRAY ARRAY_FLATTEN OBJECT
    OBJECT_TRANSFORM SHA1 FUNC_SHA1 FNV_HASH CONVERT_TIMEZONE STRTOL CHARINDEX DECODE APPROXIMATE HLL
    """
)
FOREIGN_OPERATORS = ("->", "->>", "@>", "<@", "#>", "#>>")
SUSPICIOUS = (
    FOREIGN_TYPES
    | FOREIGN_FUNCTIONS
    | NOT_HERE
    | NOT_HERE_FUNCTIONS
    | {"RETURNING", "ON", "FILTER", "ARRAY", "DISTINCT", "FROM", "JOIN", "AS", "SELECT"}
)
WRITING = ("INSERT", "UPDATE", "DELETE", "MERGE")


def refuse(tokens: list[Token]) -> None:
    """Raise RedshiftError for the first thing that Redshift, or this stand-in, has not."""
    _refuse_string_prefixes(tokens)
    reader = Reader(tokens)
    verb = reader.peek().word()
    for at, token in enumerate(reader.tokens):
        if token.text in FOREIGN_OPERATORS or (token.kind == "word" and _suspicious(token.text.upper())):
            reader.at = at
            _refuse_phrase(reader, verb)
            _refuse_type(reader)
            _refuse_function(reader)


def _suspicious(word: str) -> bool:
    """Can this word begin what is refused?  Nearly no word of a long INSERT can."""
    return word in SUSPICIOUS or word.startswith("RS_")


def _refuse_string_prefixes(tokens: list[Token]) -> None:
    before = Token("end", "")
    for token in tokens:
        if token.kind == "string" and before.kind == "word" and before.word() in ("E", "B", "X", "N", "U"):
            raise RedshiftError("42704", f'type "{before.text.lower()}" does not exist')
        before = token


def _refuse_phrase(reader: Reader, verb: str) -> None:
    token = reader.peek()
    if token.kind == "operator":
        raise syntax_error(token.text)
    if token.kind != "word":
        return
    if verb in WRITING and reader.sees("RETURNING"):
        raise syntax_error("returning")
    if verb == "INSERT" and reader.sees("ON", "CONFLICT"):
        raise syntax_error("on")
    if reader.sees("FILTER", "(") and reader.peek(-1).text == ")":
        raise syntax_error("(")
    if reader.sees("ARRAY", "["):
        raise RedshiftError("0A000", "ARRAY[] is not supported")
    if reader.sees("DISTINCT", "ON", "("):
        raise RedshiftError("0A000", "SELECT DISTINCT ON is not supported")
    if reader.sees("FROM", "(", "VALUES") or reader.sees("JOIN", "(", "VALUES") or reader.sees("AS", "(", "VALUES"):
        raise syntax_error("values")
    if (
        token.word() in NOT_HERE
        and reader.peek(-1).text not in (".", '"')
        and verb in ("SELECT", "WITH", "INSERT", "CREATE")
    ):
        raise NotSupported(token.word())
    if reader.sees("SELECT", "TOP"):
        raise NotSupported("SELECT TOP")


def _refuse_type(reader: Reader) -> None:
    cast = reader.peek(-1).text == "::" or (reader.peek(-1).word() == "AS" and reader.peek(1).text == ")")
    if cast and reader.peek().kind == "word" and reader.peek().word() in FOREIGN_TYPES:
        raise RedshiftError("42704", f'type "{reader.peek().text.lower()}" does not exist')


def _refuse_function(reader: Reader) -> None:
    token = reader.peek()
    if token.kind != "word" or reader.peek(1).text != "(":
        return
    name = token.word()
    if name in NOT_HERE_FUNCTIONS and reader.peek(-1).word() not in ("INTO", "TABLE"):
        raise NotSupported(f"function {name}")
    foreign = name in FOREIGN_FUNCTIONS or (
        name.startswith("RS_") and reader.peek(-1).word() not in ("INTO", "TABLE", ".")
    )
    if foreign and reader.peek(-1).word() not in ("INTO", "TABLE", "."):
        raise RedshiftError("42883", f"function {name.lower()}() does not exist")
