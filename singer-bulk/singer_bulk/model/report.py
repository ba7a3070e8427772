"""The report of a run: what was read, loaded and spent, by stream and by load. `run_report` writes it as JSON.

No value of a record and no secret is in it: names, counts, times, and texts of errors and warnings as the log has them.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

# Later versions may add fields; one that goes or changes its meaning makes another version.
REPORT_VERSION = 1


class Seconds(msgspec.Struct, kw_only=True):
    """Where the time went. Reading, encoding and committing go on at the same time, so the sum may exceed the whole."""

    read: Annotated[float, Meta(description="waiting for the tap")] = 0.0
    encode: Annotated[float, Meta(description="records becoming bytes, in all threads")] = 0.0
    stage: Annotated[float, Meta(description="waiting for S3 to take files")] = 0.0
    copy: Annotated[float, Meta(description="COPY")] = 0.0
    merge: Annotated[float, Meta(description="MERGE, INSERT, UPDATE and DELETE")] = 0.0
    wait: Annotated[float, Meta(description="waiting for locks that others hold")] = 0.0
    other: Annotated[float, Meta(description="other statements of the warehouse")] = 0.0


class StreamReport(msgspec.Struct, kw_only=True):
    """One stream, in a run or in a load."""

    stream: Annotated[str, Meta(description="name, as stream maps have made it")]
    table: Annotated[str | None, Meta(description="schema and table")] = None
    load_method: Annotated[str | None, Meta(description="how rows entered")] = None
    records_read: Annotated[int, Meta(description="records that the tap has sent")] = 0
    rows_loaded: Annotated[int, Meta(description="rows that COPY has counted, committed")] = 0
    inserted: Annotated[int | None, Meta(description="of these new rows; null: the warehouse does not say")] = 0
    updated: Annotated[int | None, Meta(description="rows that were there; null: the warehouse does not say")] = 0
    deleted: Annotated[int | None, Meta(description="rows that a delete has removed or stamped")] = 0
    rejected: Annotated[int, Meta(description="records set aside by on_invalid_record")] = 0
    filtered: Annotated[int, Meta(description="records that stream maps left out")] = 0
    bytes_read: Annotated[int, Meta(description="bytes of RECORD lines")] = 0
    bytes_staged: Annotated[int, Meta(description="bytes of files, compressed")] = 0
    files: Annotated[int, Meta(description="files of committed loads")] = 0
    schema_changes: Annotated[list[str], Meta(description="tables made, columns added or changed")] = msgspec.field(
        default_factory=list
    )
    seconds: Annotated[Seconds, Meta(description="where its time went")] = msgspec.field(default_factory=Seconds)
    query_ids: Annotated[list[str], Meta(description="COPY and MERGE in the history of the warehouse")] = msgspec.field(
        default_factory=list
    )
    columns: Annotated[dict[str, str], Meta(description="columns of the table that were loaded, with types")] = (
        msgspec.field(default_factory=dict)
    )


class StatementReport(msgspec.Struct, kw_only=True):
    """One call of the warehouse for a load."""

    kind: Annotated[str, Meta(description="COPY, MERGE, locks, transactions (BEGIN, COMMIT) and so on")]
    stream: Annotated[str | None, Meta(description="whose it is; null: of several streams")] = None
    began_at: Annotated[str, Meta(description="UTC")] = ""
    seconds: Annotated[float, Meta(description="until its answer")] = 0.0


class LoadReport(msgspec.Struct, kw_only=True):
    """One load: all that one COMMIT made visible."""

    load_id: Annotated[str, Meta(description="as in the ledger")]
    closed_at: Annotated[str, Meta(description="when its last record was there, UTC")]
    committed_at: Annotated[str | None, Meta(description="when COMMIT was answered; null: it was not committed")] = None
    seconds: Annotated[float, Meta(description="from the one to the other")] = 0.0
    streams: Annotated[list[StreamReport], Meta(description="its streams")] = msgspec.field(default_factory=list)
    times: Annotated[Seconds, Meta(description="where its time went, all streams and what is of none")] = msgspec.field(
        default_factory=Seconds
    )
    files: Annotated[list[str], Meta(description="keys of its files in the bucket")] = msgspec.field(
        default_factory=list
    )
    query_ids: Annotated[list[str], Meta(description="of statements for several streams at once")] = msgspec.field(
        default_factory=list
    )
    statements: Annotated[list[StatementReport], Meta(description="in their order; the last 200 of them")] = (
        msgspec.field(default_factory=list)
    )


class Failure(msgspec.Struct, kw_only=True):
    """Why a run has failed: the three lines that its log ends in."""

    code: Annotated[str, Meta(description="of docs/errors.md")]
    what: Annotated[str, Meta(description="the error")]
    in_the_warehouse: Annotated[str, Meta(description="what is there now")]
    what_to_do: Annotated[str, Meta(description="the remedy")]


class RunReport(msgspec.Struct, kw_only=True):
    """One run of a target."""

    version: Annotated[int, Meta(description="of this form")] = REPORT_VERSION
    run_id: Annotated[str, Meta(description="load_ids begin with it")] = ""
    pipeline_id: Annotated[str | None, Meta(description="of the ledger")] = None
    connector: Annotated[str, Meta(description="name of the target")] = ""
    connector_version: Annotated[str, Meta(description="of the target")] = ""
    status: Annotated[str, Meta(description="running, succeeded or failed")] = "running"
    exit_status: Annotated[int | None, Meta(description="of the process")] = None
    started_at: Annotated[str, Meta(description="UTC")] = ""
    ended_at: Annotated[str | None, Meta(description="UTC")] = None
    seconds: Annotated[float, Meta(description="from start to end")] = 0.0
    times: Annotated[Seconds, Meta(description="where the time went, all streams and what is of none")] = msgspec.field(
        default_factory=Seconds
    )
    streams: Annotated[list[StreamReport], Meta(description="sums over all loads")] = msgspec.field(
        default_factory=list
    )
    loads: Annotated[list[LoadReport], Meta(description="in their order; the last 1,000")] = msgspec.field(
        default_factory=list
    )
    load_count: Annotated[int, Meta(description="loads that were committed")] = 0
    state: Annotated[str | None, Meta(description="the last STATE that came out, as JSON text")] = None
    warnings: Annotated[list[str], Meta(description="what the log warned of; the last 100")] = msgspec.field(
        default_factory=list
    )
    warning_count: Annotated[int, Meta(description="all of them")] = 0
    is_complete: Annotated[bool, Meta(description="false: what counts has failed, as a warning says")] = True
    failure: Annotated[Failure | None, Meta(description="null: it has not failed")] = None
