"""The settings that both targets have, declared once: `--about`, README and meltano.yml are checked against them."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

# A batch of 256 MiB of rows is a file of 50 to 100 MB compressed: inside Redshift's 1 MB to 1 GB
# (c_best-practices-use-multiple-files), near Snowflake's 100 to 250 MB (data-load-considerations-prepare).
BATCH_SIZE_BYTES = 256 << 20
BATCH_SIZE_ROWS = 1_000_000
BATCH_WAIT_SECONDS = 300


def setting(name: str, kind: Any, description: str, **more: Any) -> th.Property[Any]:
    """Declare one setting."""
    return th.Property(name, kind, description=description, **more)


S3_SETTINGS = (
    setting("s3_bucket", th.StringType, "Bucket in which files wait for their COPY.", required=True),
    setting("s3_key_prefix", th.StringType, "Prefix of the files: they lie under <prefix>/<stream>/.", default=""),
    setting("s3_region", th.StringType, "Region of the bucket; default: the environment's."),
    setting("s3_endpoint_url", th.StringType, "Endpoint of an S3 that is not Amazon's."),
    setting("aws_access_key_id", th.StringType, "Key that writes the files; default: as boto3 finds it.", secret=True),
    setting("aws_secret_access_key", th.StringType, "Its secret.", secret=True),
    setting("aws_session_token", th.StringType, "Its session token, if it is temporary.", secret=True),
    setting("aws_profile", th.StringType, "Profile of the AWS configuration, instead of keys."),
)

SHARED_SETTINGS = (
    setting(
        "load_method",
        th.StringType,
        "append-only keeps history: each record becomes a row. overwrite: the records of a run replace the rows of "
        "their tables, in one commit at the end of input.",
        allowed_values=["append-only", "overwrite"],
        default="append-only",
    ),
    setting(
        "batch_size_rows",
        th.IntegerType(minimum=1),
        "Rows of a stream after which its file is closed and staged.",
        default=BATCH_SIZE_ROWS,
    ),
    setting(
        "batch_size_bytes",
        th.IntegerType(minimum=1),
        "Bytes of rows, before compression, after which a file is closed and staged.",
        default=BATCH_SIZE_BYTES,
    ),
    setting(
        "batch_wait_seconds",
        th.NumberType(minimum=0),
        "Seconds that rows wait at most before their load ends at the next STATE.",
        default=BATCH_WAIT_SECONDS,
    ),
    setting("add_record_metadata", th.BooleanType, "Add the _sdc_ columns, among them _sdc_sequence.", default=False),
    setting("validate_records", th.BooleanType, "Refuse records that lack a required property.", default=True),
    setting("keep_staged_files", th.BooleanType, "Keep the files in S3 after their load is committed.", default=False),
    setting(
        "overwrite_allow_empty",
        th.BooleanType,
        "Let a full load without a record empty its table; otherwise it is refused.",
        default=False,
    ),
    setting(
        "number_type",
        th.StringType,
        "Column of a number without a hint of its scale.",
        allowed_values=["double", "decimal"],
        default="double",
    ),
    setting(
        "number_scale", th.IntegerType(minimum=0, maximum=37), "Scale of a decimal whose SCHEMA gives none.", default=9
    ),
    setting(
        "datetime_type",
        th.StringType,
        "Column of a date-time: auto takes timestamptz if a value of the first load has an offset.",
        allowed_values=["auto", "timestamp", "timestamptz"],
        default="auto",
    ),
    setting("pipeline_id", th.StringType, "Name of the pipeline in the ledger; default: Meltano's state id."),
)
