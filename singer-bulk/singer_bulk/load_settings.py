"""What the user chose for the loads of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from singer_bulk.columns import TypeRules
from singer_bulk.dialect import APPEND, OVERWRITE, UPSERT, LoadMethod
from singer_bulk.errors import ConfigError
from singer_bulk.evolution import EvolutionRules
from singer_bulk.fileformat import ValueRules
from singer_bulk.flush import FlushPolicy


@dataclass(frozen=True)
class MethodRules:
    """How the rows of each stream enter its table: for all streams, and what differs per stream."""

    load_method: str = APPEND
    by_stream: Mapping[str, str] = field(default_factory=dict)
    hard_delete: bool = False
    operation_column: str | None = None
    delete_values: tuple[str, ...] = ()
    max_shrink: float | None = None

    def of(self, stream: str, keys: Iterable[str], names: Mapping[str, str]) -> LoadMethod:
        """Return the method of a stream; `keys` are its key properties, `names` maps properties to columns.

        Raises ConfigError for an upsert without keys.
        """
        name = self.by_stream.get(stream, self.load_method)
        columns = tuple(names[key] for key in keys if key in names)
        if name == UPSERT and not columns:
            raise ConfigError(
                f"stream {stream!r} has no key properties, so it cannot be loaded by upsert; "
                "set load_method append-only or overwrite for it in stream_settings"
            )
        return LoadMethod(
            name,
            columns,
            self.hard_delete,
            names.get("_sdc_deleted_at"),
            names.get(self.operation_column) if self.operation_column else None,
            self.delete_values,
            self.max_shrink,
        )

    def replaces(self) -> bool:
        """Return whether any stream may be loaded by overwrite: then all streams commit once, at the end."""
        return OVERWRITE in (self.load_method, *self.by_stream.values())


@dataclass(frozen=True)
class LoadSettings:
    """What the user chose for the loads of a run."""

    method: MethodRules
    policy: FlushPolicy
    key_prefix: str
    default_schema: str | None
    add_record_metadata: bool
    validate_records: bool
    keep_staged_files: bool
    overwrite_allow_empty: bool
    act_on_versions: bool
    rules: TypeRules
    pipeline_id: str | None
    connector_version: str
    values: ValueRules = field(default_factory=ValueRules)
    evolution: EvolutionRules = field(default_factory=EvolutionRules)
    schema_mapping: Mapping[str, Any] = field(default_factory=dict)
    extra_column: bool = False
    sweep_after_hours: float | None = None  # None: files that dead runs left are not looked for
    max_rejected_records: int | None = None  # None: a rejected record ends the run
    encoders: int = 0  # processes; 0: rows are encoded where the input is read
