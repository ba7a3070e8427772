"""The stream as singer-sdk sees it: schema, catalog and SCHEMA message are the SDK's, records and STATE are ours."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk import Stream
from singer_sdk.exceptions import MaxRecordsLimitException
from singer_sdk.mapper import SameRecordTransform

from tap_csv_extract import extract
from tap_csv_extract.config import FULL_TABLE, LOG_BASED, FileSet
from tap_csv_extract.errors import ConfigError
from tap_csv_extract.kinds import Kind, kind_of_schema
from tap_csv_extract.sources import SourceFile, list_files

if TYPE_CHECKING:
    from singer_sdk import Tap

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class CsvStream(Stream):
    """One entry of `files`."""

    def __init__(self, tap: Tap, file_set: FileSet, columns: Mapping[str, Kind]) -> None:
        self.file_set = file_set
        properties = {name: kind.schema() for name, kind in columns.items()}
        if file_set.replication_method == LOG_BASED:
            properties[extract.DELETED_AT] = Kind("timestamp").schema()
        missing = [key for key in file_set.keys if key not in properties]
        if missing:
            raise ConfigError(
                f"stream {file_set.stream!r}: 'keys' names {missing}, which are no columns; "
                f"columns are {list(properties)}"
            )
        super().__init__(tap, schema={"type": "object", "properties": properties}, name=file_set.stream)
        self.primary_keys = list(file_set.keys)
        self.replication_key = file_set.replication_key
        self.forced_replication_method = file_set.replication_method
        self._rows_since_state = 0

    @property
    def emit_activate_version_messages(self) -> bool:
        """False for the SDK, which sends ACTIVATE_VERSION before the rows; ours follows the last one."""
        return False

    def get_records(self, context: Any) -> Iterable[dict[str, Any]]:
        """Unused: records do not pass through the SDK."""
        raise NotImplementedError

    def _sync_records(self, context: Any = None, *, write_messages: bool = True) -> Generator[dict[str, Any], Any, Any]:
        """Write the RECORD and STATE messages; yields nothing."""
        version = self._version()
        columns = self._kinds()
        stream = extract.Stream(
            file_set=self.file_set,
            columns=columns,
            selected=[name for name in self.schema["properties"] if self.mask.get(("properties", name), True)],
            write=self._write_lines if self._records_stay_as_they_are() else self._write_mapped,
            checkpoint=self._checkpoint,
            version=version,
            row_limit=self.ABORT_AT_RECORD_COUNT,
        )
        self._counter = self.get_record_counter()
        with self._counter, self.get_sync_timer():
            try:
                extract.extract(stream, self._files(), self.stream_state)
            except extract.LimitReached:
                reason = MaxRecordsLimitException(f"stopped after {stream.row_limit} records, as the test asks")
                self._abort_sync(reason)
        if version is not None:
            self._write_activate_version_message(version)
        self._write_state_message()
        summary = stream.summary
        self.log(
            "%d rows sent from %d files; %d files unchanged, %d rows below the bookmark",
            summary.rows, summary.files_read, summary.files_unchanged, summary.rows_below_bookmark,
        )  # fmt: skip
        yield from ()

    def _files(self) -> list[SourceFile]:
        return list_files(self.file_set.paths)

    def _version(self) -> int | None:
        wanted = self.config.get("emit_activate_version_messages") and self.replication_method == FULL_TABLE
        return self._initialized_at if wanted else None

    def _kinds(self) -> dict[str, Kind]:
        """The kinds of the files' columns: those of the catalog, with what `types` adds to them."""
        kinds = {}
        for name, schema in self.effective_schema["properties"].items():
            if name == extract.DELETED_AT:
                continue
            kind, declared = kind_of_schema(schema), self.file_set.kinds.get(name)
            kinds[name] = declared if declared is not None and declared.name == kind.name else kind
        return kinds

    def _records_stay_as_they_are(self) -> bool:
        maps = self.stream_maps
        return len(maps) == 1 and type(maps[0]) is SameRecordTransform and not self.config.get("flattening_enabled")

    def _write_lines(self, lines: memoryview, count: int) -> None:
        output = sys.stdout.buffer
        output.write(lines)
        self._counter.increment(count)
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

    def _checkpoint(self, rows: int) -> None:
        """A STATE may stand here: write it if enough rows or the end of a file lie behind."""
        self._rows_since_state += rows
        if rows == 0 or self._rows_since_state >= self.file_set.state_every_rows:
            self._rows_since_state = 0
            if self.ABORT_AT_RECORD_COUNT is None:
                self._write_state_message()
