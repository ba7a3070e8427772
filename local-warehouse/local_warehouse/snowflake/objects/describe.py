"""DESC and SHOW of objects."""

from __future__ import annotations

import json
from typing import Any

from local_warehouse.snowflake.bind.results import Result, listing
from local_warehouse.snowflake.bind.session import Runner, Runners, Session
from local_warehouse.snowflake.errors import Unsupported
from local_warehouse.snowflake.grammar.file_format import DEFAULTS
from local_warehouse.snowflake.grammar.lexer import END
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects.clustering import clustering_shown
from local_warehouse.snowflake.objects.keys import UNIQUE, keys_of, tables_in_scope
from local_warehouse.snowflake.objects.show import matches
from local_warehouse.snowflake.store.catalog import Entry, quote
from local_warehouse.snowflake.values.types import DEFAULT_VARCHAR, LTZ, STAMPS, TEXT, T, number

N = number(38, 0)
PROPERTY = dict.fromkeys(("property", "property_type", "property_value", "property_default"), TEXT)
STAGE = {"parent_property": TEXT, **PROPERTY}


def shown(value: Any) -> str:
    """An option's value as DESC shows it."""
    if value is None:
        return "NONE"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(str(one).replace("\\", "\\\\") for one in value) + "]"
    text = str(value)
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "\\r")


def kind_of(value: Any) -> str:
    if isinstance(value, bool):
        return "Boolean"
    return "List" if isinstance(value, list) else "Integer" if isinstance(value, int) else "String"


def format_rows(options: dict[str, Any]) -> list[list[str]]:
    full = {**DEFAULTS, **options}
    return [[name, kind_of(default), shown(full[name]), shown(default)] for name, default in DEFAULTS.items()]


def _format(session: Session, parser: QueryParser) -> Result:
    entry = session.find("format", parser.qualified())
    parser.finish()
    return listing(PROPERTY, format_rows(entry.body["options"]))


def _stage(session: Session, parser: QueryParser) -> Result:
    entry = session.find("stage", parser.qualified())
    parser.finish()
    body = entry.body
    if body.get("format_name"):
        name = ".".join(quote(part) for part in body["format_name"])
        rows = [["STAGE_FILE_FORMAT", "FORMAT_NAME", "String", name, ""]]
    else:
        rows = [["STAGE_FILE_FORMAT", *row] for row in format_rows(body.get("format") or {})]
    rows.append(["STAGE_LOCATION", "URL", "String", json.dumps([body["url"]]), ""])
    if body.get("integration"):
        rows.append(["STAGE_INTEGRATION", "STORAGE_INTEGRATION", "String", body["integration"], ""])
    credentials = body.get("credentials") or {}
    rows.append(["STAGE_CREDENTIALS", "AWS_KEY_ID", "String", credentials.get("AWS_KEY_ID", ""), ""])
    if "AWS_ROLE" in credentials:
        rows.append(["STAGE_CREDENTIALS", "AWS_ROLE", "String", credentials["AWS_ROLE"], ""])
    rows.append(["DIRECTORY", "ENABLE", "Boolean", "false", "false"])
    return listing(STAGE, rows)


def _integration(session: Session, parser: QueryParser) -> Result:
    entry = session.find("integration", [parser.identifier()])
    session.demand("USAGE", entry)
    parser.finish()
    body = entry.body
    rows = [
        ["ENABLED", "Boolean", shown(body["enabled"]), "false"],
        ["STORAGE_PROVIDER", "String", "S3", ""],
        ["STORAGE_ALLOWED_LOCATIONS", "List", ",".join(body["allowed"]), "[]"],
        ["STORAGE_BLOCKED_LOCATIONS", "List", ",".join(body["blocked"]), "[]"],
        ["STORAGE_AWS_IAM_USER_ARN", "String", session.cloud.user_arn, ""],
        ["STORAGE_AWS_ROLE_ARN", "String", body["role_arn"], ""],
        ["STORAGE_AWS_EXTERNAL_ID", "String", body["external_id"], ""],
        ["COMMENT", "String", entry.comment or "", ""],
    ]
    return listing(PROPERTY, rows)


TABLE = {
    "name": TEXT, "type": TEXT, "kind": TEXT, "null?": TEXT, "default": TEXT, "primary key": TEXT, "unique key": TEXT,
    "check": TEXT, "expression": TEXT, "comment": TEXT, "policy name": TEXT, "privacy domain": TEXT,
}  # fmt: skip


def _table(session: Session, parser: QueryParser) -> Result:
    entry = session.find("table", parser.qualified())
    if parser.words("TYPE"):
        parser.need_op("=")
        if not parser.words("COLUMNS"):
            raise Unsupported("DESC TABLE .. TYPE other than COLUMNS")
    parser.finish()
    unique = {name for key in keys_of(entry) if key["kind"] == UNIQUE for name in key["columns"]}
    rows = [
        [
            c.name, str(c.type), "COLUMN", "Y" if c.nullable else "N", c.default, "Y" if c.primary_key else "N",
            "Y" if c.name in unique else "N",
            None, None, c.comment, None, None,
        ]
        for c in entry.columns
    ]  # fmt: skip
    return listing(TABLE, rows)


_COLUMNS = dict.fromkeys(
    (
        "table_name", "schema_name", "column_name", "data_type", "null?", "default", "kind", "expression", "comment",
        "database_name", "autoincrement", "schema_evolution_record",
    ),
    TEXT,
)  # fmt: skip


def _data_type(type_: T, nullable: bool) -> str:
    """A type as SHOW COLUMNS writes it."""
    kind = {"VARCHAR": "TEXT", "NUMBER": "FIXED", "FLOAT": "REAL"}.get(type_.kind, type_.kind)
    facts: dict[str, Any] = {"type": kind}
    if kind == "FIXED":
        facts |= {"precision": type_.size, "scale": type_.scale}
    elif kind == "TEXT":
        facts |= {"length": type_.size, "byteLength": max(type_.size, min(4 * type_.size, DEFAULT_VARCHAR))}
    elif kind == "BINARY":
        facts |= {"length": type_.size, "byteLength": type_.size}
    elif kind in STAMPS or kind == "TIME":
        facts |= {"precision": 0, "scale": type_.size}
    facts["nullable"] = nullable
    if kind == "TEXT":
        facts["fixed"] = False
    return json.dumps(facts, separators=(",", ":"))


def _columns(session: Session, parser: QueryParser) -> Result:
    pattern = parser.string() if parser.words("LIKE") else "%"
    entries = tables_in_scope(session, parser, ("table", "view"))
    parser.finish()
    rows = [
        [
            e.name, e.schema, c.name, _data_type(c.type, c.nullable), shown(c.nullable), c.default or "", "COLUMN", "",
            c.comment or "", e.database, "", None,
        ]
        for e in entries
        for c in e.columns
        if matches(c.name, pattern)
    ]  # fmt: skip
    return listing(_COLUMNS, rows)


def created(entry: Entry) -> str:
    return f"{entry.created:.9f}"


_BASE: dict[str, T] = {"created_on": LTZ, "name": TEXT}
_TABLES = {
    **_BASE, "database_name": TEXT, "schema_name": TEXT, "kind": TEXT, "comment": TEXT, "cluster_by": TEXT, "rows": N,
    "bytes": N, "owner": TEXT, "retention_time": TEXT,
}  # fmt: skip
_STAGES = {
    **_BASE, "database_name": TEXT, "schema_name": TEXT, "url": TEXT, "has_credentials": TEXT,
    "has_encryption_key": TEXT, "owner": TEXT, "comment": TEXT, "region": TEXT, "type": TEXT, "cloud": TEXT,
    "notification_channel": TEXT, "storage_integration": TEXT,
}  # fmt: skip
_FORMATS = {
    **_BASE, "database_name": TEXT, "schema_name": TEXT, "type": TEXT, "owner": TEXT, "comment": TEXT,
    "format_options": TEXT,
}  # fmt: skip
_SCHEMAS = {
    **_BASE, "is_default": TEXT, "is_current": TEXT, "database_name": TEXT, "owner": TEXT, "comment": TEXT,
    "options": TEXT, "retention_time": TEXT,
}  # fmt: skip
_DATABASES = {
    **_BASE, "is_default": TEXT, "is_current": TEXT, "origin": TEXT, "owner": TEXT, "comment": TEXT, "options": TEXT,
    "retention_time": TEXT,
}  # fmt: skip
_VIEWS = {
    **_BASE, "reserved": TEXT, "database_name": TEXT, "schema_name": TEXT, "owner": TEXT, "comment": TEXT, "text": TEXT,
    "is_secure": TEXT, "is_materialized": TEXT,
}  # fmt: skip
_INTEGRATIONS = {"name": TEXT, "type": TEXT, "category": TEXT, "enabled": TEXT, "comment": TEXT, "created_on": LTZ}
_WAREHOUSES = {"name": TEXT, "state": TEXT, "type": TEXT, "size": TEXT, "is_default": TEXT, "is_current": TEXT}


def _row(session: Session, e: Entry) -> list[Any]:
    start = [created(e), e.name]
    if e.kind == "table":
        kind = "TEMPORARY" if e.session is not None else "TRANSIENT" if e.body.get("transient") else "TABLE"
        return [
            *start,
            e.database,
            e.schema,
            kind,
            e.comment or "",
            clustering_shown(e),
            session.row_count(e),
            0,
            e.owner,
            str(e.body.get("retention", 1)),
        ]
    if e.kind == "view":
        return [*start, "", e.database, e.schema, e.owner, e.comment or "", e.body["text"], "false", "false"]
    if e.kind == "stage":
        body = e.body
        has = "Y" if body.get("credentials") else "N"
        return [
            *start, e.database, e.schema, body["url"], has, "N", e.owner, e.comment or "", None, "EXTERNAL", "AWS",
            None, body.get("integration"),
        ]  # fmt: skip
    if e.kind == "format":
        return [
            *start,
            e.database,
            e.schema,
            "CSV",
            e.owner,
            e.comment or "",
            json.dumps({**DEFAULTS, **e.body["options"]}),
        ]
    if e.kind == "schema":
        current = "Y" if (session.database, session.schema) == (e.database, e.name) else "N"
        return [*start, "N", current, e.database, e.owner, e.comment or "", "", "1"]
    if e.kind == "database":
        return [*start, "N", "Y" if session.database == e.name else "N", "", e.owner, e.comment or "", "", "1"]
    if e.kind == "integration":
        return [e.name, "EXTERNAL_STAGE", "STORAGE", shown(e.body["enabled"]), e.comment, created(e)]
    return [e.name, "STARTED", "STANDARD", "X-Small", "N", "Y" if session.warehouse == e.name else "N"]


def _show(kind: str, types: dict[str, T]) -> Runner:
    def run(session: Session, parser: QueryParser) -> Result:
        pattern = parser.string() if parser.words("LIKE") else "%"
        everywhere = not parser.is_word("IN")
        database, schema = _scope(session, parser, kind)
        prefix = parser.string() if parser.words("STARTS", "WITH") else ""
        limit = parser.integer() if parser.words("LIMIT") else None
        if parser.words("FROM"):
            raise Unsupported("SHOW .. LIMIT .. FROM")
        parser.finish()
        found = [
            entry
            for entry in session.catalog.all(kind, session.id)
            if matches(entry.name, pattern)
            and session.sees(entry)
            and entry.name.startswith(prefix)
            and database in (None, entry.database)
            and schema in (None, entry.schema)
        ]
        if everywhere and kind not in ("database", "schema"):
            found = _once(session, found)
        return listing(types, [_row(session, entry) for entry in found[:limit]])

    return run


def _once(session: Session, entries: list[Entry]) -> list[Entry]:
    """Without IN, "objects with the same name are only displayed once": the current schema's here."""
    chosen: dict[str, Entry] = {}
    for entry in entries:
        if entry.name not in chosen or (entry.database, entry.schema) == (session.database, session.schema):
            chosen[entry.name] = entry
    return [entry for entry in entries if chosen[entry.name] is entry]


def _scope(session: Session, parser: QueryParser, kind: str) -> tuple[str | None, str | None]:
    """IN ACCOUNT | DATABASE d | SCHEMA d.s; by default the session's database."""
    if kind in ("database", "integration", "warehouse"):
        return None, None
    if not parser.words("IN"):
        return session.database, None
    if parser.words("ACCOUNT"):
        return None, None
    if parser.words("DATABASE"):
        name = session.need_database() if _nothing_named(parser) else parser.identifier()
        session.catalog.find("database", "", "", name) or session.schema_entry(name, "")
        return name, None
    in_schema = parser.words("SCHEMA")
    if in_schema and _nothing_named(parser):
        return session.database, session.schema
    parts = parser.qualified()
    if kind == "schema" or (len(parts) == 1 and not in_schema and session.catalog.find("database", "", "", parts[0])):
        return parts[-1], None
    database = parts[0] if len(parts) == 2 else session.need_database()
    session.schema_entry(database, parts[-1])
    return database, parts[-1]


def _nothing_named(parser: QueryParser) -> bool:
    """True where the statement ends or goes on: the current database or schema is meant."""
    return parser.token.kind == END or parser.is_op(";") or parser.is_word("STARTS", "LIMIT")


RUNNERS: Runners = {
    ("SHOW", "TABLES"): _show("table", _TABLES),
    ("SHOW", "COLUMNS"): _columns,
    ("SHOW", "VIEWS"): _show("view", _VIEWS),
    ("SHOW", "STAGES"): _show("stage", _STAGES),
    ("SHOW", "FILE", "FORMATS"): _show("format", _FORMATS),
    ("SHOW", "SCHEMAS"): _show("schema", _SCHEMAS),
    ("SHOW", "DATABASES"): _show("database", _DATABASES),
    ("SHOW", "WAREHOUSES"): _show("warehouse", _WAREHOUSES),
    ("SHOW", "INTEGRATIONS"): _show("integration", _INTEGRATIONS),
    ("SHOW", "STORAGE", "INTEGRATIONS"): _show("integration", _INTEGRATIONS),
}
for _word in ("DESC", "DESCRIBE"):
    RUNNERS[(_word, "TABLE")] = _table
    RUNNERS[(_word, "VIEW")] = _table
    RUNNERS[(_word, "STAGE")] = _stage
    RUNNERS[(_word, "FILE", "FORMAT")] = _format
    RUNNERS[(_word, "INTEGRATION")] = _integration
    RUNNERS[(_word, "STORAGE", "INTEGRATION")] = _integration
