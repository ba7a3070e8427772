"""What the staged files of a load are, as the JSON that lies beside them: docs/staged-files.md documents each member.

From it a load is loaded again, and whoever reads the files needs nothing else: columns with their types, the field that
means NULL, rows and checksums of each file, how the rows enter their table, the STATE that the load has closed.

A member that is added leaves the version as it is; one that changes its meaning raises it. What is of a higher version
is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from singer_bulk.errors import StageError
from singer_bulk.model.load import Load, TableLoad

DESCRIPTION_VERSION = 1
# How a file is written (docs/file-format.md); what differs from file to file stands with its batch.
FORMAT = {
    "type": "csv",
    "delimiter": "|",
    "quote": '"',
    "escape": "doubled quote",
    "line_end": "\n",
    "encoding": "utf-8",
    "compression": "gzip",
    "header": False,
}


def description_of(load: Load) -> bytes:
    """Return the description of a load."""
    tables = tuple(_without_lines(table) for table in load.tables)
    described: dict[str, Any] = msgspec.to_builtins(replace(load, tables=tables), builtin_types=(bytes,))
    for table in described["tables"]:
        for batch in table["batches"]:
            batch["null"] = batch["null"].decode()
            batch["left_out"].sort()
            for file in batch["files"]:
                del file["lines"]
    whole = {"description": DESCRIPTION_VERSION, "format": FORMAT, **described}
    return msgspec.json.format(msgspec.json.encode(whole), indent=1) + b"\n"


def load_of(description: bytes, where: str) -> Load:
    """Return the load that a description is of; raises StageError, which names the file, for what is none of ours."""
    try:
        described = msgspec.json.decode(description)
        version = described.get("description")
        if version != DESCRIPTION_VERSION:
            raise StageError(
                f"{where} is a description of version {version!r}, this program knows {DESCRIPTION_VERSION}; update it",
                code="STAGE-DESCRIPTION",
            )
        for table in described["tables"]:
            for batch in table["batches"]:
                batch["null"] = batch["null"].encode()
        return msgspec.convert(described, Load)
    except (msgspec.MsgspecError, AttributeError, KeyError, TypeError) as error:
        raise StageError(f"{where} describes no staged files ({error})", code="STAGE-DESCRIPTION") from error


def _without_lines(table: TableLoad) -> TableLoad:
    """Return the table load without the lines of the input: they are no part of a file."""
    batches = tuple(
        replace(batch, files=tuple(replace(file, lines=None) for file in batch.files)) for batch in table.batches
    )
    return replace(table, batches=batches)
