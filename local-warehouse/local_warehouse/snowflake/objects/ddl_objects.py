"""DDL of databases, schemas, file formats, stages and storage integrations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_warehouse.snowflake.bind.results import Result, status
from local_warehouse.snowflake.bind.session import Session
from local_warehouse.snowflake.errors import Unsupported, compilation, no_object
from local_warehouse.snowflake.grammar.file_format import DEFAULTS, read_options
from local_warehouse.snowflake.grammar.properties import Properties, read
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.store import grants
from local_warehouse.snowflake.store.catalog import Entry, quote
from local_warehouse.snowflake.store.stages import split_url


@dataclass
class Create:
    """What stands before the name in CREATE."""

    replace: bool = False
    temporary: bool = False
    transient: bool = False
    if_not_exists: bool = False


# What runs CREATE of one kind of object; it gets the parser behind the kind and IF NOT EXISTS.
Creators = dict[tuple[str, ...], Callable[[Session, QueryParser, Create], Result]]


def _no_temporary(create: Create, what: str, transient: bool = False) -> None:
    if create.temporary or (create.transient and not transient):
        raise Unsupported(f"CREATE TEMPORARY {what}" if create.temporary else f"CREATE TRANSIENT {what}")


def _comment(properties: Properties) -> str | None:
    return properties.text("COMMENT")


def _container(session: Session, parser: QueryParser, create: Create, kind: str, what: str) -> Result:
    _no_temporary(create, what.upper(), transient=True)
    parts = parser.qualified()
    if kind == "database" and len(parts) > 1:
        raise parser.error()
    database = "" if kind == "database" else (parts[0] if len(parts) == 2 else session.need_database())
    name = parts[-1]
    properties = Properties(read(parser))
    comment = _comment(properties)
    retention = properties.number("DATA_RETENTION_TIME_IN_DAYS")
    if retention not in (None, 0, 1):
        raise Unsupported("Time Travel")
    properties.finish(what)
    parser.finish()
    _demand_container(session, kind, database)
    old = session.catalog.find(kind, database, "", name)
    if old and create.if_not_exists:
        return status(f"{name} already exists, statement succeeded.")
    if old and create.replace:
        raise Unsupported(f"CREATE OR REPLACE {what.upper()}")
    session.catalog.free(kind, database, "", name, None)
    with session.engine.ddl() as cursor:
        entry = Entry(kind, database, "", name, comment=comment, owner=session.role)
        session.catalog.save(cursor, entry)
        grants.apply_future(session.catalog, cursor, entry)
        if kind == "database":
            session.catalog.save(cursor, Entry("schema", name, "", "PUBLIC", owner=session.role))
    session.database = name if kind == "database" else database
    session.schema = "PUBLIC" if kind == "database" else name
    return status(f"{what} {name} successfully created.")


def _demand_container(session: Session, kind: str, database: str) -> None:
    """The right to make a database or a schema, whether there is one of that name already or not."""
    if kind == "database":
        session.demand("CREATE DATABASE", grants.ACCOUNT, primary=True)
        return
    around = session.catalog.find("database", "", "", database)
    if around is None or not session.sees(around):
        raise no_object("Database", quote(database))
    session.demand("CREATE SCHEMA", around, primary=True)


def _database(session: Session, parser: QueryParser, create: Create) -> Result:
    return _container(session, parser, create, "database", "Database")


def _schema(session: Session, parser: QueryParser, create: Create) -> Result:
    return _container(session, parser, create, "schema", "Schema")


def demand_create(session: Session, kind: str, database: str, schema: str, temporary: bool = False) -> None:
    """The right to make an object in a schema; a temporary one needs none but to see the schema.

    It is demanded also where IF NOT EXISTS finds the object: https://github.com/dbt-labs/dbt-external-tables/issues/214
    """
    entry = session.schema_entry(database, schema)
    if not temporary:
        session.demand(f"CREATE {grants.shown(kind)}", entry, primary=True)


def demand_replace(session: Session, kind: str, database: str, schema: str, name: str) -> None:
    """Who replaces an object, or hides it by a temporary one of its name, must own it."""
    there = session.catalog.find(kind, database, schema, name)
    if there is not None:
        session.demand(grants.OWNERSHIP, there)


def save_object(
    session: Session, kind: str, what: str, parts: list[str], create: Create, body: dict[str, Any], comment: str | None
) -> Result:
    """Store a stage, file format or integration under the rules of IF NOT EXISTS and OR REPLACE."""
    if kind == "integration":
        database = schema = ""
        name = parts[-1]
        session.demand("CREATE INTEGRATION", grants.ACCOUNT, primary=True)
    else:
        database, schema, name = session.full_name(parts)
        demand_create(session, kind, database, schema, create.temporary)
    owner = session.id if create.temporary else None
    old = session.catalog.entries.get((kind, database, schema, name, owner))
    if old is not None and create.if_not_exists:
        return status(f"{name} already exists, statement succeeded.")
    if not create.replace:
        session.catalog.free(kind, database, schema, name, owner)
    demand_replace(session, kind, database, schema, name)
    entry = Entry(kind, database, schema, name, comment=comment, owner=session.role, session=owner, body=body)
    with session.engine.ddl() as cursor:
        session.catalog.save(cursor, entry)
        if old is not None:  # behind the new one: who looks meanwhile finds one of the two
            session.catalog.remove(cursor, old)
        if not create.temporary:
            grants.apply_future(session.catalog, cursor, entry)
    return status(f"{what} {name} successfully created.")


def _file_format(session: Session, parser: QueryParser, create: Create) -> Result:
    parts = parser.qualified()
    values = read(parser)
    parser.finish()
    properties = Properties(values)
    comment = _comment(properties)
    options = read_options(properties.values, "FILE FORMAT")
    return save_object(session, "format", "File format", parts, create, {"options": options}, comment)


def format_of(session: Session, group: dict[str, object] | None) -> dict[str, Any]:
    """The options that `FILE_FORMAT = (..)` names or lists; FORMAT_NAME with anything else is refused."""
    if not group:
        return {}
    properties = Properties(group)
    name = properties.name("FORMAT_NAME")
    if name is None:
        return read_options(properties.values, "FILE_FORMAT")
    if "TYPE" in properties:
        raise compilation("FORMAT_NAME and TYPE are mutually exclusive", 1008, "22023")
    if properties.values:
        raise Unsupported("FORMAT_NAME together with format options")
    entry = session.find("format", name)
    session.demand("USAGE", entry)
    return {**DEFAULTS, **entry.body["options"]}


def _stage(session: Session, parser: QueryParser, create: Create) -> Result:
    parts = parser.qualified()
    properties = Properties(read(parser))
    body = stage_body(session, properties, None)
    comment = _comment(properties)
    properties.finish("STAGE")
    parser.finish()
    return save_object(session, "stage", "Stage area", parts, create, body, comment)


def stage_body(session: Session, properties: Properties, old: dict[str, Any] | None) -> dict[str, Any]:
    """What a stage holds: url, integration or credentials, format options."""
    body: dict[str, Any] = dict(old or {})
    url = properties.text("URL")
    if url is None and old is None:
        raise Unsupported("internal stages")
    if url is not None:
        split_url(url)
        body["url"] = url
    integration = properties.name("STORAGE_INTEGRATION")
    credentials = properties.group("CREDENTIALS")
    if integration and credentials:
        raise compilation("STORAGE_INTEGRATION and CREDENTIALS are mutually exclusive", 1008, "22023")
    if integration:
        body["integration"] = integration[-1]
        body.pop("credentials", None)
    if credentials is not None:
        body["credentials"] = read_credentials(credentials, allow_role=True)
        body.pop("integration", None)
    if body.get("integration"):
        check_integration(session, body["integration"], body["url"])
    encryption = properties.group("ENCRYPTION")
    if encryption is not None:
        body["encryption"] = read_encryption(encryption)
    group = properties.values.get("FILE_FORMAT")
    if isinstance(group, dict):
        properties.values.pop("FILE_FORMAT")
        body["format_name"] = Properties(group).name("FORMAT_NAME")
        body["format"] = format_of(session, group) if body["format_name"] is None else None
        if body["format_name"] is not None:
            format_of(session, group)
            named = session.find("format", body["format_name"])
            body["format_name"] = [named.database, named.schema, named.name]
    directory = properties.group("DIRECTORY")
    if directory is not None:
        inner = Properties(directory)
        if inner.flag("ENABLE"):
            raise Unsupported("directory tables")
        inner.finish("DIRECTORY")
    return body


def check_integration(session: Session, name: str, url: str, owner: str = "") -> Entry:
    """The integration, enabled and allowed for this URL and usable by the session or by `owner`; SqlError else."""
    entry = session.find("integration", [name])
    if not (owner and grants.may(session.catalog, [owner], "USAGE", entry)):
        session.demand("USAGE", entry)
    if not entry.body["enabled"]:
        raise compilation(f"Integration '{quote(name)}' is disabled.", 3167, "42601")
    allowed, blocked = entry.body["allowed"], entry.body["blocked"]
    if (allowed != ["*"] and not any(_below(url, one) for one in allowed)) or any(_below(url, one) for one in blocked):
        raise compilation(
            f"Location '{url}' is not allowed by integration '{quote(name)}'. Please use DESC INTEGRATION to check "
            "out allowed and blocked locations.",
            3155,
            "42501",
        )
    return entry


def _below(url: str, location: str) -> bool:
    base = location.rstrip("/")
    return url.rstrip("/") == base or url.startswith(base + "/")


def read_credentials(group: dict[str, object], allow_role: bool) -> dict[str, str]:
    properties = Properties(group)
    found = {
        name: value
        for name in ("AWS_KEY_ID", "AWS_SECRET_KEY", "AWS_TOKEN", "AWS_ROLE")
        if (value := properties.text(name)) is not None
    }
    properties.finish("CREDENTIALS")
    if "AWS_ROLE" in found:
        if not allow_role or len(found) > 1:
            raise compilation("AWS_ROLE stands alone and only in a stage", 1008, "22023")
    elif found and ("AWS_KEY_ID" not in found or "AWS_SECRET_KEY" not in found):
        raise compilation("CREDENTIALS need AWS_KEY_ID and AWS_SECRET_KEY", 1008, "22023")
    return found


def read_encryption(group: dict[str, object]) -> dict[str, str]:
    properties = Properties(group)
    kind = properties.word("TYPE", ("AWS_SSE_S3", "AWS_SSE_KMS", "AWS_CSE", "NONE"))
    if kind == "AWS_CSE" or "MASTER_KEY" in properties:
        raise Unsupported("client-side encryption")
    key = properties.text("KMS_KEY_ID")
    properties.finish("ENCRYPTION")
    return {"type": kind or "NONE", **({"key": key} if key else {})}


def _integration(session: Session, parser: QueryParser, create: Create) -> Result:
    _no_temporary(create, "STORAGE INTEGRATION")
    name = parser.identifier()
    properties = Properties(read(parser))
    properties.word("TYPE", ("EXTERNAL_STAGE",))
    if properties.word("STORAGE_PROVIDER", ("S3", "S3GOV", "S3CHINA", "GCS", "AZURE")) != "S3":
        raise Unsupported("STORAGE_PROVIDER other than S3")
    enabled = properties.flag("ENABLED")
    role = properties.text("STORAGE_AWS_ROLE_ARN")
    allowed = properties.texts("STORAGE_ALLOWED_LOCATIONS")
    blocked = properties.texts("STORAGE_BLOCKED_LOCATIONS") or []
    external_id = properties.text("STORAGE_AWS_EXTERNAL_ID")
    comment = _comment(properties)
    properties.finish("STORAGE INTEGRATION")
    parser.finish()
    if enabled is None or role is None or not allowed:
        raise compilation("ENABLED, STORAGE_AWS_ROLE_ARN and STORAGE_ALLOWED_LOCATIONS are required", 1420, "22023")
    body = {
        "enabled": enabled, "role_arn": role, "allowed": allowed, "blocked": blocked,
        "external_id": external_id or f"LOCAL_SFCRole={session.catalog.next_id}",
    }  # fmt: skip
    return save_object(session, "integration", "Integration", [name], create, body, comment)


CREATORS: Creators = {
    ("DATABASE",): _database,
    ("SCHEMA",): _schema,
    ("FILE", "FORMAT"): _file_format,
    ("STAGE",): _stage,
    ("STORAGE", "INTEGRATION"): _integration,
}
