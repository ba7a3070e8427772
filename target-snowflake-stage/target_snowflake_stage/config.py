"""The settings that only target-snowflake-stage has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from configparser import ConfigParser
from typing import Annotated, Any, Literal

from singer_bulk.model.declared import Meta, Secret, Settings, settings_schema
from singer_bulk.settings.files import ini_settings
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.s3 import S3Settings, s3_contradictions


class SnowflakeSettings(Settings, frozen=True, kw_only=True):
    """How the warehouse is reached, and what only Snowflake has."""

    account: Annotated[str, Meta(description="Account identifier, as in organization-account.")]
    user: Annotated[str, Meta(description="User that loads.")]
    password: Annotated[Secret | None, Meta(description="Its password or programmatic access token.")] = None
    private_key: Annotated[Secret | None, Meta(description="Private key of a key pair: PEM, PKCS#8.")] = None
    private_key_path: Annotated[str | None, Meta(description="File with the private key, instead of its text.")] = None
    private_key_passphrase: Annotated[Secret | None, Meta(description="Passphrase of the private key.")] = None
    authenticator: Annotated[
        str | None,
        Meta(
            description="As in the Snowflake connector: snowflake, snowflake_jwt, oauth, programmatic_access_token, "
            "externalbrowser, username_password_mfa, or the URL of Okta. Default: what the password or the key needs."
        ),
    ] = None
    token: Annotated[Secret | None, Meta(description="Token for authenticator oauth or programmatic_access_token.")] = (
        None
    )
    role: Annotated[str | None, Meta(description="Role; default: the user's.")] = None
    warehouse: Annotated[str | None, Meta(description="Virtual warehouse that runs COPY; default: the user's.")] = None
    database: Annotated[str, Meta(description="Database that holds the tables.")]
    stage: Annotated[
        str,
        Meta(
            description="External stage over bucket and prefix; created where it does not exist. Name, schema.name or "
            "db.schema.name."
        ),
    ] = "SINGER_STAGE"
    file_format: Annotated[
        str,
        Meta(
            description="File format for queries of the stage, created where it does not exist; COPY INTO states its "
            "own."
        ),
    ] = "SINGER_PIPE"
    storage_integration: Annotated[str | None, Meta(description="Storage integration of a stage that is created.")] = (
        None
    )
    aws_role: Annotated[
        str | None, Meta(description="ARN of a role for a stage that is created, instead of an integration.")
    ] = None
    parallel_copies: Annotated[
        int,
        Meta(
            ge=1,
            le=64,
            description="COPYs into the temporary tables of upserted streams that run side by side, from four streams "
            "on; they share the virtual warehouse. 1: one after the other.",
        ),
    ] = 8
    host: Annotated[
        str | None, Meta(description="Host of the account, where it does not follow from its identifier.")
    ] = None
    port: Annotated[Annotated[int, Meta(ge=1, le=65_535)] | None, Meta(description="Port of the host.")] = None
    protocol: Annotated[Literal["https", "http"] | None, Meta(description="Protocol of the host.")] = None


# What each authenticator signs in with; Okta's is a URL.
# https://docs.snowflake.com/en/developer-guide/python-connector/python-connector-api
OKTA = "https://"
SIGNS_IN_WITH = {
    "snowflake": "password",
    "username_password_mfa": "password",
    OKTA: "password",
    "snowflake_jwt": "private_key",
    "oauth": "token",
    "programmatic_access_token": "token",
    "externalbrowser": None,
}


def contradictions(config: Mapping[str, Any]) -> list[str]:
    """Return what settings, each right by itself, say against one another; no value is shown."""
    problems = s3_contradictions(config)
    if config.get("storage_integration") and config.get("aws_role"):
        problems.append("settings 'storage_integration' and 'aws_role' both say what a stage reads with; keep one")
    keys = [name for name in ("private_key", "private_key_path") if config.get(name)]
    if len(keys) > 1:
        problems.append("settings 'private_key' and 'private_key_path' both give the key; keep one")
    if config.get("private_key_passphrase") and not keys:
        problems.append("setting 'private_key_passphrase' needs 'private_key' or 'private_key_path'")
    given = [*(name for name in ("password", "token") if config.get(name)), *keys[:1]]
    return problems + _sign_in_problems(str(config.get("authenticator", "")).lower(), given)


def _sign_in_problems(authenticator: str, given: Sequence[str]) -> list[str]:
    """Return what is wrong with the settings that are given to sign in with."""
    if not authenticator:
        if len(given) > 1:
            return [f"settings {' and '.join(map(repr, given))} both sign in; keep one"]
        if given == ["token"]:
            return ["setting 'token' needs 'authenticator', as 'oauth' or 'programmatic_access_token'"]
        return []
    name = OKTA if authenticator.startswith(OKTA) else authenticator
    if name not in SIGNS_IN_WITH:
        known = ", ".join(repr(one) for one in SIGNS_IN_WITH if one != OKTA)
        return [f"setting 'authenticator' takes {known}, or the https:// URL of Okta, got another one"]
    needed = SIGNS_IN_WITH[name]
    problems = [
        f"setting {one!r} is not what this 'authenticator' signs in with; remove one of the two"
        for one in given
        if needed is None or not one.startswith(needed)
    ]
    if needed and not any(one.startswith(needed) for one in given):
        problems.append(f"setting 'authenticator' as it is set needs {needed!r}")
    return problems


SETTINGS = settings_schema(SnowflakeSettings, S3Settings, LoadSettings)

# The classic pipeline.conf: (section, key) -> setting.
INI_NAMES = {
    ("snowflake_creds", "username"): "user",
    ("snowflake_creds", "password"): "password",
    ("snowflake_creds", "account_name"): "account",
    ("aws_boto_credentials", "access_key"): "aws_access_key_id",
    ("aws_boto_credentials", "secret_key"): "aws_secret_access_key",
    ("aws_boto_credentials", "bucket_name"): "s3_bucket",
    ("aws_boto_credentials", "account_id"): "",  # of Redshift's role
}


def of_ini(file: ConfigParser) -> dict[str, str]:
    """Return the settings in the classic pipeline.conf."""
    return ini_settings(file, INI_NAMES)
