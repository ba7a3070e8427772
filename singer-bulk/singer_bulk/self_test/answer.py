"""`--self-test [SCHEMA]`: the scenes are run in a schema that did not exist, and it is dropped, whatever comes.

Of the configuration counts what says where and how to connect; what says how to load is the scene's.
"""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from uuid import uuid4

import click
import msgspec

from singer_bulk.assembly import quiet
from singer_bulk.errors import ConfigError, Interrupted
from singer_bulk.face.questions import AnsweringTarget, Asked
from singer_bulk.self_test.corpus import REDSHIFT, SNOWFLAKE
from singer_bulk.self_test.scenes import scenes
from singer_bulk.self_test.screen import screen
from singer_bulk.self_test.tried import Outcome, Trial
from singer_bulk.signals import signals

# Of this form. A member that is added leaves it as it is.
REPORT_VERSION = 1
REPORT_FILE = "self-test.json"
# Settings of loads that say where files lie and how long is waited, not what becomes of rows.
_STAY = ("s3_key_prefix", "max_memory", "lock_wait_seconds", "slices")
_OF_THE_SDK = ("stream_maps", "stream_map_config", "flattening_enabled", "flattening_max_depth", "faker_config")


def self_test(asked: Asked) -> None:
    """Run it, print the table, write the report; the exit status is 1 where anything differs."""
    target = asked.opened()
    schema = asked.value or f"singer_self_test_{uuid4().hex[:8]}"
    click.echo(f"in schema {schema}, which is dropped in the end", err=True)
    with quiet(str(target.name), type(target).__module__.partition(".")[0]):
        outcomes = [*tried(target, schema)]
    report = report_of(target, outcomes)
    file = Path(asked.others.get("--self-test-report") or REPORT_FILE)
    file.write_text(json.dumps(report, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if asked.others.get("about_format") == "json":
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        click.echo(f"{screen(report)}The report is in {file}; it has no name, address or secret of yours.")
    if report["differences"] or report["errors"]:
        raise click.exceptions.Exit(1)


def tried(target: AnsweringTarget, schema: str) -> Iterator[Outcome]:
    """Yield what becomes of each scene in the schema; raises ConfigError for one that exists, which is not ours."""
    config = {name: value for name, value in target.config.items() if name not in _of_loads(target)}
    config |= {"default_target_schema": schema, "create_schema": True}
    connector = type(target)(config=config).connector()
    warehouse = connector.warehouse
    stored_as = warehouse.ledger.schema
    drop = warehouse.dialect.drop_schema(stored_as)
    try:
        if warehouse.select("looking for the schema", warehouse.dialect.schema_exists(stored_as)):
            raise ConfigError(
                f"schema {stored_as!r} exists: the self-test drops its schema in the end, so it takes none that is "
                "there; name another one, or none",
                code="CFG-SELF-TEST",
            )
        for scene in scenes(next(one for one in (REDSHIFT, SNOWFLAKE) if one in str(target.name))):
            warehouse.session.execute(warehouse.dialect.create_schema(stored_as))
            try:
                outcome = Trial(lambda settings: type(target)(config={**config, **settings})).outcome(scene)
            finally:
                warehouse.forget_session()  # a scene may last longer than a session is kept
                warehouse.session.execute(drop)
            if signals.number is not None:
                raise Interrupted(signals.number, "the self-test was given up, and its schema is dropped")
            yield outcome
    finally:
        warehouse.close()


def _of_loads(target: AnsweringTarget) -> set[str]:
    fields = {field.encode_name for field in msgspec.structs.fields(target.loads)}
    return (fields - {*_STAY}) | {*_OF_THE_SDK}


def report_of(target: AnsweringTarget, outcomes: Sequence[Outcome]) -> Mapping[str, Any]:
    """Return what can be sent to us: versions, counts and differences, nothing of the account."""
    return {
        "self_test": REPORT_VERSION,
        "target": str(target.name),
        "version": target.plugin_version,
        "python": platform.python_version(),
        "platform": sys.platform,
        "at": datetime.now(timezone.utc).isoformat(" ", "seconds"),
        "compared": sum(one.compared for one in outcomes),
        "differences": sum(len(one.differences) for one in outcomes),
        "errors": sum(one.error is not None for one in outcomes),
        "scenes": [asdict(one) for one in outcomes],
    }
