"""The settings that both targets have, declared once: `--about`, README and meltano.yml are checked against them."""

from __future__ import annotations

from typing import Any

from singer_sdk import typing as th

from singer_bulk.feeds.presets import CURRENT, HISTORY, PRESETS

# 512 MiB of rows are 130 to 230 MB compressed (the workloads of bench/ shrink to 0.35, 0.43 and 0.25): inside
# Snowflake's 100 to 250 MB (data-load-considerations-prepare), and over 2 to 32 slices inside Redshift's 1 MB to 1 GB
# a file (c_best-practices-use-multiple-files). Rows of 50 bytes reach it before their number does.
BATCH_SIZE_BYTES = 512 << 20
BATCH_SIZE_ROWS = 10_000_000
BATCH_WAIT_SECONDS = 300
# Eight parts of 8 MiB: one being gathered and one being sent for each of four files.
MAX_MEMORY = 64 << 20


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

_TEXTS = th.ArrayType(th.StringType)
CDC = th.ObjectType(
    th.Property("preset", th.StringType, allowed_values=[*PRESETS], description="Convention of the feed."),
    th.Property("operation_column", th.StringType, description="Property that holds the operation."),
    th.Property("insert_values", _TEXTS, description="More of its values that mean an insert."),
    th.Property("update_values", _TEXTS, description="Likewise an update."),
    th.Property("delete_values", _TEXTS, description="Likewise a delete."),
    th.Property("truncate_values", _TEXTS, description="Likewise that all rows are gone."),
    th.Property("ignore_values", _TEXTS, description="Likewise no change of a row."),
    th.Property("sequence_columns", _TEXTS, description="Properties that order the events, the first one first."),
    th.Property("time_column", th.StringType, description="Property that says when it happened, for valid_from."),
    th.Property("partial_updates", th.BooleanType, description="What an update leaves out is unchanged."),
    th.Property(
        "apply",
        th.ArrayType(th.StringType(allowed_values=[HISTORY, CURRENT])),
        description="history keeps each event as a row, current keeps the current state.",
    ),
    additional_properties=False,
)

LOAD_METHOD = setting(
    "load_method",
    th.StringType,
    "append-only keeps history: each record becomes a row. upsert: the last record of each key replaces the row of "
    "its key. overwrite: the records of a run replace the rows of their tables, in one commit at the end of input.",
    allowed_values=["append-only", "upsert", "overwrite"],
)
CDC_SETTING = setting(
    "cdc",
    CDC,
    "The change feed: {preset, operation_column, insert_values, update_values, delete_values, truncate_values, "
    "ignore_values, sequence_columns, time_column, partial_updates, apply}; docs/change-data.md. Without it only "
    "_sdc_deleted_at tells a delete.",
)
CURRENT_VIEW = setting(
    "current_view",
    th.BooleanType,
    "Keep the views <table>__current, the last event of each key without deletes, and <table>__history, with "
    "valid_from and valid_to; needs load_method append-only and an order: add_record_metadata or cdc.sequence_columns.",
)
STREAM_SETTINGS = (LOAD_METHOD, CDC_SETTING, CURRENT_VIEW)


def _with_default(declared: th.Property[Any], default: Any) -> th.Property[Any]:
    return th.Property(
        declared.name,
        declared.wrapped,
        description=declared.description,
        allowed_values=declared.allowed_values,
        default=default,
    )


SHARED_SETTINGS = (
    _with_default(LOAD_METHOD, "append-only"),
    setting(
        "stream_settings",
        th.ObjectType(additional_properties=th.ObjectType(*STREAM_SETTINGS, additional_properties=False)),
        'What differs for a stream: {"orders": {"load_method": "upsert"}}; load_method, cdc and current_view may.',
    ),
    setting(
        "hard_delete",
        th.BooleanType,
        "Remove the rows of deleted records (upsert) and of obsolete versions (ACTIVATE_VERSION); otherwise their "
        "_sdc_deleted_at is set.",
        default=False,
    ),
    CDC_SETTING,
    _with_default(CURRENT_VIEW, False),
    setting(
        "process_activate_version_messages",
        th.BooleanType,
        "Act on ACTIVATE_VERSION; needs add_record_metadata.",
        default=True,
    ),
    setting(
        "batch_size_rows",
        th.IntegerType(minimum=1),
        "Rows of a stream after which its files are closed and staged.",
        default=BATCH_SIZE_ROWS,
    ),
    setting(
        "batch_size_bytes",
        th.IntegerType(minimum=1),
        "Bytes of rows of a stream, before compression, after which its files are closed and staged.",
        default=BATCH_SIZE_BYTES,
    ),
    setting(
        "batch_wait_seconds",
        th.NumberType(minimum=0),
        "Seconds that rows wait at most before their load ends at the next STATE.",
        default=BATCH_WAIT_SECONDS,
    ),
    setting(
        "max_memory",
        th.IntegerType(minimum=1),
        "Bytes of files that may wait in memory until S3 has them: beyond it the input is not read, and where nothing "
        "is on its way the largest file is closed early.",
        default=MAX_MEMORY,
    ),
    setting(
        "encoders",
        th.IntegerType(minimum=0),
        "Processes that encode and compress rows of a large stream; 0: none. Default: the cores but one, at least one.",
    ),
    setting("add_record_metadata", th.BooleanType, "Add the _sdc_ columns, among them _sdc_sequence.", default=False),
    setting(
        "validate_records",
        th.BooleanType,
        "Refuse records that their SCHEMA does not allow: type, required, enum, pattern, bounds, length, format.",
        default=True,
    ),
    setting(
        "on_invalid_record",
        th.StringType,
        "error ends the run; reject puts the record, with its reason, into an object under <prefix>/_rejected/ "
        "and loads the rest.",
        allowed_values=["error", "reject"],
        default="error",
    ),
    setting(
        "max_rejected_records",
        th.IntegerType(minimum=0),
        "Rejected records of a run after which the next one ends it.",
        default=1000,
    ),
    setting("keep_staged_files", th.BooleanType, "Keep the files in S3 after their load is committed.", default=False),
    setting(
        "sweep_after_hours",
        th.NumberType(minimum=1),
        "Remove staged files of runs that died, at the end of a run: of those that wrote their last file longer ago. "
        "Needs s3:ListBucket. Default: never.",
    ),
    setting(
        "end_of_input",
        th.StringType,
        "Whether records behind the last STATE are loaded when the input ends, where a tap that died looks like one "
        "that is done. auto: where a tap could not resume from its STATE anyway; state: never; any: always, and every "
        "full load is taken for a whole one.",
        allowed_values=["auto", "state", "any"],
        default="auto",
    ),
    setting(
        "overwrite_max_shrink",
        th.NumberType(minimum=0, maximum=1),
        "Part of a table's rows that a full load may lose, 0 to 1; otherwise it is refused. Default: any if the tap "
        "tells that its full load is whole (docs/loads.md), else none.",
    ),
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
    setting(
        "invalid_datetime",
        th.StringType,
        "A date or time that does not exist (0000-00-00, second 60, year 10000): error, null, or text, which keeps "
        "dates, times and date-times in text columns, as they were sent.",
        allowed_values=["error", "null", "text"],
        default="error",
    ),
    setting(
        "excess_datetime_digits",
        th.StringType,
        "Digits of a second beyond those that the warehouse keeps (Redshift 6, Snowflake 9): error or cut.",
        allowed_values=["error", "cut"],
        default="error",
    ),
    setting(
        "rounding",
        th.StringType,
        "A number with more digits than its column keeps: error or half_even.",
        allowed_values=["error", "half_even"],
        default="error",
    ),
    setting(
        "nul_characters",
        th.StringType,
        "The character NUL in a text, which no warehouse keeps: error or remove.",
        allowed_values=["error", "remove"],
        default="error",
    ),
    setting(
        "json_as_text",
        th.BooleanType,
        "Keep objects, arrays and values of any type in text columns, exactly as they were sent.",
        default=False,
    ),
    setting(
        "extra_properties",
        th.StringType,
        "Properties that the SCHEMA does not have: warn names them once, column keeps them in _sdc_extra.",
        allowed_values=["warn", "column"],
        default="warn",
    ),
    setting(
        "schema_evolution",
        th.StringType,
        "evolve adds columns and widens them; freeze never alters a table that is there.",
        allowed_values=["evolve", "freeze"],
        default="evolve",
    ),
    setting(
        "on_type_change",
        th.StringType,
        "A property whose type its column cannot hold: widen the column where no value changes, else, and always with "
        "new_column, a column name__s beside it; or error.",
        allowed_values=["widen", "new_column", "error"],
        default="widen",
    ),
    setting(
        "schema_mapping",
        th.ObjectType(additional_properties=True),
        "Schema of the tables, by the part of a stream's name before its last dash; goes before default_target_schema.",
    ),
    setting("pipeline_id", th.StringType, "Name of the pipeline in the ledger; default: Meltano's state id."),
    setting("ledger_table", th.StringType, "Table of the ledger, in default_target_schema.", default="_singer_loads"),
)
