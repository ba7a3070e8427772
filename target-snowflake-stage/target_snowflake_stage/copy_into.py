"""COPY INTO: what the files mean, stated in the statement itself, so that no object of the account can change it.

Pages are those of https://docs.snowflake.com/en/. Format options of the COPY replace those of the stage and the table,
all of them; copy options replace them one by one (user-guide/data-load-prepare).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.load import ClosedBatch
from singer_bulk.warehouse import words

from target_snowflake_stage.types import field_expression

# sql/copy-into-table: FILES takes at most 1,000 names.
MAX_FILES = 1000

# Every option of a CSV file that sql/copy-into-table lists, in its order; one file format for every stream. NULL is an
# empty field, '' is "": both are kept apart by FIELD_OPTIONALLY_ENCLOSED_BY with EMPTY_FIELD_AS_NULL, and NULL_IF = ()
# keeps every text that looks like NULL. The date formats are not asked, each field has a format of its own (_FIELDS);
# ERROR_ON_COLUMN_COUNT_MISMATCH is ignored where fields are selected (data-load-transform): see _field.
FILE_FORMAT_OPTIONS = {
    "TYPE": "CSV",
    "COMPRESSION": "GZIP",
    "RECORD_DELIMITER": "'\\n'",
    "FIELD_DELIMITER": "'|'",
    "MULTI_LINE": "TRUE",
    "PARSE_HEADER": "FALSE",
    "SKIP_HEADER": "0",
    "SKIP_BLANK_LINES": "FALSE",
    "DATE_FORMAT": "AUTO",
    "TIME_FORMAT": "AUTO",
    "TIMESTAMP_FORMAT": "AUTO",
    "BINARY_FORMAT": "HEX",
    "ESCAPE": "NONE",
    "ESCAPE_UNENCLOSED_FIELD": "NONE",
    "TRIM_SPACE": "FALSE",
    "FIELD_OPTIONALLY_ENCLOSED_BY": "'\"'",
    "NULL_IF": "()",
    "ERROR_ON_COLUMN_COUNT_MISMATCH": "TRUE",
    "REPLACE_INVALID_CHARACTERS": "FALSE",
    "EMPTY_FIELD_AS_NULL": "TRUE",
    "SKIP_BYTE_ORDER_MARK": "TRUE",
    "ENCODING": "'UTF8'",
}

# What a stage or a table could say otherwise. FORCE: a file is loaded although Snowflake remembers that it was, be it
# by an attempt that was rolled back (no page says that it forgets); the ledger and the count of rows see to it that
# each is loaded once. Not stated: ENFORCE_LENGTH, which is TRUNCATECOLUMNS in other words;
# SIZE_LIMIT, which has no word for none, and whose effect the count of rows notices; MATCH_BY_COLUMN_NAME, which is
# refused together with a SELECT.
COPY_OPTIONS = {
    "ON_ERROR": "ABORT_STATEMENT",
    "PURGE": "FALSE",
    "FORCE": "TRUE",
    "TRUNCATECOLUMNS": "FALSE",
    "RETURN_FAILED_ONLY": "FALSE",
    "LOAD_UNCERTAIN_FILES": "FALSE",
}


def options(chosen: Mapping[str, str]) -> str:
    """Return the options as a statement has them."""
    return " ".join(f"{option} = {value}" for option, value in chosen.items())


def copies_into(
    into: str, stage: str, prefix: str, columns: Sequence[Column], types: Mapping[str, ColumnType], batch: ClosedBatch
) -> list[str]:
    """Return one COPY INTO for each 1,000 files; `prefix` is what the URL of the stage says of each key."""
    listed = words.listed(column.name for column in columns)
    fields = ", ".join(
        field_expression(_field(position, len(columns)), column.type, types[column.name])
        for position, column in enumerate(columns, start=1)
    )
    names = [words.literal(file.key[len(prefix) :]) for file in batch.files]
    return [
        f"COPY INTO {into} ({listed}) FROM (SELECT {fields} FROM @{stage}/) "
        f"FILES = ({', '.join(names[start : start + MAX_FILES])}) "
        f"FILE_FORMAT = ({options(FILE_FORMAT_OPTIONS)}) {options(COPY_OPTIONS)}"
        for start in range(0, len(names), MAX_FILES)
    ]


def _field(position: int, count: int) -> str:
    """Return the field at the position; the last one is an error where a record has yet another field.

    COPY with a SELECT does not count fields (data-load-transform), and a missing one is NULL. The error is
    that of words that are no number.
    """
    if position < count:
        return f"${position}"
    return f"NVL2(${position + 1}, TO_VARCHAR(TO_NUMBER('a field too many: ' || ${position + 1})), ${position})"
