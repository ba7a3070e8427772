"""The settings, each declared once, and what one entry of `files` means.

Every setting of an entry may also stand at the top, where it is the default of all entries. To add one: declare it in
`FileSettings`, use it as an attribute of a `FileSet`, and run `python -m tests.generated`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Literal

from msgspec import field

from tap_csv_extract.declared import Meta, Secret, Settings, read, settings_schema
from tap_csv_extract.dialect import Dialect
from tap_csv_extract.errors import ConfigError
from tap_csv_extract.kinds import MARKS, NUMBERS, Kind, check_marks, kind_of_setting

Method = Literal["FULL_TABLE", "INCREMENTAL", "LOG_BASED"]
FULL_TABLE: Method = "FULL_TABLE"
INCREMENTAL: Method = "INCREMENTAL"
LOG_BASED: Method = "LOG_BASED"

_Texts = tuple[str, ...]
_Count = Annotated[int, Meta(ge=0)]
_Positive = Annotated[int, Meta(ge=1)]


class OperationValues(Settings, frozen=True, forbid_unknown_fields=True):
    """What means each operation in a change file."""

    insert: _Texts = ("insert", "i", "c", "create", "r", "read")
    update: _Texts = ("update", "u")
    delete: _Texts = ("delete", "d")

    def by_text(self) -> dict[str, str]:
        """Return the operation of each text, in small letters."""
        return {text.lower(): name for name in self.__struct_fields__ for text in getattr(self, name)}


class ColumnType(Settings, frozen=True, forbid_unknown_fields=True):
    """The type of one column, and how the files write its values; one without marks has those of the stream."""

    type: str
    format: str | None = None
    decimal_mark: str | None = None
    thousands_mark: str | None = None


class FileSettings(Settings, frozen=True, kw_only=True):
    """What an entry of `files` may set, and the top level as the default of all entries."""

    keys: Annotated[_Texts, Meta(description="Key properties of the stream.")] = ()
    header: Annotated[
        bool | _Texts,
        Meta(
            description="true: the first row names the columns; a list: these are the names and the files have no "
            "header; false: no header, columns are called column_1, column_2, ..."
        ),
    ] = True
    delimiter: Annotated[str, Meta(description=r"What stands between two fields; \t and \x01 may be written out.")] = (
        Dialect.delimiter
    )
    quote: Annotated[str, Meta(description='What stands around quoted fields; "" if the files have no quotes.')] = '"'
    escape: Annotated[str | None, Meta(description="Character that makes the next one literal (default none).")] = None
    double_quote: Annotated[bool, Meta(description="Whether a doubled quote inside quotes is one quote.")] = (
        Dialect.double_quote
    )
    comment: Annotated[str | None, Meta(description="Lines that begin with this are left out (default none).")] = None
    skip_lines: Annotated[_Count, Meta(description="Physical lines to leave out before the header.")] = (
        Dialect.skip_lines
    )
    trailing_delimiter: Annotated[
        bool,
        Meta(description="true: rows may end in a delimiter; an empty field too many at their end is left out."),
    ] = Dialect.trailing_delimiter
    encoding: Annotated[str, Meta(description="Character encoding of the files; a byte order mark is removed.")] = (
        Dialect.encoding
    )
    null_values: Annotated[
        _Texts,
        Meta(description="Unquoted fields that mean NULL; quoted text is never NULL. The list replaces the default."),
    ] = Dialect.null_values
    types: Annotated[
        dict[str, str | ColumnType],
        Meta(
            description="Column name -> type: string, integer, number, decimal(p,s), boolean, date, timestamp, time, "
            'json; or {"type": "timestamp", "format": "%d.%m.%Y %H:%M"}, {"type": "decimal(12,2)", '
            '"decimal_mark": ",", "thousands_mark": "."}. Overrides what discovery finds.'
        ),
    ] = field(default_factory=dict)
    all_text: Annotated[bool, Meta(description="true: every column without an entry in `types` is text.")] = False
    max_row_bytes: Annotated[
        _Positive,
        Meta(description="A row of more bytes is refused: a quote is never closed. Memory grows with the longest row."),
    ] = Dialect.max_row_bytes
    skip_footer_lines: Annotated[_Count, Meta(description="Physical lines to leave out at the end.")] = (
        Dialect.skip_footer_lines
    )
    decimals: Annotated[
        Literal["number", "singer.decimal", "x-singer.decimal"],
        Meta(
            description="number: decimals are JSON numbers with their digits and multipleOf in the schema. "
            "singer.decimal and x-singer.decimal: they are strings of that format, with precision and scale."
        ),
    ] = "number"
    decimal_mark: Annotated[
        str, Meta(description='What stands before the places of a number; "," where 1234,5 is written.')
    ] = Kind.decimal_mark
    thousands_mark: Annotated[
        str,
        Meta(description='What groups the digits of a number by three (default none); "." where 1.234,5 is written.'),
    ] = Kind.thousands_mark
    date_format: Annotated[
        str | None, Meta(description="How dates are written, as for strptime (default %Y-%m-%d).")
    ] = None
    timestamp_format: Annotated[
        str | None,
        Meta(
            description="How timestamps are written, as for strptime (default %Y-%m-%d %H:%M:%S, with T, fraction "
            "and offset if there are any)."
        ),
    ] = None
    drift: Annotated[
        Literal["error", "add", "quarantine"],
        Meta(
            description="What to do with a file whose columns are not those of its stream: error, add (new columns "
            "with a new SCHEMA, missing ones left out), quarantine (leave the file unread)."
        ),
    ] = "error"
    on_bad_row: Annotated[
        Literal["error", "reject", "pad"],
        Meta(
            description="What to do with a row that cannot be read or a value that does not fit its type: error, "
            "reject (to `reject_path`), pad (fill a row that is too short with NULL, reject or refuse the rest)."
        ),
    ] = "error"
    reject_path: Annotated[
        str | None,
        Meta(description="File that rejected rows are added to, as JSON lines with their original bytes."),
    ] = None
    add_source_columns: Annotated[
        bool, Meta(description="Whether records carry _sdc_source_file and _sdc_source_line, the physical line.")
    ] = False
    replication_method: Annotated[
        Method | None,
        Meta(
            description="FULL_TABLE: every row in every run. INCREMENTAL: rows of new, grown and replaced files, with "
            "a `replication_key` only those not older than the bookmark. LOG_BASED: change files, each row once. "
            "Default: LOG_BASED with `operation`, INCREMENTAL with `replication_key`, else FULL_TABLE."
        ),
    ] = None
    replication_key: Annotated[str | None, Meta(description="Column whose highest value is the bookmark.")] = None
    start_value: Annotated[
        str | int | float | None, Meta(description="Bookmark of the first run: older rows are left out.")
    ] = None
    overlap: Annotated[
        _Count | Annotated[float, Meta(ge=0)],
        Meta(
            description="How far below the bookmark rows of new files are still taken: seconds for dates and "
            "timestamps, units for numbers."
        ),
    ] = 0
    operation: Annotated[
        str | None,
        Meta(
            description="Name of the column that holds the operation of a change file (insert, update, delete). "
            "Without a header row that names it, it is the first field."
        ),
    ] = None
    operation_values: Annotated[
        OperationValues,
        Meta(
            description="What means insert, update and delete in a change file, whatever the case; what is left out "
            "keeps its default."
        ),
    ] = OperationValues()
    operation_time: Annotated[
        str | None,
        Meta(
            description="Timestamp column that says when a row was deleted, for _sdc_deleted_at (default: time of "
            "extraction)."
        ),
    ] = None
    sample_files: Annotated[
        _Positive,
        Meta(
            description="If the file set is larger than `sample_bytes`, discovery reads at most so many files, spread "
            "over the set."
        ),
    ] = 20
    sample_bytes: Annotated[
        _Positive,
        Meta(
            description="Discovery reads the whole file set up to this size, else this much in all, from the front of "
            "each file."
        ),
    ] = 64 << 20
    state_every_rows: Annotated[
        _Positive, Meta(description="A STATE is written after so many rows and at file ends.")
    ] = 100_000


class Entry(FileSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One entry of `files`."""

    path: Annotated[
        str | _Texts,
        Meta(description="Path, glob or directory, or a list of them. Files are read in order of name."),
    ]
    stream: Annotated[str | None, Meta(description="Name of the stream (default: the file's name).")] = None


class Files(Settings, frozen=True, kw_only=True):
    """What must be set."""

    files: Annotated[tuple[Entry, ...], Meta(description="The streams: for each its files and how they are written.")]


class S3Settings(Settings, frozen=True, kw_only=True):
    """How S3 is reached."""

    aws_access_key_id: Annotated[Secret | None, Meta(description="Access key for S3 (default: what boto3 finds).")] = (
        None
    )
    aws_secret_access_key: Annotated[Secret | None, Meta(description="Secret that belongs to the access key.")] = None
    aws_session_token: Annotated[Secret | None, Meta(description="Session token of temporary keys.")] = None
    aws_profile: Annotated[
        str | None, Meta(description="Profile of the AWS configuration files to take the keys from.")
    ] = None
    s3_endpoint_url: Annotated[str | None, Meta(description="Endpoint of an S3 service other than AWS.")] = None
    s3_region: Annotated[str | None, Meta(description="Region of the bucket (default: what boto3 finds).")] = None


class RunSettings(Settings, frozen=True, kw_only=True):
    """What holds for the whole run."""

    emit_activate_version_messages: Annotated[
        bool,
        Meta(
            description="Whether records of FULL_TABLE streams carry a version and ACTIVATE_VERSION follows the last "
            "one."
        ),
    ] = False


SETTINGS = settings_schema(Files, FileSettings, S3Settings, RunSettings)
for _setting in SETTINGS["properties"]["files"]["items"]["properties"].values():
    _setting.pop("default", None)  # what an entry leaves out is as the top level says


class FileSet(FileSettings, frozen=True, kw_only=True):
    """One entry of `files`, complete: its settings, and what follows from them."""

    stream: str
    paths: tuple[str, ...]
    dialect: Dialect
    replication_method: Method = FULL_TABLE
    kinds: Mapping[str, Kind] = {}
    operations: Mapping[str, str] = {}  # text in the file, lower case -> insert, ...

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
        elif kind.name in NUMBERS:
            kind = replace(kind, decimal_mark=self.decimal_mark, thousands_mark=self.thousands_mark)
        if kind.name == "decimal":
            return replace(kind, text_format=None if self.decimals == "number" else self.decimals)
        form = {"date": self.date_format, "timestamp": self.timestamp_format}.get(kind.name)
        return replace(kind, format=form) if form and kind.format is None else kind


def file_sets(config: Mapping[str, Any]) -> list[FileSet]:
    """Read the entries of `files`. Raises ConfigError if they cannot be meant."""
    names = FileSettings.__struct_fields__
    defaults = {name: config[name] for name in names if config.get(name) is not None}
    sets = [_file_set({**defaults, **{k: v for k, v in entry.items() if v is not None}}) for entry in config["files"]]
    streams = [file_set.stream for file_set in sets]
    for stream in streams:
        if streams.count(stream) > 1:
            raise ConfigError(
                f"stream {stream!r} is named by two entries of 'files'; join their paths in one 'path' list",
                code="CSV-CFG-SAME-STREAM",
            )
    return sets


def _file_set(written: Mapping[str, Any]) -> FileSet:
    entry = read(Entry, written)
    paths = (entry.path,) if isinstance(entry.path, str) else entry.path
    stream = entry.stream or _stream_name(paths)
    header, operation = entry.header, entry.operation
    if isinstance(header, tuple):
        if len(set(header)) != len(header) or "" in header:
            raise ConfigError(
                f"stream {stream!r}: 'header' names a column twice or has an empty name", code="CSV-CFG-VALUE"
            )
        if operation and operation not in header:
            header = (operation, *header)
    check_marks(f"stream {stream!r}", entry.decimal_mark, entry.thousands_mark)
    method = entry.replication_method or (
        LOG_BASED if operation else INCREMENTAL if entry.replication_key else FULL_TABLE
    )
    if method == LOG_BASED and not operation:
        raise ConfigError(
            f"stream {stream!r}: LOG_BASED reads change files; name the operation column in 'operation'",
            code="CSV-CFG-OPERATION",
        )
    derived: dict[str, Any] = {
        "stream": stream,
        "paths": paths,
        "dialect": _dialect(stream, entry),
        "header": header,
        "replication_method": method,
        "kinds": {column: _kind(column, value, entry) for column, value in entry.types.items()},
        "operations": entry.operation_values.by_text(),
    }
    return FileSet(**{**{name: getattr(entry, name) for name in FileSettings.__struct_fields__}, **derived})


def _kind(column: str, value: str | ColumnType, entry: Entry) -> Kind:
    written = ColumnType(value) if isinstance(value, str) else value
    marks = {mark: getattr(written, mark) for mark in MARKS if getattr(written, mark) is not None}
    kind = kind_of_setting(column, written.type, written.format, marks)
    if marks or kind.name not in NUMBERS:
        return kind
    return replace(kind, decimal_mark=entry.decimal_mark, thousands_mark=entry.thousands_mark)


def _dialect(stream: str, entry: Entry) -> Dialect:
    delimiter, quote = _character(entry.delimiter), entry.quote
    if not delimiter or set(delimiter) & {"\r", "\n"} or delimiter == quote:
        raise ConfigError(
            f"stream {stream!r}: delimiter {delimiter!r} is empty, a line end or the quote", code="CSV-CFG-VALUE"
        )
    for name, mark in (("quote", quote), ("escape", entry.escape or "")):
        if len(mark) > 1 or not mark.isascii() or mark in ("\r", "\n"):
            raise ConfigError(
                f"stream {stream!r}: {name!r} is one ASCII character and no line end, got {mark!r}",
                code="CSV-CFG-VALUE",
            )
    if (entry.escape or None) in (quote, *delimiter):
        raise ConfigError(
            f"stream {stream!r}: 'escape' is the {'quote' if entry.escape == quote else 'delimiter'}; leave it out "
            "where a quote inside quotes is doubled",
            code="CSV-CFG-VALUE",
        )
    comment = entry.comment
    if comment and comment[0] in (quote, delimiter[0], "\r", "\n"):
        raise ConfigError(
            f"stream {stream!r}: 'comment' {comment!r} begins like a quoted or an empty field, or a line end",
            code="CSV-CFG-VALUE",
        )
    return Dialect(
        delimiter=delimiter,
        quote=quote or None,
        escape=entry.escape or None,
        double_quote=entry.double_quote,
        comment=comment or None,
        skip_lines=entry.skip_lines,
        skip_footer_lines=entry.skip_footer_lines,
        encoding=entry.encoding,
        null_values=entry.null_values,
        trailing_delimiter=entry.trailing_delimiter,
        max_row_bytes=entry.max_row_bytes,
    )


def _character(text: str) -> str:
    r"""What is meant by `\t` or `\x01` written out: YAML in single quotes and environment variables keep the backslash.

    >>> _character("\\t"), _character("\\x1f"), _character("\\u0001"), _character("\\|")
    ('\t', '\x1f', '\x01', '\\|')
    """
    if re.fullmatch(r"\\(?:[trn0]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|0[0-7]{2})", text):
        return text.encode().decode("unicode_escape")
    return text


def _stream_name(paths: Sequence[str]) -> str:
    """Name a stream after its only path: 'in/orders_*.csv.gz' -> 'orders'."""
    base = os.path.basename(paths[0].rstrip("/")) if len(paths) == 1 else ""
    name = (
        re.split(r"[*?\[]", base)[0] if re.search(r"[*?\[]", base) else re.sub(r"(\.[A-Za-z0-9]{1,4}){1,2}$", "", base)
    )
    name = name.rstrip("._-")
    if not name:
        raise ConfigError(
            f"path {list(paths)!r}: a stream name cannot be made of it; set 'stream'", code="CSV-CFG-STREAM-NAME"
        )
    return name
