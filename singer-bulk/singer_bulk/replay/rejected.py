"""Records that were rejected: listed with their reasons, and loaded again after a repair, each once.

An object of rejected records is a Singer stream (`stage/rejects.py`). It is read by the run itself as one load, whose
STATE names the object: so the ledger knows in the same transaction that it is done, whatever ends the run, and a fence
lets one of two at a time load it. What is refused again lies in a new object then; the old one stays as it was.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import click
import msgspec
from msgspec import structs

from singer_bulk.assembly import run_of
from singer_bulk.errors import PipelineMoved
from singer_bulk.face.connector import Connector
from singer_bulk.face.questions import AnsweringTarget, Asked
from singer_bulk.model.load import OVERWRITE
from singer_bulk.replay.place import refuse
from singer_bulk.settings.loads import LoadSettings
from singer_bulk.signals import signals
from singer_bulk.stage.base import Stage
from singer_bulk.stage.keys import rejected_under
from singer_bulk.stage.rejects import Rejects
from singer_bulk.warehouse.ledger import REJECTED_PIPELINE, states_of

ATTEMPTS = 20  # of others that load rejected records at the same time
SHOWN_REASONS = 5  # of an object; JSON has them all


@dataclass
class RejectedObject:
    """An object, its stream, and how often each reason was given; is_done: the ledger says that it was loaded again."""

    key: str
    stream: str = ""
    record_count: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    is_done: bool = False


def list_rejected(asked: Asked) -> None:
    """Print what was rejected."""
    target = asked.opened()
    settings, connector = target.load_settings(), target.connector()
    try:
        found = [*_described(connector, settings)]
    finally:
        connector.warehouse.close()
    if asked.others.get("about_format") == "json":
        click.echo(json.dumps({"rejected": [vars(one) for one in found]}, ensure_ascii=False, indent=1))
        return
    for line in _listed(found, connector.stage):
        click.echo(line)


def replay_rejected(asked: Asked) -> None:
    """Load what waits again, one object after the other; say of each what became of it."""
    target = asked.opened()
    settings, connector = target.load_settings(), target.connector()
    try:
        keys = _keys(connector, settings) if asked.value == "all" else [_key(asked.value, connector.stage)]
    finally:
        connector.warehouse.close()
    for key in keys:
        for line in _again(target, settings, key):
            click.echo(line)
    if not keys:
        click.echo("no rejected record is there")


def _again(target: AnsweringTarget, settings: LoadSettings, key: str) -> Iterator[str]:
    """Load one object, unless that was done."""
    for _ in range(ATTEMPTS):
        connector = target.connector()
        try:
            if _mark(key) in states_of(connector.warehouse, REJECTED_PIPELINE):
                yield f"{connector.stage.url(key)}: loaded again before"
                return
            content = b"".join(connector.stage.read(key))
        finally:
            connector.warehouse.close()
        stream, _ = _head(content)
        if settings.of(stream).load_method == OVERWRITE:
            raise refuse(
                f"{connector.stage.url(key)}: stream {stream!r} is loaded by overwrite, and a full load of rejected "
                "records alone would replace its table: run the tap again"
            )
        try:
            read, rejected = _run(target, connector, settings, key, content)
        except PipelineMoved:
            continue
        left = f", {rejected} rejected again, into an object of their own" if rejected else ""
        yield f"{connector.stage.url(key)}: {read - rejected} records of stream {stream!r} loaded{left}"
        return
    raise refuse(f"{key}: {ATTEMPTS} other replays came between; run again when they have ended")


def _run(
    target: AnsweringTarget, connector: Connector, settings: LoadSettings, key: str, content: bytes
) -> tuple[int, int]:
    """Read the object as the input of a run, with the STATE that says which it is; return records read and rejected."""
    own = structs.replace(
        settings, pipeline_id=REJECTED_PIPELINE, pre_run_sql=None, post_run_sql=None, sweep_after_hours=None
    )
    rejects: list[Rejects] = []

    def made(*arguments: Any) -> Rejects:
        rejects.append(Rejects(*arguments))
        return rejects[-1]

    run = run_of(
        target, connector, own, lambda state: None, maps=False, rejects=made, stop_signal=lambda: signals.number
    )
    end = b"" if content.endswith(b"\n") else b"\n"
    state = msgspec.json.encode({"type": "STATE", "value": json.loads(_mark(key))})
    run.read(io.TextIOWrapper(io.BytesIO(content + end + state + b"\n"), encoding="utf-8"))
    return run.counts["RECORD"], sum(rejects[0].counts.values())


def _mark(key: str) -> str:
    """Return the STATE that says that an object is done, as the ledger has it."""
    return msgspec.json.encode({"replayed": key}).decode()


def _keys(connector: Connector, settings: LoadSettings) -> list[str]:
    found = connector.stage.written(rejected_under(settings.s3_key_prefix))
    return sorted(key for key in found if key.endswith(".jsonl"))


def _key(named: str, stage: Stage) -> str:
    """Return the key that an object is named by, or by its address."""
    return named.removeprefix(stage.url(""))


def _described(connector: Connector, settings: LoadSettings) -> Iterator[RejectedObject]:
    keys = _keys(connector, settings)
    done = states_of(connector.warehouse, REJECTED_PIPELINE) if keys else set()
    for key in keys:
        content = b"".join(connector.stage.read(key))
        stream, lines = _head(content)
        found = RejectedObject(key, stream, is_done=_mark(key) in done)
        for line in lines:
            found.record_count += 1
            found.reasons[_reason(line)] += 1
        yield found


def _reason(line: bytes) -> str:
    """Return the last member of a line; what is before it may be what no decoder reads."""
    try:
        return str(msgspec.json.decode(line.rstrip().rpartition(b',"rejected_because":')[2][:-1]))
    except msgspec.MsgspecError:
        return "no reason is given"


def _head(content: bytes) -> tuple[str, Sequence[bytes]]:
    """Return the stream of an object, and its lines behind the SCHEMA."""
    try:
        first, *lines = content.split(b"\n")
        return str(msgspec.json.decode(first)["stream"]), [line for line in lines if line.strip()]
    except (ValueError, KeyError, TypeError, msgspec.MsgspecError) as error:
        raise refuse("an object of rejected records does not begin with the SCHEMA of its stream") from error


def _listed(found: Sequence[RejectedObject], stage: Stage) -> Iterator[str]:
    for one in found:
        state = "loaded again" if one.is_done else "waits"
        yield f"{stage.url(one.key)}: {one.record_count} records of stream {one.stream!r}, {state}"
        for reason, count in one.reasons.most_common(SHOWN_REASONS):
            yield f"  {count} x {reason}" if count > 1 else f"  {reason}"
        if len(one.reasons) > SHOWN_REASONS:
            yield f"  and {len(one.reasons) - SHOWN_REASONS} other reasons"
    waiting = sum(one.record_count for one in found if not one.is_done)
    yield f"{waiting} records wait; --replay-rejected loads them again"
