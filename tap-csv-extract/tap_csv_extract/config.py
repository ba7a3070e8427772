"""The settings: their JSON Schema for the face of the tap, and what one entry of `files` means.

Every setting of an entry may also stand at the top, where it is the default of all entries.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tap_csv_extract.dialect import Dialect
from tap_csv_extract.errors import ConfigError
from tap_csv_extract.kinds import Kind, kind_of_setting

FULL_TABLE, INCREMENTAL, LOG_BASED = "FULL_TABLE", "INCREMENTAL", "LOG_BASED"

OPERATIONS = {
    "insert": ("insert", "i", "c", "create", "r", "read"),
    "update": ("update", "u"),
    "delete": ("delete", "d"),
}


def _setting(description: str, kind: str | list[str], **more: Any) -> dict[str, Any]:
    kinds = [kind] if isinstance(kind, str) else kind
    return {"type": [*kinds, "null"], "description": description, **more}


# What an entry of `files` may set, and the top level as the default of all entries.
FILE_SETTINGS: dict[str, dict[str, Any]] = {
    "keys": _setting("Key properties of the stream.", "array", items={"type": "string"}),
    "header": _setting(
        "true: the first row names the columns; a list: these are the names and the files have no header; "
        "false: no header, columns are called column_1, column_2, ... (default true)",
        ["boolean", "array"],
        items={"type": "string"},
    ),
    "delimiter": _setting("What stands between two fields (default |).", "string"),
    "quote": _setting('What stands around quoted fields (default "); "" if the files have no quotes.', "string"),
    "escape": _setting("Character that makes the next one literal (default none).", "string"),
    "double_quote": _setting("Whether a doubled quote inside quotes is one quote (default true).", "boolean"),
    "comment": _setting("Lines that begin with this are left out (default none).", "string"),
    "skip_lines": _setting("Physical lines to leave out before the header (default 0).", "integer", minimum=0),
    "encoding": _setting("Character encoding of the files (default utf-8); a byte order mark is removed.", "string"),
    "null_values": _setting(
        'Unquoted fields that mean NULL (default [""]); quoted text is never NULL. The list replaces the default.',
        "array",
        items={"type": "string"},
    ),
    "types": _setting(
        "Column name -> type: string, integer, number, decimal(p,s), boolean, date, timestamp, time, json; "
        'or {"type": "timestamp", "format": "%d.%m.%Y %H:%M"}. Overrides what discovery finds.',
        "object",
        additionalProperties={"type": ["string", "object"]},
    ),
    "all_text": _setting("true: every column without an entry in `types` is text (default false).", "boolean"),
    "skip_footer_lines": _setting("Physical lines to leave out at the end (default 0).", "integer", minimum=0),
    "decimals": _setting(
        "number: decimals are JSON numbers with their digits and multipleOf in the schema. singer.decimal and "
        "x-singer.decimal: they are strings of that format, with precision and scale (default number).",
        "string",
        enum=["number", "singer.decimal", "x-singer.decimal", None],
    ),
    "date_format": _setting("How dates are written, as for strptime (default %Y-%m-%d).", "string"),
    "timestamp_format": _setting(
        "How timestamps are written, as for strptime (default %Y-%m-%d %H:%M:%S, with T, fraction and offset if "
        "there are any).",
        "string",
    ),
    "drift": _setting(
        "What to do with a file whose columns are not those of its stream: error, add (new columns with a new "
        "SCHEMA, missing ones left out), quarantine (leave the file unread) (default error).",
        "string",
        enum=["error", "add", "quarantine", None],
    ),
    "on_bad_row": _setting(
        "What to do with a row that cannot be read or a value that does not fit its type: error, reject (to "
        "`reject_path`), pad (fill a row that is too short with NULL, reject or refuse the rest) (default error).",
        "string",
        enum=["error", "reject", "pad", None],
    ),
    "reject_path": _setting("File that rejected rows are added to, as JSON lines with their original bytes.", "string"),
    "add_source_columns": _setting(
        "Whether records carry _sdc_source_file and _sdc_source_line, the physical line (default false).", "boolean"
    ),
    "replication_method": _setting(
        "FULL_TABLE: every row in every run. INCREMENTAL: rows of new, grown and replaced files, with a "
        "`replication_key` only those not older than the bookmark. LOG_BASED: change files, each row once. "
        "Default: LOG_BASED with `operation`, INCREMENTAL with `replication_key`, else FULL_TABLE.",
        "string",
        enum=[FULL_TABLE, INCREMENTAL, LOG_BASED, None],
    ),
    "replication_key": _setting("Column whose highest value is the bookmark.", "string"),
    "start_value": _setting("Bookmark of the first run: older rows are left out.", ["string", "integer", "number"]),
    "overlap": _setting(
        "How far below the bookmark rows of new files are still taken: seconds for dates and timestamps, "
        "units for numbers (default 0).",
        ["integer", "number"],
        minimum=0,
    ),
    "operation": _setting(
        "Name of the column that holds the operation of a change file (insert, update, delete). "
        "Without a header row that names it, it is the first field.",
        "string",
    ),
    "operation_values": _setting(
        "What means insert, update and delete in a change file, whatever the case "
        '(default {"insert": ["insert", "i", "c", "create", "r", "read"], "update": ["update", "u"], '
        '"delete": ["delete", "d"]}); what is left out keeps its default.',
        "object",
        properties={name: {"type": "array", "items": {"type": "string"}} for name in OPERATIONS},
        additionalProperties=False,
    ),
    "operation_time": _setting(
        "Timestamp column that says when a row was deleted, for _sdc_deleted_at (default: time of extraction).",
        "string",
    ),
    "sample_files": _setting(
        "If the file set is larger than `sample_bytes`, discovery reads at most so many files, spread over the set "
        "(default 20).",
        "integer",
        minimum=1,
    ),
    "sample_bytes": _setting(
        "Discovery reads the whole file set up to this size, else this much in all, from the front of each "
        "file (default 67108864).",
        "integer",
        minimum=1,
    ),
    "state_every_rows": _setting("A STATE is written after so many rows and at file ends (default 100000).", "integer",
                                 minimum=1),
}  # fmt: skip

ENTRY = {
    "type": "object",
    "required": ["path"],
    "additionalProperties": False,
    "properties": {
        "path": {
            "type": ["string", "array"],
            "items": {"type": "string"},
            "description": "Path, glob or directory, or a list of them. Files are read in order of name.",
        },
        "stream": {"type": ["string", "null"], "description": "Name of the stream (default: the file's name)."},
        **FILE_SETTINGS,
    },
}

SETTINGS: dict[str, Any] = {
    "type": "object",
    "required": ["files"],
    "properties": {
        "files": {
            "type": "array",
            "items": ENTRY,
            "description": "The streams: for each its files and how they are written.",
        },
        **FILE_SETTINGS,
        "aws_access_key_id": _setting("Access key for S3 (default: what boto3 finds).", "string", secret=True),
        "aws_secret_access_key": _setting("Secret that belongs to the access key.", "string", secret=True),
        "aws_session_token": _setting("Session token of temporary keys.", "string", secret=True),
        "aws_profile": _setting("Profile of the AWS configuration files to take the keys from.", "string"),
        "s3_endpoint_url": _setting("Endpoint of an S3 service other than AWS.", "string"),
        "s3_region": _setting("Region of the bucket (default: what boto3 finds).", "string"),
        "emit_activate_version_messages": _setting(
            "Whether records of FULL_TABLE streams carry a version and ACTIVATE_VERSION follows the last one "
            "(default false).",
            "boolean",
        ),
    },
}


@dataclass(frozen=True)
class FileSet:
    """One entry of `files`, complete."""

    stream: str
    paths: tuple[str, ...]
    dialect: Dialect
    keys: tuple[str, ...] = ()
    header: bool | tuple[str, ...] = True
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    all_text: bool = False
    replication_method: str = FULL_TABLE
    replication_key: str | None = None
    start_value: str | int | float | None = None
    overlap: float = 0
    operation: str | None = None
    operations: Mapping[str, str] = field(default_factory=dict)  # text in the file, lower case -> insert, ...
    operation_time: str | None = None
    date_format: str | None = None
    timestamp_format: str | None = None
    decimals: str = "number"
    drift: str = "error"
    on_bad_row: str = "error"
    reject_path: str | None = None
    add_source_columns: bool = False
    sample_bytes: int = 64 << 20
    sample_files: int = 20
    state_every_rows: int = 100_000

    @property
    def added_columns(self) -> tuple[str, ...]:
        """Columns of the stream that are in no file."""
        deleted = ("_sdc_deleted_at",) if self.replication_method == LOG_BASED else ()
        return deleted + (("_sdc_source_file", "_sdc_source_line") if self.add_source_columns else ())

    @property
    def required_columns(self) -> dict[str, str]:
        """Columns without which no row of the stream can be sent: name -> the setting that names it."""
        named = {"operation": self.operation, "operation_time": self.operation_time}
        if self.replication_method == INCREMENTAL:
            named["replication_key"] = self.replication_key
        return {**dict.fromkeys(self.keys, "keys"), **{name: setting for setting, name in named.items() if name}}

    def kind(self, name: str, kind: Kind) -> Kind:
        """Complete the kind of a column, as discovery or a catalog gives it, by what the settings say."""
        declared = self.kinds.get(name)
        if declared is not None and declared.name == kind.name:
            kind = declared
        if kind.name == "decimal":
            return replace(kind, text_format=None if self.decimals == "number" else self.decimals)
        form = {"date": self.date_format, "timestamp": self.timestamp_format}.get(kind.name)
        return replace(kind, format=form) if form and kind.format is None else kind


def file_sets(config: Mapping[str, Any]) -> list[FileSet]:
    """Read the entries of `files`. Raises ConfigError if they cannot be meant."""
    defaults = {name: config[name] for name in FILE_SETTINGS if config.get(name) is not None}
    sets = [_file_set({**defaults, **{k: v for k, v in entry.items() if v is not None}}) for entry in config["files"]]
    names = [file_set.stream for file_set in sets]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(
                f"stream {name!r} is named by two entries of 'files'; join their paths in one 'path' list"
            )
    return sets


# Settings that a FileSet takes as they are.
_PLAIN = (
    "all_text", "start_value", "overlap", "operation_time", "date_format", "timestamp_format", "decimals", "drift",
    "on_bad_row", "reject_path", "add_source_columns", "sample_bytes", "sample_files", "state_every_rows",
)  # fmt: skip


def _file_set(entry: Mapping[str, Any]) -> FileSet:
    paths = (entry["path"],) if isinstance(entry["path"], str) else tuple(entry["path"])
    stream = entry.get("stream") or _stream_name(paths)
    header = entry.get("header", True)
    if isinstance(header, list):
        header = tuple(header)
        if len(set(header)) != len(header) or "" in header:
            raise ConfigError(f"stream {stream!r}: 'header' names a column twice or has an empty name")
    operation, key = entry.get("operation"), entry.get("replication_key")
    if operation and isinstance(header, tuple) and operation not in header:
        header = (operation, *header)
    method = entry.get("replication_method") or (LOG_BASED if operation else INCREMENTAL if key else FULL_TABLE)
    if method == LOG_BASED and not operation:
        raise ConfigError(f"stream {stream!r}: LOG_BASED reads change files; name the operation column in 'operation'")
    return FileSet(
        stream=stream,
        paths=paths,
        dialect=_dialect(stream, entry),
        keys=tuple(entry.get("keys", ())),
        header=header,
        kinds={column: kind_of_setting(column, value) for column, value in entry.get("types", {}).items()},
        replication_method=method,
        replication_key=key,
        operation=operation,
        operations={
            text.lower(): name
            for name, texts in {**OPERATIONS, **entry.get("operation_values", {})}.items()
            for text in texts
        },
        **{name: entry[name] for name in _PLAIN if name in entry},
    )


def _dialect(stream: str, entry: Mapping[str, Any]) -> Dialect:
    delimiter, quote = entry.get("delimiter", "|"), entry.get("quote", '"')
    if not delimiter or set(delimiter) & {"\r", "\n"} or delimiter == quote:
        raise ConfigError(f"stream {stream!r}: delimiter {delimiter!r} is empty, a line end or the quote")
    for name in ("quote", "escape"):
        mark = entry.get(name) or ""
        if len(mark) > 1 or not mark.isascii() or mark in ("\r", "\n"):
            raise ConfigError(f"stream {stream!r}: {name!r} is one ASCII character and no line end, got {mark!r}")
    if (entry.get("escape") or None) in (quote, *delimiter):
        raise ConfigError(
            f"stream {stream!r}: 'escape' is the {'quote' if entry['escape'] == quote else 'delimiter'}; leave it out "
            "where a quote inside quotes is doubled"
        )
    comment = entry.get("comment")
    if comment and comment[0] in (quote, delimiter[0], "\r", "\n"):
        raise ConfigError(
            f"stream {stream!r}: 'comment' {comment!r} begins like a quoted or an empty field, or a line end"
        )
    return Dialect(
        delimiter=delimiter,
        quote=quote or None,
        escape=entry.get("escape") or None,
        double_quote=entry.get("double_quote", True),
        comment=entry.get("comment") or None,
        skip_lines=entry.get("skip_lines", 0),
        skip_footer_lines=entry.get("skip_footer_lines", 0),
        encoding=entry.get("encoding", "utf-8"),
        null_values=tuple(entry.get("null_values", ("",))),
    )


def _stream_name(paths: Sequence[str]) -> str:
    """Name a stream after its only path: 'in/orders_*.csv.gz' -> 'orders'."""
    base = os.path.basename(paths[0].rstrip("/")) if len(paths) == 1 else ""
    name = (
        re.split(r"[*?\[]", base)[0] if re.search(r"[*?\[]", base) else re.sub(r"(\.[A-Za-z0-9]{1,4}){1,2}$", "", base)
    )
    name = name.rstrip("._-")
    if not name:
        raise ConfigError(f"path {list(paths)!r}: a stream name cannot be made of it; set 'stream'")
    return name
