"""The settings that both targets have, each declared once: --about, docs/settings.md and meltano.yml show them.

To add one: declare it in `LoadSettings`, or in `PerStream` (per_stream.py) if streams may differ in it, use it, and run
`python -m tests.generated`. A setting that only one target
has stands in that target's config.py, those of the bucket in stage.py.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from msgspec import structs

from singer_bulk.feeds.presets import CdcSettings
from singer_bulk.model.declared import Meta, Secret
from singer_bulk.model.flush import FlushPolicy
from singer_bulk.model.table_properties import TableProperties
from singer_bulk.settings.methods import MethodRules
from singer_bulk.settings.per_stream import OfStreams, PerStream

# 512 MiB of rows are 130 to 230 MB compressed (the workloads of bench/ shrink to 0.35, 0.43 and 0.25). That is within
# Snowflake's 100 to 250 MB and, over 2 to 32 slices, within Redshift's 1 MB to 1 GB a file. Rows of more than 53 bytes
# reach this limit before BATCH_SIZE_ROWS.
# https://docs.snowflake.com/en/user-guide/data-load-considerations-prepare
# https://docs.aws.amazon.com/redshift/latest/dg/c_best-practices-use-multiple-files.html
BATCH_SIZE_BYTES = 512 << 20
BATCH_SIZE_ROWS = 10_000_000
BATCH_WAIT_SECONDS = 300
# Longer than a load of hundreds of millions of rows takes, short enough to be noticed within a day.
LOCK_WAIT_SECONDS = 3600
# Eight parts of 8 MiB: one being gathered and one being sent for each of four files.
MAX_MEMORY = 64 << 20


class LoadSettings(PerStream, frozen=True, kw_only=True):
    """What the user chose for the loads of a run."""

    default_target_schema: Annotated[
        str | None,
        Meta(
            description="Schema of the tables and of the ledger; default: what a stream's name has before its "
            "last dash, else public."
        ),
    ] = None
    mask_key: Annotated[
        Secret | None, Meta(description="Key of mask's hmac; with another key a value has another digest.")
    ] = None
    create_schema: Annotated[
        bool,
        Meta(
            description="Create a schema that does not exist. Otherwise it is refused: a typo in a name would make one."
        ),
    ] = False
    s3_key_prefix: Annotated[str, Meta(description="Prefix of the files: they lie under <prefix>/<stream>/.")] = ""
    stream_settings: OfStreams | None = None
    process_activate_version_messages: Annotated[
        bool, Meta(description="Act on ACTIVATE_VERSION; needs add_record_metadata.")
    ] = True
    batch_size_rows: Annotated[
        int, Meta(ge=1, description="Rows of a stream after which its files are closed and staged.")
    ] = BATCH_SIZE_ROWS
    batch_size_bytes: Annotated[
        int,
        Meta(
            ge=1,
            description="Bytes of rows of a stream, before compression, after which its files are closed and staged.",
        ),
    ] = BATCH_SIZE_BYTES
    batch_wait_seconds: Annotated[
        float, Meta(ge=0, description="Seconds that rows wait at most before their load ends at the next STATE.")
    ] = BATCH_WAIT_SECONDS
    lock_wait_seconds: Annotated[
        float,
        Meta(
            ge=1,
            description="Seconds that a load waits at most for its turn at a table that another load, or anybody else, "
            "is writing.",
        ),
    ] = LOCK_WAIT_SECONDS
    max_memory: Annotated[
        int,
        Meta(
            ge=1,
            description="Bytes of files that may wait in memory until S3 has them: beyond it the input is not read, "
            "and where nothing is on its way the largest file is closed early.",
        ),
    ] = MAX_MEMORY
    encoders: Annotated[
        Annotated[int, Meta(ge=0)] | None,
        Meta(
            description="Threads that encode and compress rows beside the one that reads; 0: none. Default: the cores "
            "but one, at least one.",
        ),
    ] = None
    add_record_metadata: Annotated[bool, Meta(description="Add the _sdc_ columns, among them _sdc_sequence.")] = False
    max_rejected_records: Annotated[
        int, Meta(ge=0, description="Rejected records of a run after which the next one ends it.")
    ] = 1000
    keep_staged_files: Annotated[bool, Meta(description="Keep the files in S3 after their load is committed.")] = False
    sweep_after_hours: Annotated[
        Annotated[float, Meta(ge=1, le=1_000_000)] | None,  # more is no span of time in Python
        Meta(
            description="Remove staged files of runs that died, at the end of a run: of those that wrote their "
            "last file longer ago. Needs s3:ListBucket. Default: never.",
        ),
    ] = None
    end_of_input: Annotated[
        Literal["auto", "state", "any"],
        Meta(
            description="Whether records behind the last STATE are loaded when the input ends, where a tap that died "
            "looks like one that is done. auto: where a tap could not resume from its STATE anyway; state: never; any: "
            "always, and every full load is taken for a whole one."
        ),
    ] = "auto"
    schema_mapping: Annotated[
        dict[str, Any] | None,
        Meta(
            description="Schema of the tables, by the part of a stream's name before its last dash; goes before "
            "default_target_schema."
        ),
    ] = None
    pre_run_sql: Annotated[
        str | None,
        Meta(description="SQL before anything else of a run; statements end in semicolons, each commits by itself."),
    ] = None
    post_run_sql: Annotated[
        str | None, Meta(description="SQL behind the last load and STATE of a run that has not failed.")
    ] = None
    pre_load_sql: Annotated[
        str | None,
        Meta(
            description="SQL at the beginning of each load's transaction, and part of it: of a load that fails nothing "
            "stays."
        ),
    ] = None
    post_load_sql: Annotated[
        str | None, Meta(description="SQL at the end of each load's transaction, before its COMMIT.")
    ] = None
    run_report: Annotated[
        str | None,
        Meta(
            description="File or S3 URL that the report of each run is written to, as JSON, also of one that fails; "
            "{run_id} and {started_at} are filled in, and a name that ends in a slash gets a file for each run."
        ),
    ] = None
    on_failure: Annotated[
        Secret | None, Meta(description="URL that a run which fails posts the end of its report to, as JSON.")
    ] = None
    progress: Annotated[
        bool, Meta(description="Show what a run does while it goes, where standard error is a terminal.")
    ] = True
    pipeline_id: Annotated[
        str | None, Meta(description="Name of the pipeline in the ledger; default: Meltano's state id.")
    ] = None
    ledger_table: Annotated[str, Meta(description="Table of the ledger, in default_target_schema.")] = "_singer_loads"

    @cached_property
    def policy(self) -> FlushPolicy:
        """When files are closed and loads end."""
        return FlushPolicy(self.batch_size_rows, self.batch_size_bytes, self.batch_wait_seconds)

    @cached_property
    def method(self) -> MethodRules:
        """How the rows of a stream enter its table."""
        return MethodRules(
            self.load_method,
            self.hard_delete,
            self.overwrite_max_shrink,
            self.cdc or CdcSettings(),
            self.current_view,
            self.add_record_metadata,
            self.sdc_deleted_at,
        )

    @property
    def table_properties(self) -> TableProperties:
        """What a table has besides its columns, in the words of the warehouse."""
        return TableProperties(comments=self.comments)

    def masks_of(self, stream: str) -> dict[str, str]:
        """Return what is masked in a stream: what is set for all, and what is set for it alone."""
        own = (self.stream_settings or {}).get(stream)
        return {**(self.mask or {}), **((own and own.mask) or {})}

    def of(self, stream: str) -> LoadSettings:
        """Return the settings of a stream: what `stream_settings` leaves out is as for all."""
        return self._by_stream.get(stream, self)

    @cached_property
    def anywhere(self) -> tuple[LoadSettings, ...]:
        """The settings that hold for some stream."""
        return self, *self._by_stream.values()

    @cached_property
    def _by_stream(self) -> dict[str, LoadSettings]:
        return {name: structs.replace(self, **_chosen(own)) for name, own in (self.stream_settings or {}).items()}

    @property
    def has_versions(self) -> bool:
        """Whether rows bear the version of their table, and ACTIVATE_VERSION is acted upon."""
        return self.add_record_metadata and self.process_activate_version_messages


def _chosen(own: PerStream) -> dict[str, Any]:
    """Return what is set for a stream."""
    return {name: value for name, value in structs.asdict(own).items() if value is not None}
