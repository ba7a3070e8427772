"""`@stage/path` and `s3://..` to a place in S3 with the rights to read it."""

from __future__ import annotations

from typing import Any

from local_warehouse.s3.objects import Keys, Objects
from local_warehouse.snowflake.bind.session import Session
from local_warehouse.snowflake.errors import Unsupported, compilation
from local_warehouse.snowflake.grammar.file_format import DEFAULTS
from local_warehouse.snowflake.grammar.lexer import STAGE, STRING, tokens
from local_warehouse.snowflake.grammar.query_parser import QueryParser
from local_warehouse.snowflake.objects import ddl_objects
from local_warehouse.snowflake.store.catalog import Entry
from local_warehouse.snowflake.store.stages import Location, split_url


def split_stage(session: Session, text: str) -> tuple[list[str], str]:
    """Name parts and path of `@db.schema.stage/path`."""
    if text.startswith(("@~", "@%")) or text[1:2] == "/":
        raise Unsupported("internal stages")
    inner = text[1:]
    at = 0
    quoted = False
    while at < len(inner) and (quoted or inner[at] != "/"):
        quoted ^= inner[at] == '"'
        at += 1
    cursor = session.parser(inner[:at])
    parts = cursor.qualified()
    cursor.finish()
    return parts, inner[at:].removeprefix("/")


def take(parser: QueryParser) -> str:
    """The location that stands here: `@stage..` bare or in quotes, or a quoted URL."""
    token = parser.next()
    if token.kind == STAGE:
        return token.value
    if token.kind == STRING and token.value.startswith("@"):
        if [t.kind for t in tokens(token.value)][:1] != [STAGE]:
            raise parser.error(token)
        return token.value
    if token.kind == STRING and "://" in token.value:
        return token.value
    raise parser.error(token)


def of_stage(session: Session, text: str, right: str = "READ") -> tuple[Location, Entry]:
    """The place of a stage and path, for who may read there or, by `right`, write."""
    parts, path = split_stage(session, text)
    entry = session.find("stage", parts)
    session.demand("USAGE", entry, right)
    body = entry.body
    bucket, prefix = split_url(body["url"])
    base = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
    return Location(stage_objects(session, body, entry.owner), bucket, (base if path else prefix) + path, prefix), entry


def stage_objects(session: Session, body: dict[str, Any], owner: str = "") -> Objects:
    """With whose keys this stage is read; a role is assumed anew for every statement.

    The integration is used by the right of the session's roles, or of the role that owns the stage.
    """
    if body.get("integration"):
        found = ddl_objects.check_integration(session, body["integration"], body["url"], owner).body
        return session.cloud.as_role(found["role_arn"], found["external_id"])
    credentials = body.get("credentials") or {}
    if "AWS_ROLE" in credentials:
        return session.cloud.as_role(credentials["AWS_ROLE"])
    if "AWS_KEY_ID" in credentials:
        return session.cloud.with_keys(
            Keys(credentials["AWS_KEY_ID"], credentials["AWS_SECRET_KEY"], credentials.get("AWS_TOKEN"))
        )
    raise Unsupported("stages of public buckets (no credentials)")


def of_url(session: Session, url: str, integration: str | None, credentials: dict[str, str]) -> Location:
    """A bare URL with the rights that the COPY itself names."""
    bucket, prefix = split_url(url)
    if integration is None and not credentials:
        raise compilation("a URL needs STORAGE_INTEGRATION or CREDENTIALS", 1008, "22023")
    body: dict[str, Any] = {"url": url, "integration": integration, "credentials": credentials}
    return Location(stage_objects(session, body), bucket, prefix, prefix)


def stage_format(session: Session, entry: Entry) -> dict[str, Any]:
    """The format options that a stage brings, over the defaults."""
    named = entry.body.get("format_name")
    if named:
        return {**DEFAULTS, **session.find("format", named).body["options"]}
    return {**DEFAULTS, **(entry.body.get("format") or {})}
