"""Options of a target that answer a question instead of loading: one row of a table for each.

An answer prints, and ends with the exit status of the command where it is another than 0.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import click
import msgspec
from singer_sdk.plugin_base import _ConfigInput

from singer_bulk.errors import BulkError, ConfigError
from singer_bulk.face.connector import Connector
from singer_bulk.face.plugin import DeclaredTarget
from singer_bulk.face.state_output import emit_state
from singer_bulk.model.runtime import STANDARD
from singer_bulk.report.past import explained_lines, history_lines
from singer_bulk.report.place import reported_load
from singer_bulk.report.text import MAX_WIDTH, WIDTH
from singer_bulk.warehouse.history import explain, history
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
    is_quiet: ClassVar[bool] = False  # --no-progress

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
        command.params.append(click.Option(["--no-progress"], is_flag=True, help="Show no view of what a run does."))
        return command

    @classmethod
    def invoke(cls, *, config: _ConfigInput | None = None, **arguments: Any) -> None:
        """Answer the question, or run the target where none is put."""
        cls.is_quiet = bool(arguments.pop("no_progress", False))
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


def _width() -> int:
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, MAX_WIDTH) if sys.stdout.isatty() else WIDTH


def _print(asked: Asked, value: Any, lines: Callable[[], list[str]]) -> None:
    """Print JSON or text, as `--format` says."""
    is_json = asked.others.get("about_format") == "json"
    click.echo(msgspec.json.encode(value).decode() if is_json else "\n".join(lines()))


def _show_history(asked: Asked) -> None:
    """Print the last loads: of the pipeline where the settings name one, else of the ledger."""
    target = asked.opened()
    settings, warehouse = target.load_settings(), target.connector().warehouse
    try:
        loads = history(warehouse, asked.value, settings.pipeline_id)
    finally:
        warehouse.close()
    _print(asked, loads, lambda: history_lines(loads, str(warehouse.ledger), _width()))


def _explain(asked: Asked) -> None:
    """Print one load, the files of its run that stand in the stage, and what a report says of it."""
    target = asked.opened()
    settings, connector = target.load_settings(), target.connector()
    warehouse = connector.warehouse
    try:
        load = explain(warehouse, asked.value)
    finally:
        warehouse.close()
    files = _files_of(connector, settings.s3_key_prefix, load.load_id.partition("-")[0])
    reported = reported_load(settings.run_report, load, connector.stage.get_from)
    value = {"load": load, "files": files, "report": reported}
    _print(asked, value, lambda: explained_lines(load, files, reported, _width()))


def _files_of(connector: Connector, prefix: str, run_id: str) -> list[str]:
    """Return the URLs of a run's files; none where listing is not granted, which is said."""
    try:
        written = connector.stage.written(f"{prefix.strip('/')}/".lstrip("/"))
    except BulkError as error:
        click.echo(f"the files could not be listed: {error}", err=True)
        return []
    return [connector.stage.url(key) for key in sorted(written) if f"-{run_id}-" in key]


OF_THE_LEDGER = (
    Question(
        "--history",
        _show_history,
        {
            "type": click.IntRange(min=1),
            "is_flag": False,
            "flag_value": 20,
            "metavar": "[N]",
            "help": "Show the last N loads (20), of the pipeline that pipeline_id names, else all; --format json.",
        },
    ),
    Question(
        "--explain",
        _explain,
        {
            "metavar": "LOAD_ID",
            "help": "Show one load: its streams, its STATE, files of its run that stand in S3, times and query ids.",
        },
    ),
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
