"""ALTER and DROP of databases, schemas, stages, file formats and integrations."""

from __future__ import annotations

from local_warehouse.snowflake.bind.results import Result, status
from local_warehouse.snowflake.bind.session import Runner, Runners, Session
from local_warehouse.snowflake.errors import Unsupported, compilation, no_object
from local_warehouse.snowflake.grammar.file_format import check, read_options
from local_warehouse.snowflake.grammar.properties import Properties, read
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects import ddl_objects
from local_warehouse.snowflake.objects.alter_table import rename
from local_warehouse.snowflake.objects.ddl_tables import forget
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import Entry, quote

DONE = "Statement executed successfully."


def _drop(kind: str) -> Runner:
    def run(session: Session, parser: QueryParser) -> Result:
        if_exists = parser.words("IF", "EXISTS")
        parts = parser.qualified()
        parser.finish()
        session.work.commit()  # DDL commits the open transaction
        entry = session.look_up(kind, parts) if if_exists else session.find(kind, parts)
        if entry is None:
            return status(f"Drop statement executed successfully ({parts[-1]} already dropped).")
        session.demand(grants.OWNERSHIP, entry)
        with session.engine.ddl() as cursor:
            session.catalog.remove(cursor, entry)
        return status(f"{entry.name} successfully dropped.")

    return run


def _drop_container(kind: str) -> Runner:
    def run(session: Session, parser: QueryParser) -> Result:
        if_exists = parser.words("IF", "EXISTS")
        parts = parser.qualified()
        restrict = parser.words("RESTRICT")
        parser.words("CASCADE")
        parser.finish()
        if restrict:
            raise Unsupported("DROP .. RESTRICT")
        session.work.commit()
        database = "" if kind == "database" else (parts[0] if len(parts) == 2 else session.need_database())
        entry = session.catalog.find(kind, database, "", parts[-1])
        if entry is not None and not session.sees(entry):
            entry = None
        if entry is None and not if_exists:
            raise no_object(kind.capitalize(), ".".join(quote(part) for part in parts))
        if entry is None:
            return status(f"Drop statement executed successfully ({parts[-1]} already dropped).")
        session.demand(grants.OWNERSHIP, entry)
        _remove_all(session, entry)
        if session.database == entry.name and kind == "database":
            session.database = session.schema = None
        if kind == "schema" and (session.database, session.schema) == (entry.database, entry.name):
            session.schema = None
        return status(f"{entry.name} successfully dropped.")

    return run


def _remove_all(session: Session, container: Entry) -> None:
    catalog = session.catalog
    inside = [
        entry
        for entry in list(catalog.entries.values())
        if (entry.database == container.name if container.kind == "database" else
            (entry.database, entry.schema) == (container.database, container.name))
    ]  # fmt: skip
    with session.engine.ddl() as cursor:
        for entry in inside:
            if entry.kind == "table":
                forget(catalog, cursor, entry)
            else:
                catalog.remove(cursor, entry)
        catalog.remove(cursor, container)


def _start(session: Session, parser: QueryParser, kind: str) -> Entry | None:
    if_exists = parser.words("IF", "EXISTS")
    parts = parser.qualified()
    session.work.commit()
    entry = session.look_up(kind, parts) if if_exists else session.find(kind, parts)
    if entry is not None:
        session.demand(grants.OWNERSHIP, entry)
    return entry and entry.draft()


def _alter_stage(session: Session, parser: QueryParser) -> Result:
    entry = _start(session, parser, "stage")
    if entry is None:
        return status(DONE)
    if parser.words("RENAME", "TO"):
        rename(session, parser, entry)
        return status(DONE)
    if parser.is_word("REFRESH", "UNSET"):
        raise Unsupported(f"ALTER STAGE .. {parser.token.value}")
    parser.need("SET")
    properties = Properties(read(parser))
    body = ddl_objects.stage_body(session, properties, entry.body)
    comment = properties.text("COMMENT")
    properties.finish("STAGE")
    parser.finish()
    entry.body = body
    entry.comment = comment if comment is not None else entry.comment
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, entry)
    return status(DONE)


def _alter_format(session: Session, parser: QueryParser) -> Result:
    entry = _start(session, parser, "format")
    if entry is None:
        return status(DONE)
    if parser.words("RENAME", "TO"):
        rename(session, parser, entry)
        return status(DONE)
    parser.need("SET")
    properties = Properties(read(parser))
    comment = properties.text("COMMENT")
    if "TYPE" in properties:
        raise compilation("the TYPE of a file format cannot be changed", 1420, "22023")
    options = {**entry.body["options"], **read_options(properties.values, "FILE FORMAT")}
    parser.finish()
    check(options)
    entry.body["options"] = options
    entry.comment = comment if comment is not None else entry.comment
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, entry)
    return status(DONE)


def _alter_integration(session: Session, parser: QueryParser) -> Result:
    entry = _start(session, parser, "integration")
    if entry is None:
        return status(DONE)
    if not parser.words("SET"):
        raise Unsupported(f"ALTER INTEGRATION .. {parser.token.value}")
    properties = Properties(read(parser))
    changes: dict[str, object] = {
        "enabled": properties.flag("ENABLED"),
        "role_arn": properties.text("STORAGE_AWS_ROLE_ARN"),
        "allowed": properties.texts("STORAGE_ALLOWED_LOCATIONS"),
        "blocked": properties.texts("STORAGE_BLOCKED_LOCATIONS"),
        "external_id": properties.text("STORAGE_AWS_EXTERNAL_ID"),
    }
    comment = properties.text("COMMENT")
    properties.finish("INTEGRATION")
    parser.finish()
    entry.body.update({name: value for name, value in changes.items() if value is not None})
    entry.comment = comment if comment is not None else entry.comment
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, entry)
    return status(DONE)


RUNNERS: Runners = {
    ("DROP", "STAGE"): _drop("stage"),
    ("DROP", "FILE", "FORMAT"): _drop("format"),
    ("DROP", "INTEGRATION"): _drop("integration"),
    ("DROP", "STORAGE", "INTEGRATION"): _drop("integration"),
    ("DROP", "SCHEMA"): _drop_container("schema"),
    ("DROP", "DATABASE"): _drop_container("database"),
    ("ALTER", "STAGE"): _alter_stage,
    ("ALTER", "FILE", "FORMAT"): _alter_format,
    ("ALTER", "INTEGRATION"): _alter_integration,
    ("ALTER", "STORAGE", "INTEGRATION"): _alter_integration,
}
