"""The `_sdc_*` columns that `add_record_metadata` adds, with the names and meanings of the Singer SDK.

`_sdc_sequence` is ours: strictly increasing per row in the order of arrival, over all runs of a pipeline, a signed
64-bit integer. A run begins at its start in microseconds, shifted by 10 bits, or behind the ledger's last number,
whichever is higher, and counts up; so a clock that is set back cannot repeat a number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from itertools import repeat
from typing import Any

from singer_bulk.encode.fields import field_encoder
from singer_bulk.encode.rows import Suffix, Varying
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


class MetadataFields:
    """The fields of the named columns: those of METADATA_TYPES, and ORDER_NAME, the number of a scratch table's row."""

    def __init__(
        self, names: Sequence[str], file_format: FileFormat, now: Callable[[], datetime], started_at: datetime
    ) -> None:
        self._names = names
        self._null = file_format.null
        self._now = now
        self._instant, self._integer = field_encoder(TIMESTAMPTZ, file_format), field_encoder(INTEGER, file_format)
        self._batched_at = _at(now(), self._instant)
        self._started = b"%d" % int(started_at.timestamp() * 1000)

    def parts(self) -> list[bytes | Varying]:
        """Return each field for a run of records that arrives now: the field, or what it follows from."""
        received_at = _at(self._now(), self._instant)
        parts: dict[str, bytes | Varying] = {
            EXTRACTED_AT: Varying.EXTRACTED_AT,
            RECEIVED_AT: received_at,
            BATCHED_AT: self._batched_at,
            DELETED_AT: self._null,
            SEQUENCE: Varying.SEQUENCE,
            ORDER_NAME: Varying.SEQUENCE,
            TABLE_VERSION: Varying.TABLE_VERSION,
            SYNC_STARTED_AT: self._started,
        }
        return [parts[name] for name in self._names]

    def suffix(self) -> Suffix:
        """Return what writes the fields of such a run; it raises Unfit for a version beyond 64 bits."""
        parts = self.parts()
        extracted_at = lru_cache(maxsize=1024)(lambda text: _extracted(text, self._instant, self._null))
        version_field = lru_cache(maxsize=16)(lambda version: self._integer(b"%d" % version))

        def fields(messages: Sequence[Any], sequence: int) -> list[bytes]:
            varying: dict[Varying, Callable[[], list[bytes]]] = {
                Varying.SEQUENCE: lambda: [b"%d" % number for number in range(sequence, sequence + len(messages))],
                Varying.EXTRACTED_AT: lambda: [extracted_at(message.time_extracted) for message in messages],
                Varying.TABLE_VERSION: lambda: [
                    self._null if message.version is None else version_field(message.version) for message in messages
                ],
            }
            columns = [varying[part]() if isinstance(part, Varying) else repeat(part) for part in parts]
            # Joined with the empty field in front, the fields begin with "|".
            return list(map(b"|".join, zip(repeat(b"", len(messages)), *columns, strict=False)))

        return fields


def _at(moment: datetime, instant: FieldEncoder) -> bytes:
    return instant(b'"%b"' % moment.astimezone(timezone.utc).isoformat().encode())


def _extracted(time_extracted: str | None, instant: FieldEncoder, null: bytes) -> bytes:
    if time_extracted is None:
        return null
    try:
        return instant(b'"%b"' % time_extracted.encode())
    except Unfit as unfit:
        unfit.bare()
        return null  # time_extracted is the tap's, not a value of the source: one that is no date-time is left out
