"""The stage and the file format: created where they do not exist, checked where they do.

Of a stage only where it leads to is checked. Its file format and its copy options do not matter, COPY states both;
credentials or a key for encryption that do not fit fail the COPY.
"""

from __future__ import annotations

import json
import logging
import re
from typing import Any

from singer_bulk.errors import ConfigError, WarehouseError
from singer_bulk.identity.references import resolved
from singer_bulk.stage.s3 import S3Settings
from singer_bulk.warehouse.dialect import Rows, Session
from singer_bulk.warehouse.words import literal, name

from target_snowflake_stage.config import SnowflakeSettings
from target_snowflake_stage.copy_into import FILE_FORMAT_OPTIONS, options
from target_snowflake_stage.sql import DOES_NOT_EXIST, NAMES, Place, Snowflake

logger = logging.getLogger(__name__)

# A part of a name (sql-reference/identifiers-syntax); what stands in no quotes may have any characters but these.
_PART = re.compile(r'"(?:[^"]|"")+"|[^".]+', re.DOTALL)


def place_of(setting: str, database: str, schema: str, fold: Any) -> Place:
    """Return the object that a setting names: name, schema.name or database.schema.name; a quoted part keeps its case.

    Raises ConfigError for more parts than three, and for quotes that are none of a name's.
    """
    written = _split_name(setting)
    parts = [part[1:-1].replace('""', '"') if part.startswith('"') else fold(part) for part in written]
    if not all(map(_PART.fullmatch, written)) or not 1 <= len(parts) <= 3 or not all(parts):
        raise ConfigError(
            f"{setting!r} is no name of an object; write name, schema.name or database.schema.name, a part with other "
            "characters than letters, digits, _ and $ in double quotes, a quote in it twice",
            code="SF-STAGE-NAME",
        )
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


def make_objects(session: Session, dialect: Snowflake, settings: SnowflakeSettings, bucket: S3Settings) -> None:
    """Make sure that the stage is there and leads to our files, and see to the file format; raises ConfigError."""
    format_words = _make_format(session, dialect.file_format)
    url = stage_url(bucket.bucket, dialect.prefix)
    present = _present_url(session, dialect.stage)
    if present is None:
        words = f"URL = {literal(url)} {_stage_access(settings, bucket)} {format_words}".rstrip()
        session.execute(f"CREATE STAGE IF NOT EXISTS {dialect.stage} {words}")
        present = _present_url(session, dialect.stage)
    if present is None or present.rstrip("/") != url.rstrip("/"):
        raise ConfigError(
            f"stage {dialect.stage} points to {present!r}, the settings s3_bucket and s3_key_prefix to {url!r}; "
            "name another stage, or correct bucket and prefix",
            code="SF-STAGE-URL",
        )


def _make_format(session: Session, place: Place) -> str:
    """Return the words that give the file format to a stage, none where there is no such format.

    COPY states its options itself. The format is for people who read the stage: it is made where it is missing and the
    role may, and if an existing one differs, a WARNING says so.
    """
    try:
        rows = described(session, f"DESC FILE FORMAT {place}")
        if rows is None:
            session.execute(f"CREATE FILE FORMAT IF NOT EXISTS {place} {options(FILE_FORMAT_OPTIONS)}")
    except WarehouseError as error:
        if error.connection_lost or error.conflict:
            raise
        logger.info("file format %s cannot be seen or made; loads do not need it: %s", place, error)
        return ""
    if differences := format_differences(rows or []):
        logger.warning(
            "file format %s reads our files otherwise than they were written: %s; COPY does not use it, "
            "queries of the stage may",
            place,
            ", ".join(differences),
        )
    return f"FILE_FORMAT = (FORMAT_NAME = {literal(str(place))})"


def format_differences(rows: Rows) -> list[str]:
    """Return what DESC FILE FORMAT says otherwise than FILE_FORMAT_OPTIONS; an option that it does not show is none."""
    shown = {str(row[0]).upper(): str(row[2]) for row in rows}
    return [
        f"{option} is {shown[option]}, the files have {_as_shown(value)}"
        for option, value in FILE_FORMAT_OPTIONS.items()
        if option in shown and shown[option].replace('\\"', '"').upper() != _as_shown(value).upper()
    ]


def _as_shown(value: str) -> str:
    """Return an option's value as DESC shows it: strings without quotes, lists in brackets (sql/desc-file-format)."""
    return "[]" if value == "()" else value.strip("'")


def described(session: Session, statement: str) -> Rows | None:
    """Return the answer of a DESC, None if there is no such object."""
    try:
        return session.execute(statement)
    except WarehouseError as error:
        if error.sql_code is not None and error.sql_code.lstrip("0") == DOES_NOT_EXIST:
            return None
        raise


def _present_url(session: Session, stage: Place) -> str | None:
    """Return the URL of the stage, None if there is no such stage, "" for one that is not external."""
    rows = described(session, f"DESC STAGE {stage}")
    if rows is None:
        return None
    for row in rows:
        if [str(cell).upper() for cell in row[:2]] == ["STAGE_LOCATION", "URL"]:
            return _first_url(str(row[3]))
    return ""


def _first_url(shown: str) -> str:
    """Return the URL of a list as DESC STAGE shows it (sql/desc-stage), in which JSON may escape what is no ASCII."""
    try:
        urls = json.loads(shown)
    except ValueError:
        return shown.strip('[]"')
    return str(urls[0]) if isinstance(urls, list) and urls else shown


def _stage_access(settings: SnowflakeSettings, bucket: S3Settings) -> str:
    """Return what the stage reads S3 with. Temporary keys would expire inside a stage, so they are refused."""
    if settings.storage_integration:
        return f"STORAGE_INTEGRATION = {name(NAMES.fold(settings.storage_integration))}"
    if settings.aws_role:
        return f"CREDENTIALS = (AWS_ROLE = {literal(settings.aws_role)})"
    if bucket.session_token or bucket.role_arn:
        raise ConfigError(
            "the stage does not exist and would be made with temporary keys, which end while it stays; "
            "set storage_integration or aws_role, or create the stage",
            code="SF-STAGE-ACCESS",
        )
    if bucket.access_key_id and bucket.secret_access_key:
        logger.warning(
            "the stage is made with keys in it, which stay there until somebody changes them: a storage integration is "
            "better, set storage_integration"
        )
        bucket = resolved(bucket)
        key, secret = literal(bucket.access_key_id), literal(bucket.secret_access_key)
        return f"CREDENTIALS = (AWS_KEY_ID = {key} AWS_SECRET_KEY = {secret})"
    raise ConfigError(
        "the stage does not exist and nothing says what it may read S3 with; "
        "set storage_integration, aws_role or the AWS keys, or create the stage",
        code="SF-STAGE-ACCESS",
    )
