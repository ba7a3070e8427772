"""What can PostgreSQL do and Redshift not, and what can Redshift do and this stand-in not?  Both are refused by word.

Sources: c_unsupported-postgresql-features, c_unsupported-postgresql-datatypes, c_unsupported-postgresql-functions
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

from local_warehouse.redshift.errors import NotSupported, RedshiftError, syntax_error
from local_warehouse.redshift.grammar.lexer import Reader, Token, words
from local_warehouse.redshift.grammar.references import Reference, references
from local_warehouse.redshift.rewrite import windows

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
    EVERY XML_AGG CORR COVAR_POP COVAR_SAMP REGR_AVGX REGR_AVGY REGR_COUNT REGR_INTERCEPT REGR_R2 REGR_SLOPE
    REGR_SXX REGR_SXY REGR_SYY CLOCK_TIMESTAMP JUSTIFY_DAYS JUSTIFY_HOURS JUSTIFY_INTERVAL TRANSACTION_TIMESTAMP
    DIV SETSEED WIDTH_BUCKET GENERATE_SERIES GENERATE_SUBSCRIPTS BIT_LENGTH OVERLAY CONVERT_FROM
    CONVERT_TO QUOTE_NULLABLE PG_RELATION_SIZE PG_TOTAL_RELATION_SIZE PG_DATABASE_SIZE
    PG_ADVISORY_LOCK PG_ADVISORY_XACT_LOCK PG_TRY_ADVISORY_LOCK PG_TRY_ADVISORY_XACT_LOCK PG_ADVISORY_UNLOCK ROW
    """
)
# Supported on the leader node alone: not together with a table of the compute nodes (c_SQL_functions_leader_node_only).
LEADER_FUNCTIONS = words(
    """
    CURRENT_SCHEMA CURRENT_SCHEMAS HAS_DATABASE_PRIVILEGE HAS_SCHEMA_PRIVILEGE HAS_TABLE_PRIVILEGE AGE ISFINITE NOW
    GETBIT GET_BYTE SET_BIT SET_BYTE TO_ASCII PG_SLEEP
    """
)
LEADER_WORDS = words("CURRENT_TIME CURRENT_TIMESTAMP LOCALTIME LOCALTIMESTAMP")
LEADER_ONLY = "Specified types or functions (one per INFO message) not supported on Redshift tables."
SYSTEM_COLUMNS = words("CTID XMIN XMAX CMIN CMAX TABLEOID")
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
CAST = "::"
SUSPICIOUS = (
    FOREIGN_TYPES
    | FOREIGN_FUNCTIONS
    | LEADER_FUNCTIONS
    | LEADER_WORDS
    | SYSTEM_COLUMNS
    | NOT_HERE
    | NOT_HERE_FUNCTIONS
    | words("RETURNING ON FILTER ARRAY DISTINCT FROM JOIN AS SELECT FOR FETCH LATERAL TABLESAMPLE EXPLAIN")
)
FOREIGN_PHRASES = (
    *(("FOR", strength) for strength in ("UPDATE", "SHARE", "NO", "KEY")),
    *(("FETCH", which) for which in ("FIRST", "NEXT")),
    ("TABLESAMPLE", "SYSTEM"), ("TABLESAMPLE", "BERNOULLI"), ("LATERAL", "("),
    ("FROM", "ONLY"), ("JOIN", "ONLY"), ("EXPLAIN", "ANALYZE"), ("EXPLAIN", "("),
)  # fmt: skip
WRITING = ("INSERT", "UPDATE", "DELETE", "MERGE")
READING = (*WRITING, "SELECT", "WITH", "(")


def refuse(tokens: list[Token]) -> None:
    """Raise RedshiftError for the first thing that Redshift, or this stand-in, has not."""
    _refuse_string_prefixes(tokens)
    _refuse_numbers(tokens)
    reader = Reader(tokens)
    verb = reader.peek().word()
    named = _Named(reader.tokens)
    windows.refuse(reader.tokens)
    for at, token in enumerate(reader.tokens):
        if (
            token.text == CAST
            or token.text in FOREIGN_OPERATORS
            or (token.kind == "word" and _suspicious(token.text.upper()))
        ):
            reader.at = at
            _refuse_phrase(reader, verb, named)
            _refuse_type(reader)
            _refuse_function(reader, named)
            _refuse_on_tables(reader, named)


class _Named:
    """The tables that a statement names, looked for only when they matter."""

    def __init__(self, significant: list[Token]) -> None:
        self._significant = significant

    @cached_property
    def _references(self) -> list[Reference]:
        return references(self._significant)

    @property
    def only_catalogs(self) -> bool:
        """Does it run on the leader node, which is more of a PostgreSQL than Redshift promises to be?"""
        return bool(self._references) and all(reference.is_system for reference in self._references)

    @property
    def tables(self) -> bool:
        return any(not reference.is_catalog for reference in self._references)


def _suspicious(word: str) -> bool:
    """Can this word begin what is refused?  Nearly no word of a long INSERT can."""
    return word in SUSPICIOUS or word.startswith("RS_")


def _refuse_string_prefixes(tokens: list[Token]) -> None:
    before = Token("end", "")
    for token in tokens:
        if token.kind == "string" and before.kind == "word" and before.word() in ("E", "B", "X", "N", "U"):
            raise RedshiftError("42704", f'type "{before.text.lower()}" does not exist')
        before = token


def _refuse_numbers(tokens: list[Token]) -> None:
    """0x1F and 1_000 are numbers in PostgreSQL 16 only."""
    for token, following in pairwise(tokens):
        if token.kind == "number" and following.kind == "word" and following.text[0] in "_xXoObB":
            raise syntax_error(following.text)


def _refuse_phrase(reader: Reader, verb: str, named: _Named) -> None:
    token = reader.peek()
    if token.text == CAST:
        if reader.peek(2).text == "[" and not named.only_catalogs:
            raise RedshiftError("0A000", "arrays are not supported")
        return
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
    if reader.sees("ARRAY", "[") and not named.only_catalogs:
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
    if reader.sees("DISTINCT", "FROM") and reader.peek(-1).word() in ("IS", "NOT"):
        raise RedshiftError("0A000", "IS DISTINCT FROM is not supported")
    for phrase in FOREIGN_PHRASES:
        if verb != "FETCH" and reader.sees(*phrase) and reader.peek(-1).text != "." and not named.only_catalogs:
            raise syntax_error(phrase[0].lower())


def _refuse_type(reader: Reader) -> None:
    cast = reader.peek(-1).text == "::" or (reader.peek(-1).word() == "AS" and reader.peek(1).text == ")")
    if cast and reader.peek().kind == "word" and reader.peek().word() in FOREIGN_TYPES:
        raise RedshiftError("42704", f'type "{reader.peek().text.lower()}" does not exist')


def _refuse_on_tables(reader: Reader, named: _Named) -> None:
    """What has no meaning for a table of the compute nodes: system columns, functions of the leader node."""
    token = reader.peek()
    if token.kind != "word":
        return
    word = token.word()
    called = reader.peek(1).text == "(" and reader.peek(-1).word() not in ("INTO", "TABLE", ".")
    if (word in LEADER_WORDS and reader.peek(-1).text != ".") or (word in LEADER_FUNCTIONS and called):
        if named.tables:
            raise RedshiftError("0A000", LEADER_ONLY, f'Function "{word.lower()}" not supported.')
    elif word in SYSTEM_COLUMNS and not called and named.tables and reader.tokens[0].word() in READING:
        raise RedshiftError("42703", f'column "{word.lower()}" does not exist')


def _refuse_function(reader: Reader, named: _Named) -> None:
    token = reader.peek()
    if token.kind != "word" or reader.peek(1).text != "(":
        return
    name = token.word()
    if name in NOT_HERE_FUNCTIONS and reader.peek(-1).word() not in ("INTO", "TABLE"):
        raise NotSupported(f"function {name}")
    foreign = (name in FOREIGN_FUNCTIONS and not named.only_catalogs) or (
        name.startswith("RS_") and reader.peek(-1).word() not in ("INTO", "TABLE", ".")
    )
    if foreign and reader.peek(-1).word() not in ("INTO", "TABLE", "."):
        raise RedshiftError("42883", f"function {name.lower()}() does not exist")
