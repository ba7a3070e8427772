"""`--migrate-config`: prints our settings made of those of another loader, and says on standard error what is lost."""

from __future__ import annotations

import json
import os

import click

from singer_bulk.errors import ConfigError
from singer_bulk.face.questions import Asked, Question
from singer_bulk.settings.files import read_config
from singer_bulk.settings.migrated import OF_REDSHIFT, OF_SNOWFLAKE, Migrated, loader_of, migrated


def answer(asked: Asked) -> None:
    """Print the settings as JSON; what has no counterpart, what differs and what is missing goes to standard error."""
    target = asked.target
    ours = target.config_jsonschema["properties"]
    loaders = OF_SNOWFLAKE if "account" in ours else OF_REDSHIFT
    named, path = _parts(str(asked.value), [one.name for one in loaders])
    theirs = read_config(path, lambda file: target.values(target.of_ini(file)))
    found = migrated(theirs, ours, loader_of(theirs, loaders, named))
    click.echo(json.dumps(found.config, indent=2))
    click.echo(_said(found, target.problems(dict(found.config)), loaders[0].name, loaders[1].name), err=True)


def _parts(value: str, names: list[str]) -> tuple[str, str]:
    """Return the loader that is named before the path, if one is, and the path."""
    name, between, path = value.partition("=")
    if not between or os.path.exists(value):
        return "", value
    if name not in names:
        raise ConfigError(
            f"--migrate-config knows the settings of {' and '.join(names)}, not of {name!r}", code="CFG-FILE"
        )
    return name, path


def _said(found: Migrated, problems: list[str], *names: str) -> str:
    others = ", ".join(f"{name}=PATH" for name in names if name != found.loader)
    parts = [
        (f"taken for settings of {found.loader}; if they are not, say --migrate-config {others}", []),
        ("what has no counterpart here:", found.lost),
        ("what means something else here:", found.differs),
        ("what is still to be mended:", problems),
    ]
    return "\n".join(
        line for title, lines in parts if lines or title[0] == "t" for line in (title, *(f"  - {one}" for one in lines))
    )


MIGRATE_CONFIG = Question(
    "--migrate-config",
    answer,
    {
        "metavar": "[LOADER=]PATH",
        "help": "Print the settings of another loader as ours: of PipelineWise's or TicketSwap's Redshift target, of "
        "PipelineWise's or MeltanoLabs' Snowflake target. What has no counterpart, or another meaning, goes to "
        "standard error.",
    },
)
