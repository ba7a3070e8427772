"""The face of the tap: settings, --about, --discover, --catalog, --state and --test are singer-sdk's."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any, ClassVar

from singer_sdk import Stream, Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities

from tap_csv_extract.config import SETTINGS, FileSet, file_sets
from tap_csv_extract.discover import Discovery
from tap_csv_extract.errors import ConfigError, TapError
from tap_csv_extract.extract import DELETED_AT
from tap_csv_extract.kinds import Kind, kind_of_schema
from tap_csv_extract.sources import list_files
from tap_csv_extract.stream import CsvStream


class TapCsvExtract(Tap):
    """Reads CSV files: full extracts, incremental extracts and change files."""

    name = "tap-csv-extract"
    package_name = "tap-csv-extract"
    config_jsonschema: ClassVar[dict[str, Any]] = SETTINGS
    dynamic_catalog = True
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def discover_streams(self) -> Sequence[Stream]:
        """Make a stream of each entry of `files`; a stream that the catalog describes is not read again."""
        return [CsvStream(self, file_set, self._columns(file_set)) for file_set in file_sets(self.config)]

    def _columns(self, file_set: FileSet) -> dict[str, Kind]:
        entry = self.input_catalog.get_stream(file_set.stream) if self.input_catalog else None
        if entry is not None:
            properties = entry.schema.to_dict()["properties"]
            return {name: kind_of_schema(schema) for name, schema in properties.items() if name != DELETED_AT}
        columns = Discovery(file_set).read(list_files(file_set.paths))
        if not columns:
            raise ConfigError(
                f"stream {file_set.stream!r}: no columns, because no file of {list(file_set.paths)} has a row; "
                "correct 'path', or name the columns in 'header'"
            )
        return columns


def main() -> None:
    """Run the command; an error of ours is a line on standard error, not a traceback."""
    try:
        TapCsvExtract.cli()
    except ConfigValidationError as error:
        for line in error.errors:
            TapCsvExtract.logger.error(line)
        sys.exit(1)
    except TapError as error:
        TapCsvExtract.logger.error("%s", error)
        sys.exit(1)
    except BrokenPipeError:
        # The target is gone; what it has not confirmed is sent again by the next run.
        TapCsvExtract.logger.error("the reader of the messages has closed the pipe; nothing more is sent")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
