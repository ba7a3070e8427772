"""The settings that only target-snowflake-stage has."""

from __future__ import annotations

from configparser import ConfigParser
from typing import Annotated, Literal

from singer_bulk.model.declared import Meta, Secret, Settings, settings_schema
from singer_bulk.settings.files import ini_settings
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.stage.s3 import S3Settings


class SnowflakeSettings(Settings, frozen=True, kw_only=True):
    """How the warehouse is reached, and what only Snowflake has."""

    account: Annotated[str, Meta(description="Account identifier, as in organization-account.")]
    user: Annotated[str, Meta(description="User that loads.")]
    password: Annotated[Secret | None, Meta(description="Its password or programmatic access token.")] = None
    private_key: Annotated[Secret | None, Meta(description="Private key of a key pair: PEM, PKCS#8.")] = None
    private_key_path: Annotated[str | None, Meta(description="File with the private key, instead of its text.")] = None
    private_key_passphrase: Annotated[Secret | None, Meta(description="Passphrase of the private key.")] = None
    authenticator: Annotated[
        str | None, Meta(description="As in the Snowflake connector: oauth, externalbrowser, ...")
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
    host: Annotated[
        str | None, Meta(description="Host of the account, where it does not follow from its identifier.")
    ] = None
    port: Annotated[int | None, Meta(description="Port of the host.")] = None
    protocol: Annotated[Literal["https", "http"] | None, Meta(description="Protocol of the host.")] = None


SETTINGS = settings_schema(SnowflakeSettings, S3Settings, LoadSettings)

# The classic pipeline.conf: (section, key) -> setting.
INI_NAMES = {
    ("snowflake_creds", "username"): "user",
    ("snowflake_creds", "password"): "password",
    ("snowflake_creds", "account_name"): "account",
    ("aws_boto_credentials", "access_key"): "aws_access_key_id",
    ("aws_boto_credentials", "secret_key"): "aws_secret_access_key",
    ("aws_boto_credentials", "bucket_name"): "s3_bucket",
}


def of_ini(file: ConfigParser) -> dict[str, str]:
    """Return the settings in the classic pipeline.conf."""
    return ini_settings(file, INI_NAMES)
