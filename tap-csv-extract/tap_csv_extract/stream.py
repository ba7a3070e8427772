"""The stream as singer-sdk sees it: schema, catalog and SCHEMA message are the SDK's, records and STATE are ours."""

from __future__ import annotations

import logging
from collections.abc import Generator, Iterable, Mapping
from contextlib import closing
from decimal import Decimal
from typing import Any, Protocol, cast

import msgspec
from singer_sdk import Stream, Tap
from singer_sdk.exceptions import MaxRecordsLimitException
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import Catalog, SchemaMessage

from tap_csv_extract import extract, file_extract
from tap_csv_extract.config import FULL_TABLE, LOG_BASED, FileSet
from tap_csv_extract.errors import ConfigError, LimitReached, OutputClosed, TapError, nothing_unexpected
from tap_csv_extract.kinds import Kind, kind_of_schema, with_precision
from tap_csv_extract.output import MessageWriter
from tap_csv_extract.pipes import ReadOnce
from tap_csv_extract.rejects import BadRows
from tap_csv_extract.source_file import SourceFile

# https://github.com/singer-io/getting-started/blob/master/docs/CONFIG_AND_STATE.md
CURRENTLY_SYNCING = "currently_syncing"

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class Run(Protocol):
    """What a stream needs of its run: the face of the tap, without the part that is singer-sdk's."""

    message_writer: MessageWriter

    def chosen(self, stream: str) -> dict[str, Any]: ...
    def files(self, file_set: FileSet) -> list[SourceFile]: ...
    def stop_if_asked(self) -> None: ...


class CsvStream(Stream):
    """One entry of `files`."""

    def __init__(self, tap: Tap, run: Run, file_set: FileSet, columns: Mapping[str, Kind]) -> None:
        self._run, self.file_set = run, file_set
        properties = {name: kind.schema() for name, kind in columns.items()}
        properties |= {name: file_extract.ADDED[name].schema() for name in file_set.added_columns}
        for name in file_set.added_columns:
            if name in columns:
                raise ConfigError(
                    f"stream {file_set.stream!r}: the files have a column {name!r}, which the tap adds to this stream; "
                    "rename it in the file or by 'header'",
                    code="CSV-CFG-ADDED-COLUMN",
                )
        for name, setting in file_set.required_columns.items():
            if name not in columns:
                raise ConfigError(
                    f"stream {file_set.stream!r}: {setting!r} names {name!r}, which is no column; "
                    f"columns are {list(columns)}",
                    code="CSV-CFG-COLUMN",
                )
        unknown = [name for name in file_set.kinds if name not in columns]
        if unknown:
            tap.logger.warning("stream %r: 'types' names %s, which no file has", file_set.stream, unknown)
        super().__init__(tap, schema={"type": "object", "properties": properties}, name=file_set.stream)
        self.primary_keys = list(file_set.keys)
        self.replication_key = file_set.replication_key
        self.forced_replication_method = file_set.replication_method
        self._rows_since_state = 0
        self._bytes_since_state = 0
        self._bad_rows = BadRows(file_set.stream, file_set.on_bad_row, file_set.reject_path)

    @property
    def emit_activate_version_messages(self) -> bool:
        """False for the SDK, which sends ACTIVATE_VERSION before the rows; ours follows the last one."""
        return False

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
        """Unused: records do not pass through the SDK."""
        raise NotImplementedError

    def log(self, message: str, *args: Any, level: int = logging.INFO, **more: Any) -> None:
        """Log what the SDK says of this stream, but for each error that it is unhandled: it is handled at the top."""
        if not message.startswith("An unhandled error occurred"):
            super().log(message, *args, level=level, **more)

    def _sync_records(self, context: Any = None, *, write_messages: bool = True) -> Generator[dict[str, Any], Any, Any]:
        """Write the RECORD and STATE messages; yields nothing.

        While the stream is not whole every STATE names it in Singer's `currently_syncing`, and behind its end that is
        null: a target that replaces its table may do so only there. The key stays, because without it a STATE could
        be one of the taps that never name a stream.
        """
        version = self._version()
        state = cast("dict[str, Any]", self.tap_state)
        state[CURRENTLY_SYNCING] = self.name
        stream = file_extract.Stream(
            file_set=self._chosen_file_set(),
            columns=self._kinds(),
            is_selected=lambda name: bool(self.mask.get(("properties", name), True)),
            write=self._write_lines if self._records_stay_as_they_are() else self._write_mapped,
            checkpoint=self._checkpoint,
            add_columns=self._add_columns,
            bad_rows=self._bad_rows,
            version=version,
            row_limit=self.ABORT_AT_RECORD_COUNT,
        )
        self._counter = self.get_record_counter()
        try:
            with self._counter, self.get_sync_timer(), closing(self._bad_rows):
                self._extract(stream)
        except (TapError, SystemExit) as error:
            self._end_early(error)
            raise
        if stream.summary.stopped_by_limit:
            self._abort_sync(MaxRecordsLimitException(f"stopped after {stream.row_limit} records, as the test asks"))
        if version is not None:
            self._write_activate_version_message(version)
        state[CURRENTLY_SYNCING] = None
        self.state_manager.is_flushed = False
        self._write_state_message()
        self._run.message_writer.release()
        self._log_summary(stream.summary)
        self._run.stop_if_asked()
        yield from ()

    def _extract(self, stream: file_extract.Stream) -> None:
        with nothing_unexpected(lambda: f"stream {self.name!r}"):
            try:
                extract.extract(stream, self._files(), self.stream_state)
            except LimitReached:
                stream.summary.stopped_by_limit = True

    def _end_early(self, error: BaseException) -> None:
        """Say with a STATE how far it went; a full extract has no middle, so its output is broken off instead.

        Else a target that replaces the table would replace it by a part.
        """
        if isinstance(error, OutputClosed):
            return
        if self.replication_method == FULL_TABLE:
            self._run.message_writer.break_off()
        else:
            self._write_state_message()

    def _log_summary(self, summary: file_extract.Summary) -> None:
        self.log(
            "%d rows sent from %d files; files unchanged %d, quarantined %d; rows rejected %d, padded %d, below the "
            "bookmark %d; blank lines left out %d",
            summary.rows, summary.files_read, summary.files_unchanged, summary.files_quarantined,
            self._bad_rows.rejected, self._bad_rows.padded, summary.rows_below_bookmark, summary.blank_lines,
        )  # fmt: skip

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take over the catalog, with the replication that its user has chosen in the metadata."""
        super().apply_catalog(catalog)
        chosen = self._run.chosen(self.name)
        self.forced_replication_method = chosen.get("replication-method") or self.forced_replication_method
        self.replication_key = chosen.get("replication-key") or self.replication_key

    def _chosen_file_set(self) -> FileSet:
        """The settings, with the replication that the catalog may have changed."""
        method, key = self.replication_method, self.replication_key
        if method == LOG_BASED and not self.file_set.operation:
            raise ConfigError(
                f"stream {self.name!r}: the catalog asks for LOG_BASED; set 'operation' for change files",
                code="CSV-CFG-OPERATION",
            )
        return msgspec.structs.replace(self.file_set, replication_method=method, replication_key=key)

    def _generate_schema_messages(self) -> Generator[SchemaMessage, None, None]:
        for message in super()._generate_schema_messages():
            properties = {name: with_precision(schema) for name, schema in message.schema["properties"].items()}
            message.schema = {**message.schema, "properties": properties}
            yield message

    def _files(self) -> list[SourceFile]:
        files = self._run.files(self.file_set)
        if not files:
            nothing = f"stream {self.name!r}: no file matches {list(self.file_set.paths)}"
            if self.replication_method == FULL_TABLE:
                raise ConfigError(
                    f"{nothing}, so a full extract would empty its table; correct 'path', or set 'replication_method' "
                    "to INCREMENTAL if files come later",
                    code="CSV-CFG-NO-FILES",
                )
            self.log(nothing, level=logging.WARNING)
        for file in files:
            if isinstance(file, ReadOnce):
                file.read_last()
        return files

    def _version(self) -> int | None:
        wanted = self.config.get("emit_activate_version_messages") and self.replication_method == FULL_TABLE
        return self._initialized_at if wanted else None

    def _kinds(self) -> dict[str, Kind]:
        """The kinds of the files' columns: those of the catalog, with what `types` adds to them."""
        kinds = {}
        for name, schema in self.effective_schema["properties"].items():
            if name not in self.file_set.added_columns:
                kinds[name] = self.file_set.kind(name, kind_of_schema(schema))
        return kinds

    def _records_stay_as_they_are(self) -> bool:
        maps = self.stream_maps
        return len(maps) == 1 and type(maps[0]) is SameRecordTransform and not self.config.get("flattening_enabled")

    def _write_lines(self, lines: memoryview, count: int) -> None:
        self._run.message_writer.write_block(lines)
        self._counter.increment(count)
        self._bytes_since_state += len(lines)
        self.state_manager.is_flushed = False

    def _write_mapped(self, lines: memoryview, count: int) -> None:
        """Send records through the SDK's mapper, one by one: the way of stream maps and flattening."""
        written = []
        for line in bytes(lines).splitlines():
            message = _DECODER.decode(line)
            for stream_map in self.stream_maps:
                record = stream_map.transform(message["record"])
                if record is not None:
                    written.append(_ENCODER.encode({**message, "stream": stream_map.stream_alias, "record": record}))
        self._write_lines(memoryview(b"".join(line + b"\n" for line in written)), len(written))

    def _add_columns(self, kinds: Mapping[str, Kind]) -> None:
        """Tell the target of columns that a file has brought, before its records."""
        properties = {name: kind.schema() for name, kind in kinds.items()}
        self.schema["properties"].update(properties)
        self.effective_schema["properties"].update(properties)
        mapper = self._tap.mapper
        mapper.register_raw_stream_schema(self.name, self.effective_schema, self.primary_keys)
        self._stream_maps = None
        self._write_schema_message()

    def _checkpoint(self, rows: int) -> None:
        """A STATE may stand here: write it after enough rows, and at the end of a file (`rows` is 0).

        Where STATE is larger than the records since the last one (very many small files) it waits, so that STATE is
        never more than half of the output.
        """
        self._rows_since_state += rows
        due = self._rows_since_state >= self.file_set.state_every_rows
        file_ended = rows == 0 and self._bytes_since_state >= self._state_bytes()
        if (due or file_ended) and self.ABORT_AT_RECORD_COUNT is None:
            self._write_state_message()
        self._run.stop_if_asked()

    def _state_bytes(self) -> int:
        # About 250 bytes per file; the first hundred files are always worth a STATE each.
        files = sum(len(bookmark.get("files", ())) for bookmark in self.tap_state.get("bookmarks", {}).values())
        return 250 * files if files > 100 else 0

    def _write_state_message(self) -> None:
        """Write STATE; what it says about rejected rows is on disk before."""
        self._bad_rows.force_to_disk()
        self._rows_since_state = self._bytes_since_state = 0
        super()._write_state_message()
