"""What a worker has staged, as the JSON that it writes last: docs/many-machines.md documents each member.

The files stand in it as they stand beside kept files (`model/description.py`): one form, one version of its own.
A receipt exists only when every file that it names has arrived.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import msgspec

from singer_bulk.errors import BulkError, ConfigError, StageError
from singer_bulk.model.description import description_of, load_of
from singer_bulk.model.load import Load, StagedFile

RECEIPT_VERSION = 1


@dataclass(frozen=True)
class Source:
    """What was read. version: `etag:` and the ETag of an object, or `sha256:` and the hash of the bytes."""

    name: str
    version: str


@dataclass(frozen=True)
class Receipt:
    """The receipt of one part. place, work_list: as the worker was told them; schemas: the hash of each SCHEMA.

    rejects: keys of the objects with its rejected records.
    """

    source: Source
    place: int | None
    work_list: str | None
    connector: str
    rejects: tuple[str, ...]
    schemas: dict[str, str]
    load: Load

    @property
    def files(self) -> list[StagedFile]:
        """The staged files of rows."""
        return [file for table in self.load.tables for batch in table.batches for file in batch.files]

    @property
    def row_count(self) -> int:
        """Rows in them, as the batches say."""
        return sum(batch.row_count for table in self.load.tables for batch in table.batches)


class _Written(msgspec.Struct):
    receipt: int
    source: Source
    place: int | None
    work_list: str | None
    connector: str
    row_count: int
    rejects: tuple[str, ...]
    schemas: dict[str, str]
    staged: msgspec.Raw


def receipt_text(receipt: Receipt) -> bytes:
    """Return the receipt as it is written."""
    written = _Written(
        RECEIPT_VERSION,
        receipt.source,
        receipt.place,
        receipt.work_list,
        receipt.connector,
        receipt.row_count,
        receipt.rejects,
        receipt.schemas,
        msgspec.Raw(description_of(receipt.load)),
    )
    return msgspec.json.format(msgspec.json.encode(written), indent=-1) + b"\n"


def receipt_of(text: bytes, where: str) -> Receipt:
    """Return the receipt that a text is; raises ConfigError, which names it, for what is none or says two things."""
    try:
        version = _version(text)
        if version != RECEIPT_VERSION:
            raise wrong(f"{where} is a receipt of version {version!r}, this program knows {RECEIPT_VERSION}; update it")
        written = msgspec.json.decode(text, type=_Written)
        load = load_of(bytes(written.staged), where)
    except (msgspec.MsgspecError, AttributeError) as error:
        raise wrong(f"{where} is no receipt ({error})") from error
    except StageError as error:
        raise wrong(error.text) from error
    made = Receipt(
        written.source,
        written.place,
        written.work_list,
        written.connector,
        written.rejects,
        written.schemas,
        load,
    )
    _demand_counts(made, written.row_count, where)
    return made


def sharing(receipt: Receipt, known: dict[object, object]) -> Receipt:
    """Return the receipt, with columns that are those of another one before it: of 10,000 receipts most are."""

    def one(value: Any) -> Any:
        return known.setdefault(value, value)

    tables = tuple(
        replace(
            table,
            columns=one(table.columns),
            method=one(table.method),
            batches=tuple(replace(batch, columns=one(batch.columns)) for batch in table.batches),
        )
        for table in receipt.load.tables
    )
    return replace(receipt, load=replace(receipt.load, tables=tables))


def wrong(why: str) -> BulkError:
    """Return the error of a receipt, or of what receipts say together: nothing is committed."""
    return ConfigError(f"{why}; nothing was committed", code="LOAD-RECEIPT")


def _version(text: bytes) -> Any:
    return msgspec.json.decode(text).get("receipt")


def _demand_counts(receipt: Receipt, row_count: int, where: str) -> None:
    in_files = sum(file.row_count for file in receipt.files)
    if not row_count == receipt.row_count == in_files:
        raise wrong(
            f"{where} says {row_count} rows, its batches {receipt.row_count}, its files {in_files}; stage it again"
        )
