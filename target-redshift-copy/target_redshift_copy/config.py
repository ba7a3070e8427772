"""The settings that only target-redshift-copy has."""

from __future__ import annotations

from collections.abc import Mapping
from configparser import ConfigParser
from contextlib import suppress
from functools import cached_property
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, Annotated, Any

from singer_bulk.identity.aws_contradictions import ROLE
from singer_bulk.model.declared import Meta, settings_schema
from singer_bulk.model.label import label_problems
from singer_bulk.model.table_properties import TableProperties
from singer_bulk.settings.columns import column_problems
from singer_bulk.settings.files import ini_settings
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.per_stream import OfStreams, PerStream, of_streams, optional
from singer_bulk.settings.session_sql import parameter_problems, sql_problems
from singer_bulk.stage.s3 import S3Settings, s3_contradictions

from target_redshift_copy.sign_in_settings import SignInSettings, sign_in_contradictions
from target_redshift_copy.table_layout import (
    Backup,
    DistKey,
    DistStyle,
    Encodings,
    SortKey,
    SortStyle,
    layout_problems,
    properties_of,
)

# What a statement inside of a load's transaction may begin with: no other takes part in one.
# https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html
# https://docs.aws.amazon.com/redshift/latest/dg/stored-procedure-transaction-management.html
OF_LOAD = (
    "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "UNLOAD", "CREATE", "ALTER", "DROP", "GRANT",
    "REVOKE", "COMMENT", "ANALYZE", "LOCK",
)  # fmt: skip
COMMITS = "TRUNCATE and CALL could commit it in its middle, SET would change what our statements mean"
_DEPENDS = "may not be set: the statements of a load depend on its value"
# Name of a parameter -> what to do instead of setting it.
REFUSED = {
    **dict.fromkeys(
        ("timezone", "datestyle", "extra_float_digits", "enable_case_sensitive_identifier", "search_path"), _DEPENDS
    ),
    "query_group": "use 'query_group'",
    "statement_timeout": "use 'statement_timeout_seconds'",
    "session_authorization": "use 'user'",
    **dict.fromkeys(("client_encoding", "standard_conforming_strings"), _DEPENDS),
}
GROUP_CHARACTERS = 320  # r_query_group

# If unknown, as on Serverless, which shows no slices. Four files of a batch of 512 MiB of rows are 30 to 60 MB each,
# enough to be sent while they are written.
DEFAULT_SLICES = 4
# Unless the cluster has opted in to more: https://docs.aws.amazon.com/redshift/latest/dg/limitations-super.html
MAX_SUPER_STRING_BYTES = 65_535


class RedshiftSettings(SignInSettings, frozen=True, kw_only=True):
    """How the warehouse is reached, and what only Redshift has."""

    iam_role: Annotated[
        str | None,
        Meta(
            description="Role that COPY reads S3 with: an ARN, a chain of ARNs joined by commas, or default (the "
            "cluster's default role). Without it COPY is given the keys of who writes the files, as they are then."
        ),
    ] = None
    super_string_bytes: Annotated[
        int,
        Meta(
            ge=1,
            le=16_000_000,
            description="Bytes of one string inside a SUPER at most. A cluster that has opted in to large strings "
            "(enable_large_strings_opt_in) takes 16,000,000.",
        ),
    ] = MAX_SUPER_STRING_BYTES
    slices: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="Files that a large batch is divided into, 32 at most: the slices of the cluster, so that all "
            f"of them read. Default: as the cluster says (STV_SLICES), {DEFAULT_SLICES} where it does not."
        ),
    ] = None
    query_group: Annotated[
        str,
        Meta(
            description="query_group of the session, with {pipeline} and {run}, and inside a load's transaction with "
            "{load} and {stream}; default: as it is set for the user."
        ),
    ] = ""
    session_parameters: Annotated[
        dict[str, Any] | None,
        Meta(description="Parameters of the session; those that our statements depend on are refused."),
    ] = None
    statement_timeout_seconds: Annotated[
        Annotated[int, Meta(ge=1, le=2_000_000)] | None,
        Meta(description="Seconds after which the warehouse ends a statement; default: as it is set for the user."),
    ] = None


# Of a text whose SCHEMA gives no maxLength, for all streams and for one.
TextBytes = Annotated[
    int,
    Meta(
        ge=1,
        le=65_535,
        description="Size of a VARCHAR whose SCHEMA gives no maxLength; a longer text widens its column.",
    ),
]


class RedshiftPerStream(PerStream, frozen=True, kw_only=True):
    """What may be chosen for a stream, with what only Redshift has."""

    varchar_default_bytes: TextBytes = 65_535
    dist_style: DistStyle = None
    dist_key: DistKey = None
    sort_key: SortKey = None
    sort_style: SortStyle = None
    encodings: Encodings = None
    backup: Backup = None


if TYPE_CHECKING:
    OfRedshiftStreams = OfStreams
else:
    RedshiftStreamSettings = optional(RedshiftPerStream, "RedshiftStreamSettings")
    OfRedshiftStreams = of_streams(RedshiftStreamSettings)


class RedshiftLoads(LoadSettings, frozen=True, kw_only=True):
    """What the user chose for the loads of a run, with what only Redshift has."""

    stream_settings: OfRedshiftStreams | None = None
    varchar_default_bytes: TextBytes = 65_535
    dist_style: DistStyle = None
    dist_key: DistKey = None
    sort_key: SortKey = None
    sort_style: SortStyle = None
    encodings: Encodings = None
    backup: Backup = None

    @property
    def text_bytes(self) -> int:
        """Size of a text column whose SCHEMA gives no maxLength."""
        return self.varchar_default_bytes

    @cached_property
    def table_properties(self) -> TableProperties:
        """What a table has besides its columns."""
        return properties_of(self)


def contradictions(config: Mapping[str, Any]) -> list[str]:
    """Return what settings, each right by itself, say against one another; no value is shown."""
    problems = s3_contradictions(config) + sign_in_contradictions(config)
    if not _is_host(config.get("host", "")):
        problems.append(
            "setting 'host' takes the name of the endpoint alone; what the console shows behind it is 'port' and "
            "'database', what stands before :// is left out"
        )
    role = config.get("iam_role", "default")
    # A chain is joined by commas (copy-parameters-authorization).
    if role != "default" and not all(ROLE.fullmatch(one.strip()) for one in role.split(",")):
        problems.append(
            "setting 'iam_role' takes an ARN as in arn:aws:iam::123456789012:role/NAME, a chain of ARNs joined by "
            "commas, or default"
        )
    if "sslrootcert" in config and not config["sslmode"].startswith("verify"):
        problems.append("setting 'sslrootcert' needs 'sslmode' verify-ca or verify-full, which alone look at it")
    problems += [*sql_problems(config, OF_LOAD, COMMITS), *parameter_problems(config, REFUSED)]
    problems += [*layout_problems(config), *column_problems(config)]
    return problems + label_problems("query_group", config.get("query_group") or "")


def _is_host(text: str) -> bool:
    if ":" not in text:
        return "/" not in text
    with suppress(ValueError):
        return bool(IPv6Address(text))
    return False


SETTINGS = settings_schema(RedshiftSettings, S3Settings, RedshiftLoads)

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


def of_ini(file: ConfigParser) -> dict[str, str]:
    """Return the settings in the classic pipeline.conf; the role's ARN is made of its account and its name."""
    settings = ini_settings(file, INI_NAMES)
    account, role = settings.pop("account_id", None), settings.get("iam_role")
    if account and role and not role.startswith("arn:") and role != "default":
        settings["iam_role"] = f"arn:aws:iam::{account}:role/{role}"
    return settings
