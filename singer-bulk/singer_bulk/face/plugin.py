"""How the Singer SDK's plugin gets its settings: from files and the environment, by their declarations.

The SDK asks by the methods that are overridden; what a setting is, its declaration says (`model/declared.py`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from configparser import ConfigParser
from typing import Any, ClassVar

import click
from msgspec import structs
from singer_sdk import Target
from singer_sdk.about import AboutFormatter
from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from singer_sdk.plugin_base import JSONSchemaValidator, _ConfigInput

from singer_bulk.errors import ConfigError
from singer_bulk.model.about import with_settings
from singer_bulk.model.declared import (
    problem_of,
    problems_of_numbers,
    read,
    unknown_variables,
    unread_variables,
    values_of,
)
from singer_bulk.settings.files import read_config
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.settings.other_loaders import known_elsewhere
from singer_bulk.settings.secrets import masks, secrets_in


class GivenConfig(_ConfigInput):
    """What --config gives. problem: of a file that cannot be read, which is told by whoever uses the configuration."""

    problem: ConfigError | None = None


class DeclaredTarget(Target):
    """A target whose settings are read, checked and completed by their declarations."""

    capabilities: ClassVar[list[Any]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        PluginCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.BATCH,
        TargetCapabilities.HARD_DELETE,
        TargetCapabilities.SOFT_DELETE,
        TargetCapabilities.TARGET_SCHEMA,
        TargetCapabilities.VALIDATE_RECORDS,
    ]

    loads: ClassVar[type[LoadSettings]] = LoadSettings  # their declaration

    def __init__(self, **arguments: Any) -> None:
        self._reads_environment = bool(arguments.get("parse_env_config"))
        super().__init__(**arguments)

    @staticmethod
    def of_ini(file: ConfigParser) -> dict[str, str]:
        """Return the settings in the classic pipeline.conf."""
        raise NotImplementedError

    @staticmethod
    def contradictions(config: Mapping[str, Any]) -> list[str]:
        """Return what settings, each right by itself, say against one another."""
        raise NotImplementedError

    @classmethod
    def print_about(cls, output_format: str | None = None) -> None:
        """Print what the SDK says, with all that is known of the settings."""
        info = cls._get_about_info()
        about = AboutFormatter.get_formatter(output_format or "text").format_about(info)
        click.echo(with_settings(about, info.settings, info.env_var_prefix))

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the SDK's settings, but for batch_config, which says how a tap writes its files."""
        super().append_builtin_config(config_jsonschema)
        config_jsonschema["properties"].pop("batch_config", None)

    @classmethod
    def _schema(cls) -> dict[str, Any]:
        cls.append_builtin_config(cls.config_jsonschema)
        return cls.config_jsonschema

    @classmethod
    def values(cls, texts: Mapping[str, str]) -> dict[str, Any]:
        """Return what texts say, of the environment or of an INI file; raises ConfigError."""
        try:
            return values_of(cls._schema(), texts)
        except ValueError as error:
            raise ConfigError(f"{error}; see `{cls.name} --about` for the settings", code="CFG-VALUE") from None

    @property
    def _env_var_config(self) -> dict[str, Any]:
        self._refuse(self.problems_of_environment())
        return self.values(self.texts_of_environment())

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings by their declarations, fill in defaults, take null as not set; raises ConfigError."""
        self._config = {name: value for name, value in self._config.items() if value is not None}
        self._tell_of_unread_variables(self._schema()["properties"])
        problems = self.problems(self._config)
        if raise_errors:
            self._refuse(problems)
        return problems

    @classmethod
    def problems(cls, config: dict[str, Any]) -> list[str]:
        """Return what is wrong with settings, none of which is null; fills in defaults, and hides what is secret."""
        schema = cls._schema()
        masks.hide(secrets_in(config, schema))
        elsewhere = known_elsewhere(schema["properties"])
        found = [problem_of(error, elsewhere) for error in JSONSchemaValidator(schema).iter_errors(config)]
        return found or problems_of_numbers(schema, config) or cls.contradictions(config)

    @classmethod
    def texts_of_environment(cls) -> dict[str, str]:
        """Return the settings that variables of the environment have, as their texts."""
        # Asked for texts, the SDK converts nothing: it would take every word but true, 1, yes and on as false.
        texts = {name: {"type": "string"} for name in cls._schema()["properties"]}
        found: dict[str, str] = parse_environment_config({"properties": texts}, cls._env_var_prefix)
        return found

    @classmethod
    def problems_of_environment(cls) -> list[str]:
        """Return what is wrong with variables whose prefix is the command's."""
        properties = cls._schema()["properties"]
        return unknown_variables(cls._env_var_prefix, os.environ, properties, known_elsewhere(properties))

    @classmethod
    def _refuse(cls, problems: list[str]) -> None:
        if problems:
            raise ConfigError("; ".join(problems) + f"; see `{cls.name} --about` for the settings", code="CFG-VALUE")

    def _tell_of_unread_variables(self, properties: Mapping[str, Any]) -> None:
        unread = unread_variables(self._env_var_prefix, os.environ, properties.keys() - self._config.keys())
        if unread and not self._reads_environment:
            self.logger.warning("the environment is not read, though it has %s; add --config ENV", ", ".join(unread))

    def load_settings(self) -> LoadSettings:
        """Return what the configuration says about loads, complete with what the environment knows."""
        settings = read(self.loads, self.config)
        return structs.replace(
            settings,
            pipeline_id=settings.pipeline_id or meltano_state_id(os.environ),
            encoders=max(1, (os.cpu_count() or 1) - 1) if settings.encoders is None else settings.encoders,
        )

    @classmethod
    def cb_config(cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]) -> _ConfigInput:
        """Read the configuration files: JSON, or the classic pipeline.conf (INI)."""
        merged = GivenConfig()
        for path in value:
            if path == "ENV":
                merged.parse_env = True
                continue
            try:
                merged.config.update(read_config(path, lambda file: cls.values(cls.of_ini(file))))
            except ConfigError as error:
                merged.problem = merged.problem or error
        return merged

    def _setup_signal_handlers(self) -> None:
        """The SDK's handler drains and acknowledges in the middle of a flush; ours is set in `cli.main`."""


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
