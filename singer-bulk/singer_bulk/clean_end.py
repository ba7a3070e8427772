"""What must be true at the end of the input before more than a STATE covers is committed.

`model/input_end.py` tells what the input says of its end; the warehouse is asked what a full load would empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from singer_bulk.errors import ConfigError, InputCutOff
from singer_bulk.model.input_end import Grade
from singer_bulk.model.load import OVERWRITE
from singer_bulk.model.runtime import Runtime
from singer_bulk.open_load import OpenLoad
from singer_bulk.stream.stream import Stream
from singer_bulk.warehouse.session import Warehouse

# Who stops a pipeline signals its processes one after the other: the tap may be dead, and its end read, before our own
# signal comes. So long, in steps, is it looked for where a clean end would commit more than a STATE covers.
LOOK_STEPS, LOOK_SECONDS = 10, 0.01


def look_for_signal(stop_signal: Callable[[], int | None], runtime: Runtime) -> None:
    """Wait for a signal that may be on its way, as long as it may be."""
    for _ in range(LOOK_STEPS):
        if stop_signal() is not None:
            return
        runtime.sleep(LOOK_SECONDS)


def demand_clean_end(load: OpenLoad, warehouse: Callable[[], Warehouse], outcome: Callable[[], str]) -> None:
    """Raise InputCutOff where the tap has not come to its end; a full load that may be a part may lose no row.

    `outcome` returns what is in the tables when the open load is dropped. Raises ConfigError for a full load without a
    record, unless the user allows it.
    """
    full_loads = {
        name: load.end.grade(name)
        for name in load.made_of
        if any(stream.method.name == OVERWRITE for stream in load.made(name))
    }
    parts = [name for name, grade in full_loads.items() if grade is Grade.PART]
    if parts:
        raise InputCutOff(
            f"the input ended in the middle of the full load of {_listed(parts)}, as the last STATE says; no table "
            "was changed. A tap that died looks like this: run it again",
            code="IN-FULL-LOAD",
        )
    _refuse_uncovered(load, outcome)
    for name in (name for name, grade in full_loads.items() if grade is Grade.UNPROVEN):
        for stream in load.made(name):
            # That a table may be emptied the user has said; that the tap came so far a STATE must.
            if load.end.is_open(name) or load.has_rows(stream) or not _may_be_empty(stream):
                stream.may_be_part()
    if load.holds:
        _refuse_empty_overwrite(load, warehouse)


def needing_table(load: OpenLoad, warehouse: Callable[[], Warehouse]) -> list[Stream]:
    """Return the streams that ask something of their table although they may have no row."""
    return [
        stream
        for stream in load.streams.values()
        if stream.method.name == OVERWRITE
        or {column.name for column in stream.columns} - warehouse().columns(stream.table).keys()
    ]


def _refuse_uncovered(load: OpenLoad, outcome: Callable[[], str]) -> None:
    lacking = load.end.lacking_state()
    if lacking:
        count = sum(load.end.uncovered[stream] for stream in lacking)
        raise InputCutOff(
            f"the input ended with {count} records of {_listed(lacking)} that no STATE covers; {outcome()}. "
            "A tap that died looks like this: run it again from that STATE. One that sends no STATE at its end "
            "needs end_of_input: any",
            code="IN-NO-STATE",
        )


def _refuse_empty_overwrite(load: OpenLoad, warehouse: Callable[[], Warehouse]) -> None:
    for stream in load.streams.values():
        if stream.method.name != OVERWRITE or _may_be_empty(stream) or load.has_rows(stream):
            continue
        if warehouse().columns(stream.table):
            raise ConfigError(
                f"stream {stream.name!r}: the full load has no record, and table {stream.table} would be emptied; "
                "nothing was changed; set overwrite_allow_empty to allow it",
                code="LOAD-EMPTY",
            )


def _may_be_empty(stream: Stream) -> bool:
    return stream.context.settings.overwrite_allow_empty


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name) for name in names)
