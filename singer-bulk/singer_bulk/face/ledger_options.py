"""Options of a target that ask the ledger instead of loading."""

from __future__ import annotations

from typing import Any

import click
from singer_sdk.plugin_base import _ConfigInput

from singer_bulk.errors import ConfigError
from singer_bulk.face.connector import Connector
from singer_bulk.face.plugin import DeclaredTarget
from singer_bulk.face.state_output import emit_state
from singer_bulk.warehouse.ledger import last_state


class LedgerOptions(DeclaredTarget):
    """A target that prints the last STATE of its pipeline."""

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
