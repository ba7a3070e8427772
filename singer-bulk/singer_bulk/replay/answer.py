"""`--replay LOAD_ID`: the kept files of a load are loaded again, into its own tables or others."""

from __future__ import annotations

import re
import uuid

import click

from singer_bulk.errors import StageError
from singer_bulk.face.connector import Connector
from singer_bulk.face.questions import Asked
from singer_bulk.model.description import load_of
from singer_bulk.model.load import Load
from singer_bulk.model.runtime import STANDARD
from singer_bulk.replay.again import Again
from singer_bulk.replay.place import placed, refuse
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.signals import signals
from singer_bulk.stage.keys import described_at

_LOAD_ID = re.compile(r"[0-9a-f]{32}-\d+")


def replay_load(asked: Asked) -> None:
    """Load it, and say what was done."""
    target = asked.opened()
    settings, connector = target.load_settings(), target.connector()
    load = read_load(connector, settings, asked.value)
    places = placed(load, asked.others.get("--into") or (), connector.warehouse.dialect)
    again = Again(connector.warehouse, connector.stage, settings, STANDARD, lambda: signals.number, uuid.uuid4().hex)
    connector.warehouse.label.run = again.new_id
    try:
        for line in again.load(load, places):
            click.echo(line)
    finally:
        connector.warehouse.close()


def read_load(connector: Connector, settings: LoadSettings, load_id: str) -> Load:
    """Return what was described of a load; raises ConfigError and StageError."""
    if not _LOAD_ID.fullmatch(load_id):
        raise refuse(f"{load_id!r} is no id of a load: the ledger has them, {settings.ledger_table}.load_id")
    key = described_at(settings.s3_key_prefix, load_id)
    try:
        description = b"".join(connector.stage.read(key))
    except StageError as error:
        if error.code != "STAGE-MISSING":
            raise
        raise refuse(
            f"load {load_id} has no description at {connector.stage.url(key)}: its files were not kept (set "
            "keep_staged_files before), it is not of this s3_key_prefix, or somebody has removed it"
        ) from error
    load = load_of(description, connector.stage.url(key))
    prefix = settings.s3_key_prefix.strip("/")
    files = [file.key for table in load.tables for batch in table.batches for file in batch.files]
    if prefix and not all(one.startswith(f"{prefix}/") for one in files):
        raise refuse(f"load {load_id} has files that are not under s3_key_prefix {prefix!r}: set it as it was")
    return load
