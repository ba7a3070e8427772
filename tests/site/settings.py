"""docs/settings.md: all settings by what they are for, each group with an example and the page that tells more."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from singer_bulk.model.declared import takes_reference

PREAMBLE = (
    "# Settings\n\nWritten from the declarations in the code by `python -m tests.generated`; "
    "`COMMAND --about` shows the same.\n\n"
    "Null in a JSON file means that a setting is not set. In the environment and in INI files an empty text means "
    "it, too, where the setting does not take any text; true or false may be written true, 1, yes, on, and false, "
    "0, no, off; arrays and objects are JSON, an array of texts also `a,b`. Each setting has a variable of the "
    "environment, by the command's name: `TARGET_REDSHIFT_COPY_S3_BUCKET`; `--config ENV` reads them.\n"
)


@dataclass(frozen=True)
class Group:
    """Settings that belong together: the patterns of their names, an example, and where more is told."""

    title: str
    names: str
    page: str = ""
    example: Mapping[str, Any] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Return whether the setting is of this group."""
        return any(fnmatchcase(name, pattern) for pattern in self.names.split())


# A setting belongs to the first group that has it.
OF_TARGETS = (
    Group(
        "Where the warehouse is",
        "host port protocol account cluster_identifier workgroup_name database warehouse role sslmode sslrootcert",
        "sign-in.md",
        {"cluster_identifier": "my-cluster", "account": "my_organization-my_account", "database": "analytics"},
    ),
    Group(
        "Who signs in",
        "user password private_key* authenticator token* oauth_* workload_identity* passcode* client_store_* "
        "secret_arn login_* db_groups auto_create_user password_duration_seconds",
        "sign-in.md",
        {"user": "loader", "secret_arn": "redshift/loader", "private_key": "env:LOADER_KEY"},
    ),
    Group(
        "What COPY reads with",
        "iam_role stage file_format storage_integration aws_role",
        "sign-in/staging.md",
        {"iam_role": "arn:aws:iam::123456789012:role/redshift-copy", "storage_integration": "MY_S3"},
    ),
    Group(
        "The bucket, and who writes to it",
        "s3_* aws_*",
        "sign-in/staging.md",
        {"s3_bucket": "my-bucket", "s3_key_prefix": "singer", "s3_region": "eu-west-1"},
    ),
    Group(
        "The session, and SQL of yours",
        "query_* session_parameters statement_timeout_seconds *_sql",
        "sign-in/session.md",
        {"query_tag": "{pipeline} {stream}", "query_group": "{pipeline}", "statement_timeout_seconds": 3600},
    ),
    Group(
        "The pipeline, its schema and its ledger",
        "pipeline_id default_target_schema schema_mapping create_schema ledger_table",
        "loads.md",
        {"pipeline_id": "orders", "default_target_schema": "public"},
    ),
    Group(
        "How rows enter",
        "load_method hard_delete sdc_deleted_at overwrite_* process_activate_version_messages add_record_metadata "
        "end_of_input",
        "methods/index.md",
        {"load_method": "upsert", "hard_delete": True},
    ),
    Group(
        "Change feeds",
        "cdc current_view",
        "change-data.md",
        {
            "cdc": {"preset": "debezium", "apply": ["history", "current"]},
            "current_view": True,
            "add_record_metadata": True,
        },
    ),
    Group(
        "What differs for a stream",
        "stream_settings",
        "methods/index.md",
        {"stream_settings": {"orders": {"load_method": "upsert"}, "events": {"load_method": "append-only"}}},
    ),
    Group(
        "Values and types",
        "number_* datetime_type invalid_datetime excess_* rounding nul_* json_as_text extra_properties columns "
        "varchar_* super_*",
        "types.md",
        {"columns": {"amount": "decimal(18,2)"}, "invalid_datetime": "null"},
    ),
    Group(
        "Records that are refused",
        "validate_records on_invalid_record max_rejected_records",
        "types.md",
        {"on_invalid_record": "reject", "max_rejected_records": 100},
    ),
    Group(
        "When a stream changes",
        "schema_evolution on_type_change",
        "schema-evolution.md",
        {"schema_evolution": "evolve", "on_type_change": "new_column"},
    ),
    Group(
        "What belongs to a table",
        "grants comments column_names dist_* sort_* encodings backup cluster_by transient retention_days tags",
        "tables.md",
        {"sort_key": ["updated_at"], "cluster_by": ["updated_at"], "column_names": {"amount": "total"}},
    ),
    Group("Values that nobody is to see", "mask*", "tables.md", {"mask": {"email": "hmac"}, "mask_key": "env:MASK"}),
    Group(
        "Sizes, waiting, memory",
        "batch_* lock_wait_seconds max_memory encoders slices parallel_copies",
        "operating/sizes.md",
        {"batch_size_rows": 1_000_000, "batch_wait_seconds": 900, "max_memory": 134_217_728},
    ),
    Group(
        "Files afterwards",
        "keep_staged_files sweep_*",
        "operating/retention.md",
        {"keep_staged_files": False, "sweep_after_hours": 48},
    ),
    Group(
        "What a run tells",
        "run_report on_failure progress",
        "operations.md",
        {"run_report": "s3://my-bucket/reports/", "on_failure": "env:ALERT_URL"},
    ),
    Group(
        "Stream maps and flattening",
        "stream_map* faker_config flattening_*",
        "",
        {"stream_maps": {"orders": {"email": "md5(email)"}}},
    ),
)
OF_TAP = (
    Group(
        "Files and streams",
        "files keys drift sample_* state_every_rows",
        "tap-csv-extract.md",
        {"files": [{"path": "in/orders-*.csv.gz", "stream": "orders"}], "keys": ["OrderId"]},
    ),
    Group(
        "How files are written",
        "header delimiter quote escape double_quote comment skip_* trailing_delimiter encoding null_values "
        "max_row_bytes",
        "tap-csv-extract.md",
        {"delimiter": ";", "encoding": "latin-1", "null_values": ["", "NULL"]},
    ),
    Group(
        "Types",
        "types all_text decimal* thousands_mark date_format timestamp_format",
        "tap-csv-extract.md",
        {"types": {"OrderId": "integer", "Price": "decimal(12,2)"}, "decimal_mark": ","},
    ),
    Group(
        "Replication",
        "replication_* start_value overlap operation* emit_*",
        "tap-csv-extract.md",
        {"replication_key": "LastUpdated", "start_value": "2020-01-01"},
    ),
    Group(
        "Bad rows, and where a row comes from",
        "on_bad_row reject_path add_source_columns",
        "tap-csv-extract.md",
        {"on_bad_row": "reject", "reject_path": "rejected.jsonl"},
    ),
    Group("Files in S3", "aws_* s3_*", "tap-csv-extract.md", {"s3_region": "eu-west-1", "aws_profile": "reader"}),
    Group("Stream maps and flattening", "stream_map* faker_config flattening_*"),
)
MORE = Group("More", "*")
WAREHOUSES = {"target-redshift-copy": " (Redshift)", "target-snowflake-stage": " (Snowflake)"}


def groups_of(command: str) -> tuple[Group, ...]:
    """Return the groups of a command, the last one for what is in no other."""
    return (*(OF_TAP if command.startswith("tap-") else OF_TARGETS), MORE)


def grouped(command: str, settings: Mapping[str, Any]) -> list[tuple[Group, list[str]]]:
    """Return each group that has settings with their names, in the order of the declarations."""
    groups = groups_of(command)
    found: dict[str, list[str]] = {group.title: [] for group in groups}
    for name in settings:
        found[next(group.title for group in groups if group.has(name))].append(name)
    return [(group, found[group.title]) for group in groups if found[group.title]]


def example(group: Group, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a group's example the command takes."""
    return {name: value for name, value in group.example.items() if name in settings}


def as_json(shown: Mapping[str, Any]) -> str:
    """Return the object with a line for each of its names."""
    return "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in shown.items()) + "\n}"


def page(
    settings: Mapping[str, tuple[Mapping[str, Any], Sequence[str]]], kind_of: Callable[[Mapping[str, Any]], Any]
) -> str:
    """Return the page. settings: for each command what is declared, and which must be set."""
    return PREAMBLE + "".join(
        "".join(_of_command(command, declared, required, kind_of)) for command, (declared, required) in settings.items()
    )


def _of_command(
    command: str, declared: Mapping[str, Any], required: Sequence[str], kind_of: Callable[[Mapping[str, Any]], Any]
) -> Iterator[str]:
    yield f"\n## {command}\n"
    for group, names in grouped(command, declared):
        yield f"\n### {group.title}{WAREHOUSES.get(command, '')}\n"
        if group.page:
            yield f"\nMore: [{group.page.removesuffix('/index.md').removesuffix('.md')}]({group.page}).\n"
        if shown := example(group, declared):
            yield f"\n```json\n{as_json(shown)}\n```\n"
        yield "\n| setting | kind | default | meaning |\n|---|---|---|---|\n"
        yield from (_row(name, declared[name], name in required, kind_of) for name in names)


def _row(name: str, declared: Mapping[str, Any], required: bool, kind_of: Callable[[Mapping[str, Any]], Any]) -> str:
    default = declared.get("default")
    shown = "required" if required else "" if default in (None, "") else f"`{json.dumps(default)}`"
    kind = ", ".join(f"`{value}`" for value in declared["enum"] if value) if "enum" in declared else kind_of(declared)
    if declared.get("secret"):
        kind += ", secret"
    if takes_reference(declared):
        kind += ", [or a reference](sign-in/secrets.md)"
    meaning = " ".join(declared.get("description", "").split()).replace("|", "\\|")
    return f"| `{name}` | {kind} | {shown} | {meaning} |\n"
