"""Which of our settings is it that another loader calls otherwise?

Where nothing here does the same, the table says why. Both targets have this table: one that lacks the setting says that
it belongs to the other warehouse.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

# https://github.com/transferwise/pipelinewise-target-redshift/blob/master/README.md
# https://github.com/transferwise/pipelinewise-target-snowflake/blob/master/README.md
PIPELINEWISE = "PipelineWise's loader"
# https://github.com/MeltanoLabs/target-snowflake/blob/main/target_snowflake/target.py
# https://github.com/MeltanoLabs/target-postgres/blob/main/target_postgres/target.py
MELTANO = "Meltano's loader"
# https://github.com/TicketSwap/target-redshift/blob/main/target_redshift/target.py
TICKETSWAP = "TicketSwap's target-redshift"
# https://github.com/datamill-co/target-redshift/blob/master/README.md
# https://github.com/datamill-co/target-snowflake/blob/master/README.md
DATAMILL = "datamill-co's loader"
# https://github.com/aws/amazon-redshift-python-driver https://docs.getdbt.com/docs/core/connect-data-platform/redshift-setup
AMAZON = "Amazon's driver or dbt"
# Names that many programs have.
ANOTHER = "another loader"
REDSHIFT, SNOWFLAKE = "target-redshift-copy", "target-snowflake-stage"


class Theirs(NamedTuple):
    """Who has the setting, which ones of ours do the same (none: nothing does), and how or why."""

    loader: str
    here: tuple[str, ...] = ()
    how: str = ""


def _same(loader: str, names: Mapping[str, str]) -> dict[str, Theirs]:
    return {theirs: Theirs(loader, (ours,)) for theirs, ours in names.items()}


THEIRS: Mapping[str, Theirs] = {
    **_same(
        PIPELINEWISE,
        {
            "dbname": "database",
            "aws_redshift_copy_role_arn": "iam_role",
            "add_metadata_columns": "add_record_metadata",
            "batch_wait_limit_seconds": "batch_wait_seconds",
            "s3_region_name": "s3_region",
            "archive_load_files": "keep_staged_files",
        },
    ),
    "data_flattening_max_level": Theirs(
        PIPELINEWISE, ("flattening_max_depth",), "with 'flattening_enabled' true; 0 is both left out"
    ),
    "parallelism": Theirs(PIPELINEWISE, ("encoders",), "threads that encode rows"),
    "parallelism_max": Theirs(PIPELINEWISE, ("encoders",), "threads that encode rows"),
    "max_parallelism": Theirs(PIPELINEWISE, ("encoders",), "threads that encode rows"),
    "primary_key_required": Theirs(
        PIPELINEWISE, ("load_method",), "'upsert' needs key properties, 'append-only' and 'overwrite' do not"
    ),
    "copy_options": Theirs(PIPELINEWISE, (), "COPY has the options that keep every value as it is"),
    "flush_all_streams": Theirs(PIPELINEWISE, (), "a load has the rows of all streams"),
    "default_target_schema_select_permissions": Theirs(
        PIPELINEWISE, ("grants",), "for the tables that a run makes; of the schema in the warehouse"
    ),
    "default_target_schema_select_permission": Theirs(
        PIPELINEWISE, ("grants",), "for the tables that a run makes; of the schema in the warehouse"
    ),
    "disable_table_cache": Theirs(PIPELINEWISE, (), "tables are looked at in each run"),
    "skip_updates": Theirs(PIPELINEWISE, (), "rows of known keys are replaced by 'upsert' or kept by 'append-only'"),
    "compression": Theirs(PIPELINEWISE, (), "files are always compressed"),
    "no_compression": Theirs(PIPELINEWISE, (), "files are always compressed"),
    "temp_dir": Theirs(PIPELINEWISE, (), "no file waits on a disk"),
    "query_tag": Theirs(PIPELINEWISE, (), "queries are tagged target-snowflake-stage"),
    "client_side_encryption_master_key": Theirs(PIPELINEWISE, (), "let the bucket encrypt: SSE-S3 or SSE-KMS"),
    "client_side_encryption_stage_object": Theirs(PIPELINEWISE, (), "let the bucket encrypt: SSE-S3 or SSE-KMS"),
    "archive_load_files_s3_bucket": Theirs(PIPELINEWISE, (), "'keep_staged_files' keeps files where they are"),
    "archive_load_files_s3_prefix": Theirs(PIPELINEWISE, (), "'keep_staged_files' keeps files where they are"),
    **_same(
        MELTANO,
        {
            "schema": "default_target_schema",
            "timestamp_type": "datetime_type",
            "activate_version": "process_activate_version_messages",
        },
    ),
    "oauth_access_token": Theirs(MELTANO, ("token",), "with 'authenticator' \"oauth\""),
    "use_browser_authentication": Theirs(MELTANO, ("authenticator",), 'as "externalbrowser"'),
    "clean_up_batch_files": Theirs(MELTANO, ("keep_staged_files",), "the other way round: true where theirs is false"),
    "sqlalchemy_url": Theirs(MELTANO, ("user", "password", "database"), "and the host or account, each by itself"),
    "dialect+driver": Theirs(MELTANO, (), "the driver is always the same"),
    "batch_config": Theirs(MELTANO, (), "a setting of taps: files of a BATCH message are read"),
    "ssl_certificate_authority": Theirs(MELTANO, ("sslrootcert",), "a path"),
    "ssl_client_certificate_enable": Theirs(MELTANO, (), "Redshift takes no certificate of a client"),
    "ssl_client_certificate": Theirs(MELTANO, (), "Redshift takes no certificate of a client"),
    "ssl_client_private_key": Theirs(MELTANO, (), "Redshift takes no certificate of a client"),
    "ssl_storage_directory": Theirs(MELTANO, (), "'sslrootcert' is a path"),
    "ssh_tunnel": Theirs(MELTANO, (), "open the tunnel before, and give 'host' and 'port' of its near end"),
    "interpret_content_encoding": Theirs(MELTANO, (), "text is always UTF-8"),
    "sanitize_null_text_characters": Theirs(MELTANO, ("nul_characters",), 'as "remove"'),
    "ssl_enable": Theirs(TICKETSWAP, ("sslmode",), 'true is "verify-full", false "disable"'),
    "ssl_mode": Theirs(TICKETSWAP, ("sslmode",)),
    "remove_s3_files": Theirs(TICKETSWAP, ("keep_staged_files",), "the other way round: true where theirs is false"),
    "enable_iam_authentication": Theirs(TICKETSWAP, ("cluster_identifier",), "without a password"),
    **_same(
        AMAZON,
        {
            "cluster_id": "cluster_identifier",
            "db_user": "user",
            "auto_create": "auto_create_user",
            "autocreate": "auto_create_user",
            "serverless_work_group": "workgroup_name",
            "workgroup": "workgroup_name",
            "iam_profile": "login_profile",
        },
    ),
    "enable_schema_warning": Theirs(TICKETSWAP, (), "properties without a column are always told"),
    **_same(
        DATAMILL,
        {
            "redshift_host": "host",
            "redshift_port": "port",
            "redshift_database": "database",
            "redshift_username": "user",
            "redshift_password": "password",
            "redshift_schema": "default_target_schema",
            "default_column_length": "varchar_default_bytes",
            "snowflake_account": "account",
            "snowflake_username": "user",
            "snowflake_password": "password",
            "snowflake_role": "role",
            "snowflake_database": "database",
            "snowflake_authenticator": "authenticator",
            "snowflake_schema": "default_target_schema",
            "snowflake_warehouse": "warehouse",
            "max_batch_rows": "batch_size_rows",
            "max_batch_size": "batch_size_bytes",
        },
    ),
    "invalid_records_detect": Theirs(DATAMILL, ("on_invalid_record",), '"reject" where theirs is false'),
    "invalid_records_threshold": Theirs(DATAMILL, ("max_rejected_records",), "with 'on_invalid_record' \"reject\""),
    "target_s3": Theirs(
        DATAMILL,
        ("s3_bucket", "s3_key_prefix", "aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
        "each at the top level",
    ),
    "logging_level": Theirs(DATAMILL, (), "the variable LOGLEVEL of the environment says it"),
    "disable_collection": Theirs(DATAMILL, (), "nothing is collected"),
    "persist_empty_tables": Theirs(DATAMILL, (), "a stream without a record gets its table"),
    "state_support": Theirs(DATAMILL, (), "STATE is always written, behind its load"),
    **_same(
        ANOTHER,
        {
            "db": "database",
            "db_name": "database",
            "username": "user",
            "hostname": "host",
            "pwd": "password",
            "endpoint": "host",
            "schema_name": "default_target_schema",
            "target_schema": "default_target_schema",
        },
    ),
    # The two targets of this project, given each other's configuration.
    "account": Theirs(SNOWFLAKE, ("host",), "the endpoint of the cluster"),
    "iam_role": Theirs(REDSHIFT, ("aws_role",), "or 'storage_integration'"),
    **{
        name: Theirs(SNOWFLAKE)
        for name in (
            "warehouse", "role", "authenticator", "token", "private_key", "private_key_path",
            "private_key_passphrase", "stage", "file_format", "storage_integration", "aws_role", "protocol",
            "cluster_by", "transient", "retention_days", "tags",
        )
    },
    **{
        name: Theirs(REDSHIFT)
        for name in (
            "sslmode", "sslrootcert", "slices", "varchar_default_bytes", "cluster_identifier", "workgroup_name",
            "dist_style", "dist_key", "sort_key", "sort_style", "encodings", "backup",
        )
    },
}  # fmt: skip


def known_elsewhere(ours: Collection[str]) -> dict[str, str]:
    """Return, for each name that other loaders have and we do not, what to do, as the end of a sentence."""
    return {name: _advice(theirs, ours) for name, theirs in THEIRS.items() if name not in ours}


def _advice(theirs: Theirs, ours: Collection[str]) -> str:
    how = f" ({theirs.how})" if theirs.how else ""
    if not theirs.here:
        return f"{theirs.loader} has it, nothing here does the same{how}: remove it"
    if not set(theirs.here) <= set(ours):
        return f"{theirs.loader} has it, for the other warehouse: remove it"
    return f"{theirs.loader} has it; here it is {', '.join(map(repr, theirs.here))}{how}"
