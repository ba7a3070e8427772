"""The settings of target-redshift-copy, beside those that both targets share."""

from __future__ import annotations

from singer_bulk.settings import S3_SETTINGS, setting
from singer_sdk import typing as th

# Where nobody tells: Serverless publishes no slices. Four files of a batch of 512 MiB of rows are 30 to 60 MB each,
# enough to be sent while they are written.
DEFAULT_SLICES = 4

REDSHIFT_SETTINGS = (
    setting("host", th.StringType, "Endpoint of the cluster or workgroup.", required=True),
    setting("port", th.IntegerType, "Port of the endpoint.", default=5439),
    setting("user", th.StringType, "Database user.", required=True),
    setting("password", th.StringType, "Its password.", secret=True),
    setting("database", th.StringType, "Database that holds the tables.", required=True),
    setting(
        "default_target_schema",
        th.StringType,
        "Schema of the tables and of the ledger; default: what a stream's name has before its last dash, else public.",
    ),
    setting(
        "iam_role",
        th.StringType,
        "Role that COPY reads S3 with: an ARN, a chain of ARNs joined by commas, or default (the cluster's default "
        "role). Without it COPY is given the AWS keys of the target.",
    ),
    setting(
        "sslmode",
        th.StringType,
        "TLS of the connection, as in libpq.",
        allowed_values=["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        default="verify-full",
    ),
    setting(
        "varchar_default_bytes",
        th.IntegerType(minimum=1, maximum=65_535),
        "Size of a VARCHAR whose SCHEMA gives no maxLength; a longer text widens its column.",
        default=65_535,
    ),
    setting(
        "slices",
        th.IntegerType(minimum=1),
        "Files that a large batch is divided into, 32 at most: the slices of the cluster, so that all of them read. "
        f"Default: as the cluster says (STV_SLICES), {DEFAULT_SLICES} where it does not.",
    ),
    setting(
        "sslrootcert", th.StringType, "Certificates to trust; default: the public authorities, Amazon's among them."
    ),
)

SETTINGS = th.PropertiesList(*REDSHIFT_SETTINGS, *S3_SETTINGS).to_dict()

# The classic pipeline.conf: (section, key) -> setting.
INI_NAMES = {
    ("aws_creds", "database"): "database",
    ("aws_creds", "username"): "user",
    ("aws_creds", "password"): "password",
    ("aws_creds", "host"): "host",
    ("aws_creds", "port"): "port",
    ("aws_creds", "iam_role"): "iam_role",
    ("aws_boto_credentials", "access_key"): "aws_access_key_id",
    ("aws_boto_credentials", "secret_key"): "aws_secret_access_key",
    ("aws_boto_credentials", "bucket_name"): "s3_bucket",
    ("aws_boto_credentials", "account_id"): "account_id",
}
