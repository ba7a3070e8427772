"""What the two targets share: the singer-sdk face, its reader, logging and exit status.

The SDK gives settings, `--about`, `--version`, `--config` and stream maps. Its reader class is ours and owns the
loop, so that a record never meets the SDK's Sink; where stream maps or flattening are configured, records take the
SDK's mapper and then the same path.

Exit status: 0 when everything is loaded; 1 for an error a person can act on; 2 for wrong usage; 128 + n after signal n.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from typing import IO, Any, ClassVar, NoReturn

import click
from msgspec import structs
from singer_sdk import Target
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from singer_sdk.plugin_base import JSONSchemaValidator, _ConfigInput
from singer_sdk.singerlib.encoding.base import GenericSingerReader

from singer_bulk.encode.documents import MAX_DEPTH
from singer_bulk.errors import BulkError, ConfigError, Interrupted
from singer_bulk.feeds.envelopes import ENVELOPES, EnvelopeMapper, Mapper
from singer_bulk.model.declared import problem_of, read, values_of
from singer_bulk.model.file_format import FileFormat, FileLayout
from singer_bulk.model.runtime import STANDARD
from singer_bulk.run import Run
from singer_bulk.sdk_names import sdk_names
from singer_bulk.settings.files import read_config
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.signals import signals
from singer_bulk.stage.base import Stage
from singer_bulk.stream_maps import StreamMapper
from singer_bulk.warehouse.ledger import last_state
from singer_bulk.warehouse.session import Warehouse


class LoadReader(GenericSingerReader[str]):
    """The reader that owns the loop: whole input in, loads out."""

    open_run: Callable[[], Run]

    @property
    def default_input(self) -> IO[str]:
        """Standard input."""
        return sys.stdin

    def process_lines(self, file_input: IO[str] | None, callbacks: Any) -> Counter[str]:
        """Load the whole input; the SDK's callbacks are not called."""
        with sdk_names():
            return self.open_run().read(file_input or self.default_input)

    def deserialize_json(self, line: str) -> dict[str, Any]:
        """Part of the SDK's interface, not of the record path."""
        decoded: dict[str, Any] = json.loads(line)
        return decoded


@dataclass(frozen=True)
class Connector:
    """What a connector brings to a run.

    `layout` is called once, and may ask the warehouse. text_bytes: of a text column whose SCHEMA gives no maxLength
    (None: what the warehouse gives).
    """

    warehouse: Warehouse
    stage: Stage
    file_format: Callable[[], FileFormat]
    layout: Callable[[Warehouse], FileLayout]
    text_bytes: int | None = None


class BulkTarget(Target):
    """A target whose records are loaded by `singer_bulk.run`; a connector says how to reach its warehouse."""

    message_reader_class = LoadReader
    capabilities: ClassVar[list[Any]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        PluginCapabilities.ACTIVATE_VERSION,
        TargetCapabilities.HARD_DELETE,
        TargetCapabilities.SOFT_DELETE,
        TargetCapabilities.TARGET_SCHEMA,
        TargetCapabilities.VALIDATE_RECORDS,
    ]

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        assert isinstance(self.message_reader, LoadReader)
        self.message_reader.open_run = self._open_run

    def connector(self) -> Connector:
        """Return the warehouse and the stage that the configuration names; raises ConfigError."""
        raise NotImplementedError

    @staticmethod
    def of_ini(file: ConfigParser) -> dict[str, str]:
        """Return the settings in the classic pipeline.conf."""
        raise NotImplementedError

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Add `--last-state` to the SDK's options."""
        command = super().get_singer_command()
        text = "Print the last STATE that a load of this pipeline committed, {} if there is none."
        command.params.append(click.Option(["--last-state"], is_flag=True, help=text))
        return command

    @classmethod
    def invoke(cls, *, last_state: bool = False, config: _ConfigInput | None = None, **arguments: Any) -> None:
        """Run the target, or print the last STATE."""
        if not last_state:
            super().invoke(config=config, **arguments)
            return
        config = config or _ConfigInput()
        cls(config=config.config, parse_env_config=config.parse_env).print_last_state()

    def print_last_state(self) -> None:
        """Write the last committed STATE of this pipeline; raises ConfigError where the pipeline has no name."""
        pipeline_id = self.load_settings().pipeline_id
        if pipeline_id is None:
            raise ConfigError(
                "--last-state needs the setting pipeline_id (or Meltano's state id): "
                "two taps may load with the same configuration",
                code="CFG-LAST-STATE",
            )
        warehouse = self.connector().warehouse
        try:
            emit_state(last_state(warehouse, pipeline_id) or "{}")
        finally:
            warehouse.close()

    def _open_run(self) -> Run:
        connector = self.connector()
        settings = self.load_settings()
        mapper: Mapper | None = StreamMapper(self.mapper) if self._maps_streams() else None
        if settings.method.presets() & ENVELOPES.keys():
            mapper = EnvelopeMapper(settings.method.preset_of, mapper)
        return Run(
            warehouse=connector.warehouse,
            stage=connector.stage,
            file_format=connector.file_format,
            settings=settings,
            emit=emit_state,
            runtime=STANDARD,
            layout=connector.layout,
            mapper=mapper,
            stop_signal=lambda: signals.number,
            text_bytes=connector.text_bytes,
            connector_version=self.plugin_version,
        )

    def _maps_streams(self) -> bool:
        return bool(self.config.get("stream_maps") or self.config.get("flattening_enabled"))

    def _setup_signal_handlers(self) -> None:
        """The SDK's handler drains and acknowledges in the middle of a flush; ours is set in `main`."""

    @classmethod
    def _schema(cls) -> dict[str, Any]:
        cls.append_builtin_config(cls.config_jsonschema)
        return cls.config_jsonschema

    @classmethod
    def _values(cls, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return what texts say, of the environment or of an INI file; raises ConfigError."""
        try:
            return values_of(cls._schema(), texts)
        except ValueError as error:
            raise ConfigError(f"{error}; see `{cls.name} --about` for the settings", code="CFG-VALUE") from None

    @property
    def _env_var_config(self) -> dict[str, Any]:
        # Asked for texts, the SDK converts nothing: it would take every word but true, 1, yes and on as false.
        texts = {name: {"type": "string"} for name in self._schema()["properties"]}
        return self._values(parse_environment_config({"properties": texts}, self._env_var_prefix))

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings by their declarations, fill in defaults, take null as not set; raises ConfigError."""
        self._config = {name: value for name, value in self._config.items() if value is not None}
        problems = [problem_of(error) for error in JSONSchemaValidator(self._schema()).iter_errors(self._config)]
        if problems and raise_errors:
            raise ConfigError("; ".join(problems) + f"; see `{self.name} --about` for the settings", code="CFG-VALUE")
        return problems

    def load_settings(self) -> LoadSettings:
        """Return what the configuration says about loads, complete with what the environment knows."""
        settings = read(LoadSettings, self.config)
        return structs.replace(
            settings,
            pipeline_id=settings.pipeline_id or meltano_state_id(os.environ),
            encoders=max(1, (os.cpu_count() or 1) - 1) if settings.encoders is None else settings.encoders,
        )

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> _ConfigInput:
        """Read the configuration files: JSON, or the classic pipeline.conf (INI)."""
        merged = _ConfigInput()
        for path in value:
            if path == "ENV":
                merged.parse_env = True
            else:
                merged.config.update(read_config(path, lambda file: cls._values(cls.of_ini(file))))
        return merged


def meltano_state_id(environment: Mapping[str, str]) -> str | None:
    """Return the name under which Meltano keeps the STATE of this pipeline; None outside of Meltano.

    `meltano run` does not pass it on, so it is put together as Meltano does: environment:extractor-to-loader.
    """
    if environment.get("MELTANO_STATE_ID"):
        return environment["MELTANO_STATE_ID"]
    extractor, loader = environment.get("MELTANO_EXTRACTOR_NAME"), environment.get("MELTANO_LOADER_NAME")
    if not (extractor and loader):
        return None
    pipeline = f"{extractor}-to-{loader}"
    return f"{environment['MELTANO_ENVIRONMENT']}:{pipeline}" if environment.get("MELTANO_ENVIRONMENT") else pipeline


def emit_state(state: str) -> None:
    """Write a STATE's value to standard output, and nothing else ever."""
    try:
        sys.stdout.write(state + "\n")
        sys.stdout.flush()
    except OSError as error:
        # What waits in the buffer would be written once more at exit, and fail once more, without a word of ours.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise BulkError(
            f"standard output takes no STATE ({error.strerror}); all before it is committed; "
            "with a pipeline_id the ledger has this STATE: --last-state prints it",
            code="RUN-OUTPUT",
        ) from error


def main(target: type[BulkTarget]) -> NoReturn:
    """Run the command line of a target and exit."""
    # Before Python 3.12 a decoder in C counts against it: documents of MAX_DEPTH levels, and the stack they stand on.
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 2 * MAX_DEPTH + 1000))
    signals.watch()
    logger = logging.getLogger(target.name)
    try:
        target.cli.main(standalone_mode=True)
    except Interrupted as stopped:
        logger.error("%s", stopped)
        sys.exit(128 + stopped.signal_number)
    except BulkError as error:
        logger.error("%s", error)
        sys.exit(1)
    sys.exit(0)
