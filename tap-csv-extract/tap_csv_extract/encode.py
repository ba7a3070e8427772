"""Columns of JSON -> RECORD lines, a block at a time: literals and columns joined, no object per row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tap_csv_extract.columns import text_of
from tap_csv_extract.kinds import Kind


class RecordEncoder:
    """Writes the RECORD lines of one stream for one order of columns."""

    def __init__(self, stream: str, properties: Sequence[tuple[str, Kind]], version: int | None = None) -> None:
        self._keys = [(("," if place else "") + _json(name) + ":", kind.quoted)
                      for place, (name, kind) in enumerate(properties)]  # fmt: skip
        self._head = f'{{"type":"RECORD","stream":{_json(stream)},"record":{{'
        self._version = f',"version":{version}' if version is not None else ""

    def lines(self, columns: Sequence[Any], count: int) -> memoryview:
        """Join `count` rows into lines. `columns` are JSON text in the order of the properties; null is NULL."""
        pieces: list[Any] = []
        literal = self._head
        for (key, quoted), values in zip(self._keys, columns, strict=True):
            if values.null_count:
                if quoted:
                    values = pc.binary_join_element_wise('"', values, '"', "")
                values = pc.fill_null(values, "null")
                quoted = False
            pieces += [literal + key + ('"' if quoted else ""), values]
            literal = '"' if quoted else ""
        now = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        literal += f'}}{self._version},"time_extracted":"{now}"}}\n'
        if not pieces:
            return memoryview(((self._head + literal) * count).encode())
        joined = pc.binary_join_element_wise(*pieces, pa.scalar(literal), "")
        return text_of(joined)


def _json(text: str) -> str:
    return msgspec.json.encode(text).decode()
