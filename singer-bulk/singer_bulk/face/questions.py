"""Options of a target that answer a question instead of loading: one row of a table for each.

An answer prints, and ends with the exit status of the command where it is another than 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import click
from singer_sdk.plugin_base import _ConfigInput

from singer_bulk.errors import ConfigError
from singer_bulk.face.connector import Connector
from singer_bulk.face.plugin import DeclaredTarget
from singer_bulk.face.state_output import emit_state
from singer_bulk.model.runtime import STANDARD
from singer_bulk.warehouse.ledger import last_state
from singer_bulk.warehouse.prune import prune


@dataclass(frozen=True)
class Asked:
    """A question as it was put. `value`: of its option; `others`: what the other options of the command say."""

    target: type[AnsweringTarget]
    config: _ConfigInput
    value: Any
    others: Mapping[str, Any]

    @property
    def problem(self) -> ConfigError | None:
        """What is wrong with a file of the configuration."""
        found: ConfigError | None = getattr(self.config, "problem", None)
        return found

    def opened(self) -> AnsweringTarget:
        """Return the target of the configuration; raises ConfigError where it is wrong."""
        return self.target(config=self.config.config, parse_env_config=self.config.parse_env)


@dataclass(frozen=True, eq=False)
class Question:
    """An option by its name, what click takes of it, and who answers.

    of_any: also of a configuration file that cannot be read, which is then the answer's to tell.
    """

    option: str
    answer: Callable[[Asked], None]
    declared: Mapping[str, Any]
    of_any: bool = False
    also: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # options that say more of this question alone

    @property
    def name(self) -> str:
        """As click passes it on."""
        return _name(self.option)


def _name(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


class AnsweringTarget(DeclaredTarget):
    """A target with options that ask."""

    questions: ClassVar[tuple[Question, ...]] = ()

    def connector(self) -> Connector:
        """Return the warehouse and the stage that the configuration names; raises ConfigError."""
        raise NotImplementedError

    def planned(self) -> Connector:
        """Return the same without asking anybody: no secret is read, and COPY has no keys; raises ConfigError."""
        raise NotImplementedError

    @classmethod
    def of_doctor(cls) -> Any:
        """Return what `doctor/` asks of the target (`OfWarehouse`)."""
        raise NotImplementedError

    def of_setup(self) -> Any:
        """Return what an administrator sets up for the configuration (`doctor/setup.py`)."""
        raise NotImplementedError

    @classmethod
    def get_singer_command(cls) -> click.Command:
        """Add the questions to the SDK's options."""
        command = super().get_singer_command()
        for one in cls.questions:
            command.params.append(click.Option([one.option], **one.declared))
            command.params += [click.Option([option], **declared) for option, declared in one.also.items()]
        return command

    @classmethod
    def invoke(cls, *, config: _ConfigInput | None = None, **arguments: Any) -> None:
        """Answer the question, or run the target where none is put."""
        values = [(one, arguments.pop(one.name, None)) for one in cls.questions]
        more = {one: {option: arguments.pop(_name(option), None) for option in one.also} for one, _ in values}
        asked = [(one, value) for one, value in values if value is not None and value is not False]
        problem = getattr(config, "problem", None)
        if problem is not None and not (asked and asked[0][0].of_any):
            raise problem
        if len(asked) > 1:
            raise click.UsageError(f"{' and '.join(one.option for one, _ in asked)}: one at a time")
        for one, said in more.items():
            for option in (option for option, value in said.items() if value and one not in dict(asked)):
                raise click.UsageError(f"{option} goes with {one.option}")
        if not asked:
            super().invoke(config=config, **arguments)
        for one, value in asked:
            one.answer(Asked(cls, config or _ConfigInput(), value, {**arguments, **more[one]}))


def print_last_state(target: AnsweringTarget) -> None:
    """Write the last committed STATE of a pipeline; raises ConfigError where the pipeline has no name."""
    pipeline_id = target.load_settings().pipeline_id
    if pipeline_id is None:
        raise ConfigError(
            "--last-state needs the setting pipeline_id (or Meltano's state id): "
            "two taps may load with the same configuration",
            code="CFG-LAST-STATE",
        )
    warehouse = target.connector().warehouse
    try:
        emit_state(last_state(warehouse, pipeline_id) or "{}")
    finally:
        warehouse.close()


def _prune_ledger(asked: Asked) -> None:
    """Remove rows of the ledger that no later run asks for, and say how many."""
    target = asked.opened()
    settings, warehouse = target.load_settings(), target.connector().warehouse
    try:
        count = prune(warehouse, STANDARD.now(), asked.value, keep_files=settings.keep_staged_files)
    finally:
        warehouse.close()
    click.echo(f"{count} rows older than {asked.value} days removed from {warehouse.ledger}")


OF_THE_LEDGER = (
    Question(
        "--last-state",
        lambda asked: print_last_state(asked.opened()),
        {
            "is_flag": True,
            "help": "Print the last STATE that a load of this pipeline committed, {} if there is none.",
        },
    ),
    Question(
        "--prune-ledger",
        _prune_ledger,
        {
            "type": click.IntRange(min=1),
            "metavar": "DAYS",
            "help": "Remove rows of the ledger that are older than so many days and that no later run asks for.",
        },
    ),
)
