"""A fast road for the common shape of CSV files, by Arrow's reader.

It takes only texts on which Arrow and `csv_reader.parse` agree, and gives None for all others; a test compares the
two on generated texts. A COPY of 200,000 rows of seven fields costs the server 2.8 s of processor time with it and
20.6 s without; the load of 336,776 flights (tests/load/test_flights.py), 201 s on two crowded cores, is not through
after its 300.
"""

from __future__ import annotations

import io
import re
from typing import Any

MOST_QUICK_COLUMNS = 2000  # wider files take the slow road


def quick_table(data: bytes, options: dict[str, Any]) -> Any:
    """An Arrow table of text columns `_1`.. for plain shapes of UTF-8 CSV; None where `parse` must decide."""
    import pyarrow
    from pyarrow import csv

    fields, quote = options["FIELD_DELIMITER"], options["FIELD_OPTIONALLY_ENCLOSED_BY"]
    plain = (
        options["RECORD_DELIMITER"] == "\n" and fields and len(fields) == 1 and fields.isascii() and quote == '"'
        and options["ESCAPE"] is None and options["ESCAPE_UNENCLOSED_FIELD"] is None and not options["TRIM_SPACE"]
        and not options["NULL_IF"] and options["EMPTY_FIELD_AS_NULL"] and not options["SKIP_HEADER"]
        and options["ENCODING"] == "UTF8" and options["MULTI_LINE"] and not options["REPLACE_INVALID_CHARACTERS"]
    )  # fmt: skip
    if not plain or not data or not _regular(data, fields.encode()):
        return None
    if not data.endswith(b"\n"):
        data += b"\n"  # Arrow reads an empty last field otherwise as '' where a quote came before
    try:
        data.decode("utf-8")
        table = csv.read_csv(
            io.BytesIO(data),
            read_options=csv.ReadOptions(autogenerate_column_names=True, use_threads=False, block_size=len(data) + 1),
            parse_options=csv.ParseOptions(
                delimiter=fields, quote_char='"', double_quote=True, newlines_in_values=True, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(
                strings_can_be_null=True, quoted_strings_can_be_null=False, null_values=[""],
                column_types={f"f{i}": pyarrow.string() for i in range(MOST_QUICK_COLUMNS)},
            ),
        )  # fmt: skip
    except (pyarrow.ArrowInvalid, UnicodeDecodeError):
        return None
    if any(column != pyarrow.string() for column in table.schema.types):
        return None
    return table.rename_columns([f"_{i + 1}" for i in range(table.num_columns)])


def _regular(data: bytes, fields: bytes) -> bool:
    r"""True if every quote encloses a whole field or is doubled inside one, and no line is blank, no CR, no BOM.

    Doubled quotes are taken out first; what is left must alternate between opening (after a delimiter) and
    closing (before one). A run of doubled quotes that begins a field and is followed by text is left to `parse`.
    """
    if b"\r" in data or b"\0" in data or data.startswith((b"\n", b"\xef\xbb\xbf")) or b"\n\n" in data:
        return False
    if b'"' not in data:
        return True
    mark = re.escape(fields)
    if re.search(rb"(?:^|[\n" + mark + rb'])(?:"")+(?![\n"' + mark + rb"]|\Z)", data):
        return False
    parts = data.replace(b'""', b"").split(b'"')
    if len(parts) % 2 == 0:
        return False
    ends = (fields, b"\n")
    outside = parts[0::2]
    return (
        all(part.endswith(ends) for part in outside[1:-1])
        and all(part.startswith(ends) for part in outside[1:-1])
        and (not outside[0] or outside[0].endswith(ends))
        and (not outside[-1] or outside[-1].startswith(ends) or len(parts) == 1)
    )
