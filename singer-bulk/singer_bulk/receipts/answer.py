"""`--commit WORKLIST`: what the receipts of a work list name is loaded, once."""

from __future__ import annotations

import uuid

import click

from singer_bulk.face.questions import Asked
from singer_bulk.model.declared import read
from singer_bulk.model.runtime import STANDARD
from singer_bulk.receipts.coordinator import Coordinator
from singer_bulk.receipts.places import Places
from singer_bulk.receipts.stage_only import read_work_list
from singer_bulk.signals import signals
from singer_bulk.stage.s3 import S3Settings


def commit_work_list(asked: Asked) -> None:
    """Commit it, and say what was done."""
    target = asked.opened()
    places = Places(read(S3Settings, target.config))
    work = read_work_list(places, asked.value)
    for part in work.parts:
        places.reach(part.receipt)
    connector = target.connector()
    coordinator = Coordinator(
        connector.warehouse,
        connector.stage,
        target.load_settings(),
        STANDARD,
        lambda: signals.number,
        places.read,
        str(target.name),
        target.plugin_version,
        uuid.uuid4().hex,
    )
    connector.warehouse.label.run = coordinator.new_id
    connector.warehouse.label.pipeline = coordinator.settings.pipeline_id or ""
    try:
        for line in coordinator.commit(work):
            click.echo(line)
    finally:
        connector.warehouse.close()
