"""LIST, REMOVE, and SELECT from the files of a stage."""

from __future__ import annotations

import re
from email.utils import formatdate
from typing import Any

import pyarrow

from local_warehouse.s3.objects import Found
from local_warehouse.snowflake.bind.results import Result, listing
from local_warehouse.snowflake.bind.scope import OutColumn
from local_warehouse.snowflake.bind.session import Context, Runners, Session
from local_warehouse.snowflake.copy import locations
from local_warehouse.snowflake.copy.decompress import decompress
from local_warehouse.snowflake.copy.files import read_rows
from local_warehouse.snowflake.errors import SqlError, Unsupported, invalid_parameter
from local_warehouse.snowflake.grammar import ast
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects import ddl_objects
from local_warehouse.snowflake.store.stages import Location
from local_warehouse.snowflake.values.types import MAX_VARCHAR, NTZ, TEXT, T, number

_LIST = {"name": TEXT, "size": number(38, 0), "md5": TEXT, "last_modified": TEXT}


def _pattern(text: str | None) -> re.Pattern[str] | None:
    try:
        return None if text is None else re.compile(text)
    except re.error:
        raise invalid_parameter("PATTERN", text or "") from None


def _files(session: Session, parser: QueryParser, right: str = "READ") -> tuple[Location, list[Found]]:
    text = locations.take(parser)
    pattern = None
    if parser.words("PATTERN"):
        parser.need_op("=")
        pattern = _pattern(parser.string())
    parser.finish()
    location, _ = locations.of_stage(session, text, right)
    return location, [f for f in location.list() if pattern is None or pattern.fullmatch(f.key)]


def _list(session: Session, parser: QueryParser) -> Result:
    location, files = _files(session, parser)
    rows = [[location.url(f.key), f.size_bytes, f.etag, formatdate(f.modified, usegmt=True)] for f in files]
    return listing(_LIST, rows)


def _remove(session: Session, parser: QueryParser) -> Result:
    location, files = _files(session, parser, "WRITE")
    for file in files:
        location.delete(file)
    return listing({"name": TEXT, "result": TEXT}, [[location.url(f.key), "removed"] for f in files])


def staged_relation(session: Session, node: ast.Staged, context: Context) -> tuple[str, list[OutColumn]]:
    """The rows of the staged files as a registered Arrow table: all columns text, and the METADATA$ ones."""
    unknown = set(node.options) - {"FILE_FORMAT", "PATTERN"}
    if unknown:
        raise Unsupported(f"{min(unknown)} of a stage in FROM")
    location, stage = locations.of_stage(session, node.location)
    options = locations.stage_format(session, stage)
    if "FILE_FORMAT" in node.options:
        options = {**options, **ddl_objects.format_of(session, {"FORMAT_NAME": node.options["FILE_FORMAT"]})}
    pattern = _pattern(node.options.get("PATTERN"))
    tables = [
        _table(location, file, options, context.facts["now"])
        for file in location.list()
        if pattern is None or pattern.fullmatch(file.key)
    ]
    if not tables:
        raise SqlError(f"no files found at {node.location}", 1757, "42601")
    table = pyarrow.concat_tables(tables, promote_options="default")
    name = context.name("stage_rows_")
    context.registered[name] = table
    context.repeatable = False
    width = sum(1 for column in table.column_names if column.startswith("_"))
    columns = [OutColumn(f"${i + 1}", f"_{i + 1}", T("VARCHAR", MAX_VARCHAR)) for i in range(width)]
    meta = {
        "METADATA$FILENAME": ("sf_name", TEXT), "METADATA$FILE_ROW_NUMBER": ("sf_row", number(38, 0)),
        "METADATA$FILE_CONTENT_KEY": ("sf_etag", TEXT), "METADATA$FILE_LAST_MODIFIED": ("sf_modified", NTZ),
        "METADATA$START_SCAN_TIME": ("sf_scan", T("TIMESTAMP_LTZ", 9)),
    }  # fmt: skip
    columns += [OutColumn(shown, duck, type_) for shown, (duck, type_) in meta.items()]
    return f"(SELECT *, CAST({context.facts['now']} AS HUGEINT) AS sf_scan FROM {name})", columns


def _table(location: Location, file: Found, options: dict[str, Any], now: int) -> Any:
    data = decompress(location.read(file), options["COMPRESSION"], file.key)
    rows = read_rows(data, options, None, 1, stop_at_error=True)
    if rows.errors:
        first = rows.errors[0]
        raise SqlError(f"{first.message}\n  File '{location.url(file.key)}', line {first.line}", first.code, "22000")
    count = rows.table.num_rows
    stamp = int(file.modified * 1000) * 1_000_000
    extra = {"sf_name": file.key, "sf_etag": file.etag}
    table = rows.table
    for name, value in extra.items():
        table = table.append_column(name, pyarrow.array([value] * count, pyarrow.string()))
    return table.append_column("sf_modified", pyarrow.array([stamp] * count, pyarrow.int64()))


RUNNERS: Runners = {
    ("LIST",): _list,
    ("LS",): _list,
    ("REMOVE",): _remove,
    ("RM",): _remove,
}
