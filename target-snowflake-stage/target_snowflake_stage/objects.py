"""The stage and the file format: created where they do not exist, checked where they do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.warehouse.dialect import Session
from singer_bulk.warehouse.words import literal, name

from target_snowflake_stage.sql import FILE_FORMAT_OPTIONS, Place, Snowflake

# Objects that are missing or may not be seen answer alike.
DOES_NOT_EXIST = "2003"


def place_of(setting: str, database: str, schema: str, fold: Any) -> Place:
    """Return the object that a setting names: name, schema.name or database.schema.name; a quoted part keeps its case.

    Raises ConfigError for more parts than three.
    """
    parts = [part[1:-1] if part.startswith('"') else fold(part) for part in _split_name(setting)]
    if not 1 <= len(parts) <= 3 or not all(parts):
        raise ConfigError(f"{setting!r} is no name of an object; write name, schema.name or database.schema.name")
    return Place(*[database, schema][: 3 - len(parts)], *parts)


def _split_name(written: str) -> list[str]:
    parts, quoted = [""], False
    for character in written:
        quoted ^= character == '"'
        if character == "." and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def stage_url(bucket: str, prefix: str) -> str:
    """Return the URL of a stage; it ends in a slash, since FILES adds names without one (sql/copy-into-table)."""
    return f"s3://{bucket}/{prefix}"


def make_objects(session: Session, dialect: Snowflake, config: Mapping[str, Any]) -> None:
    """Make sure that file format and stage are there and fit; raises ConfigError."""
    options = " ".join(f"{option} = {value}" for option, value in FILE_FORMAT_OPTIONS.items())
    session.execute(f"CREATE FILE FORMAT IF NOT EXISTS {dialect.file_format} {options}")
    url = stage_url(config["s3_bucket"], dialect.prefix)
    present = _present_url(session, dialect.stage)
    if present is None:
        session.execute(
            f"CREATE STAGE IF NOT EXISTS {dialect.stage} URL = {literal(url)} {_stage_access(config)}".rstrip()
        )
        present = _present_url(session, dialect.stage)
    if present is None or present.rstrip("/") != url.rstrip("/"):
        raise ConfigError(
            f"stage {dialect.stage} points to {present!r}, the settings s3_bucket and s3_key_prefix to {url!r}; "
            "name another stage, or correct bucket and prefix"
        )


def _present_url(session: Session, stage: Place) -> str | None:
    """Return the URL of the stage, None if there is no such stage, "" for one that is not external."""
    try:
        rows = session.execute(f"DESC STAGE {stage}")
    except WarehouseError as error:
        if error.code is not None and error.code.lstrip("0") == DOES_NOT_EXIST:
            return None
        raise
    for row in rows:
        if [str(cell).upper() for cell in row[:2]] == ["STAGE_LOCATION", "URL"]:
            return str(row[3]).strip('[]"')
    return ""


def _stage_access(config: Mapping[str, Any]) -> str:
    """Return what the stage reads S3 with. Temporary keys would expire inside a stage, so they are refused."""
    if config.get("storage_integration"):
        return f"STORAGE_INTEGRATION = {name(str(config['storage_integration']).upper())}"
    if config.get("aws_role"):
        return f"CREDENTIALS = (AWS_ROLE = {literal(config['aws_role'])})"
    if config.get("aws_session_token"):
        raise ConfigError(
            "the stage does not exist and would be made with temporary keys; "
            "set storage_integration or aws_role, or create the stage"
        )
    if config.get("aws_access_key_id") and config.get("aws_secret_access_key"):
        key, secret = literal(config["aws_access_key_id"]), literal(config["aws_secret_access_key"])
        return f"CREDENTIALS = (AWS_KEY_ID = {key} AWS_SECRET_KEY = {secret})"
    raise ConfigError(
        "the stage does not exist and nothing says what it may read S3 with; "
        "set storage_integration, aws_role or the AWS keys, or create the stage"
    )
