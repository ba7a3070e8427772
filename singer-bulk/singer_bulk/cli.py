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
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import IO, Any, ClassVar, NoReturn

import click
from singer_sdk import Target
from singer_sdk import typing as th
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from singer_sdk.plugin_base import _ConfigInput
from singer_sdk.singerlib.encoding.base import GenericSingerReader

from singer_bulk.config_files import IniNames, read_config
from singer_bulk.encode.documents import MAX_DEPTH
from singer_bulk.errors import BulkError, ConfigError, Interrupted
from singer_bulk.feeds.envelopes import ENVELOPES, EnvelopeMapper
from singer_bulk.feeds.presets import CdcSettings
from singer_bulk.load_settings import LoadSettings, MethodRules, StreamRules
from singer_bulk.model.file_format import FileFormat, FileLayout, ValueRules
from singer_bulk.model.flush import FlushPolicy
from singer_bulk.run import Clock, Mapper, Run
from singer_bulk.schema.json_schema import TypeRules
from singer_bulk.schema.placement import EvolutionRules
from singer_bulk.sdk_names import sdk_names
from singer_bulk.settings import SHARED_SETTINGS
from singer_bulk.signals import signals
from singer_bulk.stage.base import Stage
from singer_bulk.stage.s3 import S3Settings
from singer_bulk.stream_maps import StreamMapper
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
    """What a connector brings to a run. `layout` is called once, and may ask the warehouse."""

    warehouse: Warehouse
    stage: Stage
    file_format: Callable[[], FileFormat]
    layout: Callable[[Warehouse], FileLayout]


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
    ini_names: ClassVar[IniNames] = {}

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        assert isinstance(self.message_reader, LoadReader)
        self.message_reader.open_run = self._open_run

    def connector(self) -> Connector:
        """Return the warehouse and the stage that the configuration names; raises ConfigError."""
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
        pipeline_id = load_settings(self.config, self.plugin_version).pipeline_id
        if pipeline_id is None:
            raise ConfigError(
                "--last-state needs the setting pipeline_id (or Meltano's state id): "
                "two taps may load with the same configuration"
            )
        warehouse = self.connector().warehouse
        try:
            emit_state(warehouse.last_state(pipeline_id) or "{}")
        finally:
            warehouse.close()

    def _open_run(self) -> Run:
        connector = self.connector()
        settings = load_settings(self.config, self.plugin_version)
        mapper: Mapper | None = StreamMapper(self.mapper) if self._maps_streams() else None
        if settings.method.presets() & ENVELOPES.keys():
            mapper = EnvelopeMapper(settings.method.preset_of, mapper)
        return Run(
            warehouse=connector.warehouse,
            stage=connector.stage,
            file_format=connector.file_format,
            settings=settings,
            emit=emit_state,
            clock=Clock(now=lambda: datetime.now(timezone.utc), monotonic=time.monotonic, sleep=time.sleep),
            layout=connector.layout,
            mapper=mapper,
            stop_signal=lambda: signals.number,
        )

    def _maps_streams(self) -> bool:
        return bool(self.config.get("stream_maps") or self.config.get("flattening_enabled"))

    def _setup_signal_handlers(self) -> None:
        """The SDK's handler drains and acknowledges in the middle of a flush; ours is set in `main`."""

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        try:
            return super()._validate_config(raise_errors=raise_errors)
        except ConfigValidationError as error:
            remedy = f"see `{self.name} --about` for the settings"
            raise ConfigError("; ".join(_without_values(text) for text in error.errors) + f"; {remedy}") from None

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the settings that the targets share, then the SDK's own."""
        for name, declared in th.PropertiesList(*SHARED_SETTINGS).to_dict()["properties"].items():
            config_jsonschema["properties"].setdefault(name, declared)
        super().append_builtin_config(config_jsonschema)

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> _ConfigInput:
        """Read the configuration files: JSON, or the classic pipeline.conf (INI)."""
        merged = _ConfigInput()
        for path in value:
            if path == "ENV":
                merged.parse_env = True
            else:
                merged.config.update(read_config(path, cls.ini_names))
        return merged


def _without_values(text: str) -> str:
    """A validation message begins with the value, which may be a secret, unless it names a missing setting."""
    if text.endswith("is a required property"):
        return f"setting {text.split(' is a required')[0]} is missing"
    path = text.rpartition(" in config")
    return f"setting {path[2]} has a wrong type or value" if path[1] else "a setting has a wrong type or value"


def load_settings(config: Mapping[str, Any], version: str) -> LoadSettings:
    """Return what the configuration says about loads."""
    return LoadSettings(
        method=_method_rules(config),
        policy=FlushPolicy(config["batch_size_rows"], config["batch_size_bytes"], config["batch_wait_seconds"]),
        key_prefix=config.get("s3_key_prefix") or "",
        default_schema=config.get("default_target_schema"),
        add_record_metadata=bool(config.get("add_record_metadata")),
        validate_records=bool(config["validate_records"]),
        keep_staged_files=bool(config["keep_staged_files"]),
        overwrite_allow_empty=bool(config["overwrite_allow_empty"]),
        sweep_after_hours=config.get("sweep_after_hours"),
        act_on_versions=bool(config["process_activate_version_messages"]),
        rules=type_rules(config),
        values=ValueRules(
            remove_nul=config["nul_characters"] == "remove",
            invalid_datetime_is_null=config["invalid_datetime"] == "null",
            round_numbers=config["rounding"] == "half_even",
            cut_datetime_digits=config["excess_datetime_digits"] == "cut",
        ),
        evolution=EvolutionRules(config["on_type_change"], frozen=config["schema_evolution"] == "freeze"),
        schema_mapping=config.get("schema_mapping") or {},
        extra_column=config["extra_properties"] == "column",
        end_of_input=config["end_of_input"],
        max_rejected_records=config["max_rejected_records"] if config["on_invalid_record"] == "reject" else None,
        pipeline_id=config.get("pipeline_id") or meltano_state_id(os.environ),
        connector_version=version,
        encoders=config["encoders"] if config.get("encoders") is not None else max(1, (os.cpu_count() or 1) - 1),
    )


def type_rules(config: Mapping[str, Any]) -> TypeRules:
    """Return what the configuration says about types; `varchar_default_bytes` is a setting of Redshift's alone."""
    return TypeRules(
        number_type=config["number_type"],
        number_scale=config["number_scale"],
        datetime_type=config["datetime_type"],
        datetime_as_text=config["invalid_datetime"] == "text",
        json_as_text=bool(config["json_as_text"]),
        text_bytes=config.get("varchar_default_bytes"),
    )


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


def _method_rules(config: Mapping[str, Any]) -> MethodRules:
    by_stream = {
        stream: StreamRules(
            own.get("load_method"),
            None if own.get("cdc") is None else CdcSettings.of(own["cdc"]),
            own.get("current_view"),
        )
        for stream, own in (config.get("stream_settings") or {}).items()
    }
    return MethodRules(
        config["load_method"],
        by_stream,
        bool(config["hard_delete"]),
        config.get("overwrite_max_shrink"),
        CdcSettings.of(config.get("cdc") or {}),
        bool(config["current_view"]),
        bool(config.get("add_record_metadata")),
    )


def s3_settings(config: Mapping[str, Any]) -> S3Settings:
    """Return where the bucket is."""
    return S3Settings(
        bucket=config["s3_bucket"],
        region=config.get("s3_region"),
        endpoint_url=config.get("s3_endpoint_url"),
        access_key_id=config.get("aws_access_key_id"),
        secret_access_key=config.get("aws_secret_access_key"),
        session_token=config.get("aws_session_token"),
        profile=config.get("aws_profile"),
    )


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
            "with a pipeline_id the ledger has this STATE: --last-state prints it"
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
