"""Do the receipts belong to the work list, and do they count each row once? What is wrong is named, part by part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from singer_bulk.errors import shown
from singer_bulk.model.load import TableLoad
from singer_bulk.receipts.receipt import Receipt, wrong
from singer_bulk.receipts.work_list import MAX_PART_ROWS, Part, WorkList

NAMED = 5


@dataclass(frozen=True)
class Expected:
    """What a receipt must be of: the list, the target that commits, and where files of parts may lie."""

    work: WorkList
    connector: str
    prefix: str
    load_method: Callable[[str], str]


def demand_receipts(expected: Expected, receipts: Sequence[Receipt | None]) -> list[Receipt]:
    """Return the receipts, one for each part in its order; None is one that is not there. Raises ConfigError."""
    parts = expected.work.parts
    missing = [part.receipt for part, receipt in zip(parts, receipts, strict=True) if receipt is None]
    if missing:
        raise wrong(f"{len(missing)} of {len(parts)} receipts are missing: {_listed(missing)}; stage these parts")
    found = [receipt for receipt in receipts if receipt is not None]
    problems = [
        f"{part.receipt} {problem}"
        for place, (part, receipt) in enumerate(zip(parts, found, strict=True))
        if (problem := _problem(expected, place, part, receipt))
    ]
    if problems:
        raise wrong(f"{len(problems)} of {len(parts)} receipts do not belong to the work list: {_listed(problems)}")
    _demand_once(found)
    for place, receipt in enumerate(found):
        for table in receipt.load.tables:
            _demand_order(expected, place, table, receipt)
    return found


def _problem(expected: Expected, place: int, part: Part, receipt: Receipt) -> str | None:
    source = receipt.source
    if source.name != part.source:
        return f"is of source {shown(source.name)}, not {shown(part.source)}"
    if part.version is not None and source.version != part.version:
        return f"is of version {source.version}, the work list expects {part.version}; stage the part again"
    if receipt.place is not None and receipt.place != place:
        return f"was staged for place {receipt.place}, not {place}"
    if receipt.work_list is not None and receipt.work_list != expected.work.hash:
        return "was staged for another work list; stage the part again"
    if receipt.connector != expected.connector:
        return f"was written by {receipt.connector}, and its files are not those of {expected.connector}"
    strange = [one for one in [*(file.key for file in receipt.files), *receipt.rejects] if not _is_ours(expected, one)]
    if strange:
        return f"names {strange[0]}, which is not under {expected.prefix}; set s3_key_prefix as the workers have it"
    return None


def _is_ours(expected: Expected, key: str) -> bool:
    return key.startswith(f"{expected.prefix}/") and ".." not in key.split("/")


def _demand_once(receipts: Sequence[Receipt]) -> None:
    counts = Counter(file.key for receipt in receipts for file in receipt.files)
    twice = [key for key, count in counts.items() if count > 1]
    if twice:
        raise wrong(f"receipts are doubled: {len(twice)} files are in more than one of them, {_listed(twice)}")


def _demand_order(expected: Expected, place: int, table: TableLoad, receipt: Receipt) -> None:
    """Raise ConfigError where the order of the rows of all parts makes a difference, and nothing says it."""
    method, stream = table.method, table.stream
    chosen = expected.load_method(stream)
    if method.name != chosen:
        raise wrong(f"receipts contradict the settings: stream {stream!r} was staged for {method.name}, not {chosen}")
    if not (method.applies or method.viewed):
        return
    if method.feed.marks and not method.feed.order:
        raise wrong(
            f"stream {stream!r} is a change feed without positions, and nothing says in which order the events of two "
            "parts happened; name them by cdc.sequence_columns, or load the feed by one process"
        )
    first = expected.work.first_number(place)
    if receipt.place is None or not all(
        first <= batch.first_sequence and batch.last_sequence < first + MAX_PART_ROWS for batch in table.batches
    ):
        raise wrong(
            f"stream {stream!r} has a last record of each key, and the place in the work list decides which that is: "
            f"{expected.work.parts[place].receipt} was staged without it; stage the part with --work-list and --place"
        )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return "; ".join(names[:NAMED]) + more
