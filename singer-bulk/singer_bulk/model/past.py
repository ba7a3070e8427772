"""Loads of the past, as the ledger has them."""

from __future__ import annotations

from datetime import datetime

import msgspec


class PastLoad(msgspec.Struct, kw_only=True):
    """A load as the ledger has it, its streams summed up. seconds: since the run's load before it, else its start."""

    load_id: str
    pipeline_id: str | None
    streams: int
    rows: int
    bytes: int
    files: int
    started_at: datetime
    committed_at: datetime
    seconds: float = 0.0


class PastStream(msgspec.Struct, kw_only=True):
    """One stream of a load as the ledger has it."""

    stream: str | None
    table: str | None
    rows_read: int
    rows_staged: int
    rows_loaded: int
    bytes: int
    files: int
    first_sequence: int | None
    last_sequence: int | None


class Explained(msgspec.Struct, kw_only=True):
    """One load as the ledger has it."""

    load_id: str
    pipeline_id: str | None
    started_at: datetime
    committed_at: datetime
    connector_version: str | None
    state: str | None
    streams: list[PastStream]
