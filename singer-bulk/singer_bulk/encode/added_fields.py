"""The `_sdc_*` columns that `add_record_metadata` adds, with the names and meanings of the Singer SDK.

`_sdc_sequence` is ours: strictly increasing per row in the order of arrival, over all runs of a pipeline, a signed
64-bit integer. A run begins at its start in microseconds, shifted by 10 bits, or behind the ledger's last number,
whichever is higher, and counts up; so a clock that is set back cannot repeat a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from itertools import repeat
from typing import Any

from singer_bulk.encode.fields import field_encoder
from singer_bulk.encode.rows import Suffix
from singer_bulk.model.added import (
    BATCHED_AT,
    DELETED_AT,
    EXTRACTED_AT,
    ORDER_NAME,
    RECEIVED_AT,
    SEQUENCE,
    SYNC_STARTED_AT,
    TABLE_VERSION,
)
from singer_bulk.model.columns import INTEGER, TIMESTAMPTZ
from singer_bulk.model.file_format import FieldEncoder, FileFormat, Unfit

# 1,024 numbers to a microsecond: 10**9 rows a second before a run could reach into the next one's numbers; the
# 63 bits last until the year 2255.
SEQUENCE_SHIFT = 10


def first_sequence(started_at: datetime, last_committed: int) -> int:
    """Return the number of a run's first row; `last_committed` is the ledger's last one, 0 if there is none."""
    microseconds = int(started_at.timestamp() * 1_000_000)
    return max(microseconds << SEQUENCE_SHIFT, last_committed + 1)


def suffix_of(
    names: Sequence[str], file_format: FileFormat, now: Callable[[], datetime], started_at: datetime
) -> Callable[[], Suffix]:
    """Return what makes the function that writes the fields of the named columns for one run of records.

    The names are those of METADATA_TYPES, and ORDER_NAME, the number of a row in a scratch table. What it makes
    raises Unfit for a version beyond 64 bits.
    """
    instant, integer = field_encoder(TIMESTAMPTZ, file_format), field_encoder(INTEGER, file_format)
    null = file_format.null
    batched_at = _at(now(), instant)
    started = b"%d" % int(started_at.timestamp() * 1000)

    def suffix() -> Suffix:
        received_at = _at(now(), instant)
        extracted_at = lru_cache(maxsize=1024)(lambda text: _extracted(text, instant, null))

        version_field = lru_cache(maxsize=16)(lambda version: integer(b"%d" % version))

        def fields(messages: Sequence[Any], sequence: int) -> list[bytes]:
            numbers = [b"%d" % number for number in range(sequence, sequence + len(messages))]
            columns: dict[str, Callable[[], Iterable[bytes]]] = {
                EXTRACTED_AT: lambda: [extracted_at(message.time_extracted) for message in messages],
                RECEIVED_AT: lambda: repeat(received_at),
                BATCHED_AT: lambda: repeat(batched_at),
                DELETED_AT: lambda: repeat(null),
                SEQUENCE: lambda: numbers,
                ORDER_NAME: lambda: numbers,
                TABLE_VERSION: lambda: [
                    null if message.version is None else version_field(message.version) for message in messages
                ],
                SYNC_STARTED_AT: lambda: repeat(started),
            }
            # Joined with the empty field in front, the fields begin with "|".
            rows = zip(repeat(b"", len(messages)), *(columns[name]() for name in names), strict=False)
            return list(map(b"|".join, rows))

        return fields

    return suffix


def _at(moment: datetime, instant: FieldEncoder) -> bytes:
    return instant(b'"%b"' % moment.astimezone(timezone.utc).isoformat().encode())


def _extracted(time_extracted: str | None, instant: FieldEncoder, null: bytes) -> bytes:
    if time_extracted is None:
        return null
    try:
        return instant(b'"%b"' % time_extracted.encode())
    except Unfit:
        return null  # time_extracted is the tap's, not a value of the source: one that is no date-time is left out
