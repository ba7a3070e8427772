"""The face of the tap: settings, --about, --discover, --catalog, --state and --test are singer-sdk's."""

from __future__ import annotations

import copy
import io
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import IO, Any, ClassVar

import click
from singer_sdk import Stream, Tap
from singer_sdk.about import AboutFormatter
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import CapabilitiesEnum, PluginCapabilities, TapCapabilities
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from tap_csv_extract.about import with_settings
from tap_csv_extract.catalog import check_catalog, read_catalog
from tap_csv_extract.config import SETTINGS, FileSet, S3Settings, file_sets
from tap_csv_extract.declared import (
    problem_of,
    problems_of_numbers,
    read,
    unknown_variables,
    unread_variables,
    values_of,
)
from tap_csv_extract.detect import detect
from tap_csv_extract.discover import Discovery
from tap_csv_extract.errors import ConfigError, TapError, nothing_unexpected
from tap_csv_extract.kinds import Kind, kind_of_schema
from tap_csv_extract.masks import masks, secrets_in
from tap_csv_extract.other_taps import ELSEWHERE
from tap_csv_extract.output import MessageWriter
from tap_csv_extract.pipes import Wait
from tap_csv_extract.s3 import S3Files, keep_libraries_quiet
from tap_csv_extract.source_file import SourceFile
from tap_csv_extract.sources import list_files, names_rejects
from tap_csv_extract.state import check_bookmarks, read_state
from tap_csv_extract.stream import CsvStream


class TapCsvExtract(Tap):
    """Reads CSV files: full extracts, incremental extracts and change files."""

    name = "tap-csv-extract"
    package_name = "tap-csv-extract"
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SETTINGS)  # the SDK adds to it
    dynamic_catalog = True
    message_writer_class = MessageWriter
    message_writer: MessageWriter
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        PluginCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]

    def __init__(self, *, catalog: Any = None, **arguments: Any) -> None:
        if isinstance(catalog, dict):
            check_catalog(catalog)
        # The SDK reads replication-key from the metadata of a catalog and drops replication-method.
        streams = catalog.get("streams", ()) if isinstance(catalog, dict) else ()
        self._chosen = {
            stream.get("tap_stream_id"): entry.get("metadata", {})
            for stream in streams
            for entry in stream.get("metadata", ())
            if not entry.get("breadcrumb")
        }
        Wait.stop = self.stop_if_asked
        self._reads_environment = bool(arguments.get("parse_env_config"))
        super().__init__(catalog=catalog, **arguments)

    def chosen(self, stream: str) -> dict[str, Any]:
        """The metadata of a stream in the catalog, as its user left it."""
        return dict(self._chosen.get(stream, {}))

    def discover_streams(self) -> Sequence[Stream]:
        """Make a stream of each entry of `files`; a stream that the catalog describes is not read again."""
        return [CsvStream(self, self, file_set, self._columns(file_set)) for file_set in file_sets(self.config)]

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Add --detect and --doctor to the SDK's options."""
        command = super().get_singer_command()
        doctor = "Say what this configuration reads: files, dialect, types, first rows, drift. --format json, too."
        command.params.append(click.Option(["--doctor"], is_flag=True, help=doctor))
        command.params.append(
            click.Option(
                ["--detect"],
                metavar="PATH",
                help="Propose an entry of `files` for the file, glob, directory or s3:// path, and exit.",
                callback=cls.cb_detect,
                expose_value=False,
            )
        )
        return command

    @classmethod
    def print_about(cls, output_format: str | None = None) -> None:
        """Print what the SDK says, with all that is known of the settings."""
        info = cls._get_about_info()
        about = AboutFormatter.get_formatter(output_format or "text").format_about(info)
        click.echo(with_settings(about, info.settings, info.env_var_prefix))

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> Any:
        """Read the configuration files, each once: it may be a pipe. One that is not there or no JSON is named."""
        merged = super().cb_config(ctx, param, ())
        for path in value:
            with _named("--config", path):
                read = super().cb_config(ctx, param, (path,))
            merged.config |= read.config
            merged.parse_env |= read.parse_env
        return merged

    @classmethod
    def examined(cls, config: Any) -> tuple[list[FileSet], Callable[[FileSet], list[SourceFile]]]:
        """Return the streams of a configuration and what lists the files of one; raises ConfigError."""
        given = dict(config.config) if config else {}
        tap = cls.__new__(cls)  # without the discovery of its constructor, which ends at the first error
        tap._reads_environment = bool(config and config.parse_env)
        tap._config = {**given, **(tap._env_var_config if tap._reads_environment else {})}
        tap._validate_config()
        return file_sets(tap.config), tap.files

    @classmethod
    def invoke(
        cls,
        *,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
        doctor: bool = False,
        **arguments: Any,
    ) -> None:
        """Run the tap; a state that is none and a catalog that is no JSON are named."""
        files: dict[str, Any] = {}
        for name, file, value_of in (("state", state, read_state), ("catalog", catalog, read_catalog)):
            if file is not None:
                with _named(f"--{name}", file.name):
                    files[name] = io.StringIO(json.dumps(value_of(file.read())))
        if doctor:
            from tap_csv_extract.doctor import ask

            known = json.loads(files["state"].read()) if "state" in files else None
            listing, well = ask(cls, arguments.get("config"), known, is_json=arguments.get("about_format") == "json")
            click.echo(listing)
            sys.exit(0 if well else 1)
        super().invoke(**files, **arguments)

    @classmethod
    def cb_detect(cls, ctx: click.Context, _param: click.Option, path: str | None) -> None:
        """Print a configuration whose entry fits the first file of `path`."""
        if path is None:
            return
        settings = ctx.params.get("config")
        config = settings.config if settings else {}
        files = list_files([path], S3Files(read(S3Settings, config)))
        if not files:
            raise ConfigError(f"path {path!r}: there is no file", code="CSV-CFG-PATH")
        entry = {**detect(files[0]), "path": path}
        click.echo(json.dumps({"files": [entry]}, indent=2))
        # What discovery makes of it, for the eye.
        file_set = file_sets({"files": [{**entry, "path": path, "stream": entry.get("stream", "detected")}]})[0]
        for name, kind in Discovery(file_set).read(files[:1]).items():
            click.echo(f"{name}: {kind.title}", err=True)
        ctx.exit()

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the marks of the last run; the caller's own dictionary stays as it is."""
        check_bookmarks(state, {file_set.stream for file_set in file_sets(self.config)})
        super().load_state(copy.deepcopy(state))

    def files(self, file_set: FileSet) -> list[SourceFile]:
        """List the files of a stream as they are now."""
        files = list_files(file_set.paths, S3Files(read(S3Settings, self.config)))
        for rejects in {other.reject_path for other in file_sets(self.config) if other.reject_path}:
            if names_rejects(file_set.paths, files, rejects):
                raise ConfigError(
                    f"stream {file_set.stream!r}: reject_path {rejects!r} is one of the files that 'path' "
                    "names, so the next run would read it; put it elsewhere",
                    code="CSV-CFG-REJECT-PATH",
                )
        return files

    def stop_if_asked(self) -> None:
        """End the run between two blocks if a signal has asked for it."""
        if self._signal is not None:
            self.logger.warning("stopped by signal %d; the next run goes on from the last STATE", self._signal)
            sys.exit(128 + self._signal)

    _signal: int | None = None

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Ask the run to stop; a second signal ends it at once.

        A STATE written from here could stand in the middle of a RECORD line, and the run would end with status 0.
        """
        if self._signal is not None:
            os._exit(128 + signum)
        self._signal = signum
        if Wait.is_on:
            self.stop_if_asked()

    @classmethod
    def _schema(cls) -> dict[str, Any]:
        cls.append_builtin_config(cls.config_jsonschema)
        return cls.config_jsonschema

    @property
    def _env_var_config(self) -> dict[str, Any]:
        # Asked for texts, the SDK converts nothing: it would take every word but true, 1, yes and on as false.
        schema = self._schema()
        texts = {name: {"type": "string"} for name in schema["properties"]}
        found = parse_environment_config({"properties": texts}, self._env_var_prefix)
        unknown = unknown_variables(self._env_var_prefix, os.environ, texts, ELSEWHERE)
        if unknown:
            raise self._wrong_settings("; ".join(unknown))
        try:
            return values_of(schema, found)
        except ValueError as error:
            raise self._wrong_settings(str(error)) from None

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings by their declarations, take null as not set; a message shows no value.

        Defaults are not filled in: an entry of `files` takes them from the top level first.
        """
        self._config = {name: value for name, value in self._config.items() if value is not None}
        schema = self._schema()
        masks.hide(secrets_in(self._config, schema))  # before anything uses them: the SDK discovers in its constructor
        unread = unread_variables(self._env_var_prefix, os.environ, schema["properties"].keys() - self._config.keys())
        if unread and not self._reads_environment:
            self.logger.warning("the environment is not read, though it has %s; add --config ENV", ", ".join(unread))
        errors = DEFAULT_JSONSCHEMA_VALIDATOR(schema).iter_errors(self._config)
        problems = [problem_of(error, ELSEWHERE) for error in errors] or problems_of_numbers(schema, self._config)
        if problems and raise_errors:
            raise self._wrong_settings("; ".join(problems))
        return problems

    def _wrong_settings(self, problem: str) -> ConfigError:
        return ConfigError(f"{problem}; see `{self.name} --about` for the settings", code="CSV-CFG-VALUE")

    def _columns(self, file_set: FileSet) -> dict[str, Kind]:
        entry = self.input_catalog.get_stream(file_set.stream) if self.input_catalog else None
        if entry is not None:
            properties = entry.schema.to_dict()["properties"]
            kinds = {name: kind_of_schema(schema) for name, schema in properties.items()}
            return {name: kind for name, kind in kinds.items() if name not in file_set.added_columns}
        with nothing_unexpected(lambda: f"stream {file_set.stream!r}, types"):
            files = self.files(file_set)
            columns = Discovery(file_set).read(files)
        if not columns and isinstance(file_set.header, tuple):
            columns = {name: file_set.kind(name, file_set.kinds.get(name, Kind("string"))) for name in file_set.header}
        if not columns:
            reason = "of {} has a whole row (a header without line end may not be complete)" if files else "matches {}"
            raise ConfigError(
                f"stream {file_set.stream!r}: no columns, because no file {reason.format(list(file_set.paths))}; "
                "correct 'path', or name the columns in 'header'",
                code="CSV-CFG-NO-COLUMNS",
            )
        return columns


@contextmanager
def _named(option: str, path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise ConfigError(f"{option} {path}: No such file or directory", code="CSV-CFG-FILE") from error
    except OSError as error:
        raise ConfigError(f"{option} {path}: cannot be read: {error.strerror}", code="CSV-CFG-FILE") from error
    except ConfigError as error:
        raise ConfigError(f"{option} {path}: {error.text}", code=error.code) from error
    except ValueError as error:
        raise ConfigError(f"{option} {path}: is no JSON: {error}", code="CSV-CFG-FILE") from error


def main() -> None:
    """Run the command; an error is a line on standard error, its traceback is shown where DEBUG is logged."""
    logger = TapCsvExtract.logger
    try:
        with nothing_unexpected(lambda: "tap-csv-extract"):
            command = TapCsvExtract.cli  # which sets logging up
            masks.install()
            keep_libraries_quiet()
            command()
    except TapError as error:
        if isinstance(error.__cause__, ConfigValidationError):
            for line in error.__cause__.errors:
                logger.error(line)
        else:
            logger.error("%s", error)
        logger.debug("where it came up", exc_info=True)
        sys.exit(1)
