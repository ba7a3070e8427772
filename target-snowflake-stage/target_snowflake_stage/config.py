"""The settings that only target-snowflake-stage has."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from singer_bulk.model.declared import Meta, Referable, Secret, Settings, settings_schema
from singer_bulk.model.label import label_problems
from singer_bulk.model.table_properties import TableProperties
from singer_bulk.settings.columns import column_problems
from singer_bulk.settings.files import ini_settings
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.per_stream import OfStreams, PerStream, of_streams, optional
from singer_bulk.settings.session_sql import parameter_problems, sql_problems
from singer_bulk.stage.s3 import S3Settings, s3_contradictions

from target_snowflake_stage.parameters import COMMITS, OF_LOAD, REFUSED
from target_snowflake_stage.table_layout import (
    ClusterBy,
    RetentionDays,
    Tags,
    Transient,
    layout_problems,
    properties_of,
)
from target_snowflake_stage.ways import sign_in_problems


class SnowflakeSettings(Settings, frozen=True, kw_only=True):
    """How the warehouse is reached, and what only Snowflake has."""

    account: Annotated[str, Meta(description="Account identifier, as in organization-account.")]
    user: Annotated[Referable, Meta(description="User that loads.")]
    password: Annotated[Secret | None, Meta(description="Its password or programmatic access token.")] = None
    private_key: Annotated[Secret | None, Meta(description="Private key of a key pair: PEM, PKCS#8.")] = None
    private_key_path: Annotated[str | None, Meta(description="File with the private key, instead of its text.")] = None
    private_key_passphrase: Annotated[Secret | None, Meta(description="Passphrase of the private key.")] = None
    authenticator: Annotated[
        str | None,
        Meta(
            description="As in the Snowflake connector: snowflake, snowflake_jwt, oauth, oauth_client_credentials, "
            "programmatic_access_token, workload_identity, externalbrowser, username_password_mfa, or the URL of Okta. "
            "Default: what the password or the key needs."
        ),
    ] = None
    token: Annotated[
        Secret | None,
        Meta(description="Token for authenticator oauth, programmatic_access_token, or workload_identity by OIDC."),
    ] = None
    token_file_path: Annotated[
        str | None, Meta(description="File with the token, read at each connection, instead of its text.")
    ] = None
    oauth_client_id: Annotated[str | None, Meta(description="Client for authenticator oauth_client_credentials.")] = (
        None
    )
    oauth_client_secret: Annotated[Secret | None, Meta(description="Its secret.")] = None
    oauth_token_request_url: Annotated[
        str | None, Meta(description="Where the client is given its token: https, of the identity provider.")
    ] = None
    oauth_scope: Annotated[
        str | None, Meta(description="Scope that the client asks for; default: session:role: and the role.")
    ] = None
    workload_identity_provider: Annotated[
        Literal["AWS", "AZURE", "GCP", "OIDC"] | None,
        Meta(description="Who vouches for this workload, for authenticator workload_identity."),
    ] = None
    workload_identity_impersonation_path: Annotated[
        tuple[str, ...],
        Meta(description="Roles or service accounts that the workload takes one after the other; the last signs in."),
    ] = ()
    workload_identity_entra_resource: Annotated[
        str | None, Meta(description="Resource of Microsoft Entra, for AZURE; default: Snowflake's own.")
    ] = None
    workload_identity_aws_use_outbound_token: Annotated[
        bool, Meta(description="For AWS: sign in by a token that AWS issues instead of a signed request to STS.")
    ] = False
    passcode: Annotated[
        Secret | None, Meta(description="Passcode of MFA for authenticator username_password_mfa; default: a push.")
    ] = None
    passcode_in_password: Annotated[bool, Meta(description="The passcode stands behind the password.")] = False
    client_store_temporary_credential: Annotated[
        bool,
        Meta(
            description="Keep the token that follows a passcode or a browser's login, in the connector's cache, so "
            "that the next connection asks nobody."
        ),
    ] = False
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
            description="COPYs into temporary tables that run side by side, from four on: those of upserted streams "
            "and of small batches of others; they share the virtual warehouse. 1: one after the other.",
        ),
    ] = 8
    query_tag: Annotated[
        str,
        Meta(
            description="QUERY_TAG of every statement, with {pipeline}, {stream}, {run} and {load}, as far as it is "
            "for one."
        ),
    ] = "target-snowflake-stage"
    session_parameters: Annotated[
        dict[str, Any] | None,
        Meta(description="Parameters of the session; those that our statements depend on are refused."),
    ] = None
    statement_timeout_seconds: Annotated[
        Annotated[int, Meta(ge=1, le=604_800)] | None,
        Meta(description="Seconds after which the warehouse ends a statement; default: as it is set for the user."),
    ] = None
    host: Annotated[
        str | None, Meta(description="Host of the account, where it does not follow from its identifier.")
    ] = None
    port: Annotated[Annotated[int, Meta(ge=1, le=65_535)] | None, Meta(description="Port of the host.")] = None
    protocol: Annotated[Literal["https", "http"] | None, Meta(description="Protocol of the host.")] = None


class SnowflakePerStream(PerStream, frozen=True, kw_only=True):
    """What may be chosen for a stream, with what only Snowflake has."""

    cluster_by: ClusterBy = None
    transient: Transient = None
    retention_days: RetentionDays = None
    tags: Tags = None


if TYPE_CHECKING:
    OfSnowflakeStreams = OfStreams
else:
    SnowflakeStreamSettings = optional(SnowflakePerStream, "SnowflakeStreamSettings")
    OfSnowflakeStreams = of_streams(SnowflakeStreamSettings)


class SnowflakeLoads(LoadSettings, frozen=True, kw_only=True):
    """What the user chose for the loads of a run, with what only Snowflake has."""

    stream_settings: OfSnowflakeStreams | None = None
    cluster_by: ClusterBy = None
    transient: Transient = None
    retention_days: RetentionDays = None
    tags: Tags = None

    @cached_property
    def table_properties(self) -> TableProperties:
        """What a table has besides its columns."""
        return properties_of(self)


def contradictions(config: Mapping[str, Any]) -> list[str]:
    """Return what settings, each right by itself, say against one another; no value is shown."""
    problems = s3_contradictions(config)
    if config.get("storage_integration") and config.get("aws_role"):
        problems.append("settings 'storage_integration' and 'aws_role' both say what a stage reads with; keep one")
    problems += [*sign_in_problems(config), *sql_problems(config, OF_LOAD, COMMITS)]
    problems += [*layout_problems(config), *column_problems(config)]
    return problems + label_problems("query_tag", config.get("query_tag") or "") + parameter_problems(config, REFUSED)


SETTINGS = settings_schema(SnowflakeSettings, S3Settings, SnowflakeLoads)

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
