"""The settings of target-snowflake-stage, beside those that both targets share."""

from __future__ import annotations

from singer_bulk.settings import S3_SETTINGS, setting
from singer_sdk import typing as th

SNOWFLAKE_SETTINGS = (
    setting("account", th.StringType, "Account identifier, as in organization-account.", required=True),
    setting("user", th.StringType, "User that loads.", required=True),
    setting("password", th.StringType, "Its password or programmatic access token.", secret=True),
    setting("private_key", th.StringType, "Private key of a key pair: PEM, PKCS#8.", secret=True),
    setting("private_key_path", th.StringType, "File with the private key, instead of its text."),
    setting("private_key_passphrase", th.StringType, "Passphrase of the private key.", secret=True),
    setting("authenticator", th.StringType, "As in the Snowflake connector: oauth, externalbrowser, ..."),
    setting("token", th.StringType, "Token for authenticator oauth or programmatic_access_token.", secret=True),
    setting("role", th.StringType, "Role; default: the user's."),
    setting("warehouse", th.StringType, "Virtual warehouse that runs COPY; default: the user's."),
    setting("database", th.StringType, "Database that holds the tables.", required=True),
    setting(
        "default_target_schema",
        th.StringType,
        "Schema of the tables and of the ledger; default: what a stream's name has before its last dash, else PUBLIC.",
    ),
    setting(
        "stage",
        th.StringType,
        "External stage over bucket and prefix; created where it does not exist. Name, schema.name or db.schema.name.",
        default="SINGER_STAGE",
    ),
    setting(
        "file_format",
        th.StringType,
        "File format of the staged files; created where it does not exist.",
        default="SINGER_PIPE",
    ),
    setting("storage_integration", th.StringType, "Storage integration of a stage that is created."),
    setting("aws_role", th.StringType, "ARN of a role for a stage that is created, instead of an integration."),
    setting("host", th.StringType, "Host of the account, where it does not follow from its identifier."),
    setting("port", th.IntegerType, "Port of the host."),
    setting("protocol", th.StringType, "Protocol of the host.", allowed_values=["https", "http"]),
)

SETTINGS = th.PropertiesList(*SNOWFLAKE_SETTINGS, *S3_SETTINGS).to_dict()

# The classic pipeline.conf: (section, key) -> setting.
INI_NAMES = {
    ("snowflake_creds", "username"): "user",
    ("snowflake_creds", "password"): "password",
    ("snowflake_creds", "account_name"): "account",
    ("aws_boto_credentials", "access_key"): "aws_access_key_id",
    ("aws_boto_credentials", "secret_key"): "aws_secret_access_key",
    ("aws_boto_credentials", "bucket_name"): "s3_bucket",
}
