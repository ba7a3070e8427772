"""Options of a target that ask the ledger instead of loading."""

from __future__ import annotations

from typing import Any

import click
from singer_sdk.plugin_base import _ConfigInput

from singer_bulk.errors import ConfigError
from singer_bulk.face.connector import Connector
from singer_bulk.face.plugin import DeclaredTarget
from singer_bulk.face.state_output import emit_state
from singer_bulk.model.runtime import STANDARD
from singer_bulk.warehouse.ledger import last_state
from singer_bulk.warehouse.prune import prune


class LedgerOptions(DeclaredTarget):
    """A target that prints the last STATE of its pipeline, and prunes its ledger."""

    def connector(self) -> Connector:
        """Return the warehouse and the stage that the configuration names; raises ConfigError."""
        raise NotImplementedError

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Add `--last-state` and `--prune-ledger` to the SDK's options."""
        command = super().get_singer_command()
        text = "Print the last STATE that a load of this pipeline committed, {} if there is none."
        command.params.append(click.Option(["--last-state"], is_flag=True, help=text))
        text = "Remove rows of the ledger that are older than so many days and that no later run asks for."
        command.params.append(click.Option(["--prune-ledger"], type=click.IntRange(min=1), metavar="DAYS", help=text))
        return command

    @classmethod
    def invoke(
        cls,
        *,
        last_state: bool = False,
        prune_ledger: int | None = None,
        config: _ConfigInput | None = None,
        **arguments: Any,
    ) -> None:
        """Run the target, print the last STATE, or prune the ledger."""
        if not last_state and prune_ledger is None:
            super().invoke(config=config, **arguments)
            return
        config = config or _ConfigInput()
        target = cls(config=config.config, parse_env_config=config.parse_env)
        if prune_ledger is None:
            target.print_last_state()
        else:
            target.prune_ledger(prune_ledger)

    def prune_ledger(self, days: int) -> None:
        """Remove rows of the ledger that no later run asks for, and say how many."""
        settings, warehouse = self.load_settings(), self.connector().warehouse
        try:
            count = prune(warehouse, STANDARD.now(), days, keep_files=settings.keep_staged_files)
        finally:
            warehouse.close()
        click.echo(f"{count} rows older than {days} days removed from {warehouse.ledger}")

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
