"""The SQL that applies change data: merges by key, and the views of a history."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import structs
from singer_bulk.feeds.presets import CdcSettings
from singer_bulk.model.added import METADATA_TYPES, MISSING_NAME, ORDER_NAME
from singer_bulk.model.columns import INTEGER, TEXT, TIMESTAMPTZ, Column
from singer_bulk.model.load import Table, TableLoad
from singer_bulk.settings.methods import MethodRules
from singer_bulk.warehouse import words
from singer_bulk.warehouse.events import events_of
from singer_bulk.warehouse.further_tables import applied_table, further_tables
from singer_bulk.warehouse.look import look
from singer_bulk.warehouse.merge import batch_of, into_history, merge_all, merge_steps
from singer_bulk.warehouse.obsolete_versions import obsolete_versions
from singer_bulk.warehouse.views import Views

from tests.fidelity.encoding import DIALECTS

DEBEZIUM = CdcSettings("debezium")
BOTH = structs.replace(DEBEZIUM, apply=("history", "current"))
PLAIN = {"id": INTEGER, "Line": TEXT, "note": TEXT}
DELETED = {**PLAIN, "_sdc_deleted_at": TIMESTAMPTZ}
EVENTS = {**PLAIN, "__op": TEXT, "__lsn": INTEGER, "__ts_ms": INTEGER}

# Of the seven columns that add_record_metadata adds, those that the statements ask.
METADATA = ["_sdc_extracted_at", "_sdc_received_at", "_sdc_deleted_at", "_sdc_sequence", "_sdc_table_version"]

# What for; the settings; the properties; key properties; columns that some event left out; whether rows have versions.
MERGES: list[tuple[str, MethodRules, dict[str, Any], tuple[str, ...], tuple[str, ...], bool]] = [
    ("upsert", MethodRules("upsert"), PLAIN, ("id", "Line"), (), False),
    ("upsert, deletes stamped", MethodRules("upsert"), DELETED, ("id",), (), False),
    ("upsert, deletes removed", MethodRules("upsert", hard_delete=True), DELETED, ("id",), (), False),
    ("events, deletes stamped", MethodRules("upsert", cdc=CdcSettings("book")), {**PLAIN, "operation": TEXT},
     ("id",), (), False),
    ("events with an order, truncates, partial updates, versions; stamped", MethodRules("upsert", cdc=DEBEZIUM),
     EVENTS, ("id",), ("note",), True),
    ("the same, removed", MethodRules("upsert", hard_delete=True, cdc=DEBEZIUM), EVENTS, ("id",),
     ("Line", "note"), True),
    ("the current state beside a history", MethodRules(cdc=BOTH, ordered=True), EVENTS, ("id",), (), False),
]  # fmt: skip
VIEWED = [
    ("views of whole events", MethodRules(cdc=CdcSettings("book"), current_view=True, ordered=True),
     {**PLAIN, "operation": TEXT}, ("id", "Line"), (), False),
    ("views of flags and nulls", MethodRules(cdc=CdcSettings("dms"), current_view=True, ordered=True),
     {**PLAIN, "Op": TEXT, "AR_H_CHANGE_SEQ": TEXT}, ("id",), (), False),
    ("views of truncates, partial updates and versions", MethodRules(cdc=DEBEZIUM, current_view=True, ordered=True),
     EVENTS, ("id",), ("note",), True),
]  # fmt: skip


def change_data(warehouse: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (what for, the statements)."""
    for title, rules, properties, keys, left_out, versioned in MERGES:
        load = _load(warehouse, rules, properties, keys, versioned=versioned)
        yield title, _merge(warehouse, load, left_out, versioned=versioned)
    for title, rules, properties, keys, left_out, versioned in VIEWED:
        load = _load(warehouse, rules, properties, keys, versioned=versioned)
        yield title, _views(warehouse, load, left_out, versioned=versioned)


def _load(
    warehouse: str, rules: MethodRules, properties: dict[str, Any], keys: tuple[str, ...], *, versioned: bool
) -> TableLoad:
    dialect = DIALECTS[warehouse]
    created = [Column(dialect.fold(name), dialect.types.created(kind), name) for name, kind in properties.items()]
    method = rules.of("orders", keys, created)
    added = [MISSING_NAME] if method.feed.partial and method.name != "upsert" else []
    added += METADATA if rules.ordered or versioned else []
    types = {**METADATA_TYPES, MISSING_NAME: TEXT}
    columns = [*created, *(Column(dialect.fold(name), dialect.types.created(types[name])) for name in added)]
    return TableLoad("orders", Table(dialect.fold("sales"), dialect.fold("orders")), tuple(columns), (), method)


def _merge(warehouse: str, load: TableLoad, left_out: tuple[str, ...], *, versioned: bool) -> list[str]:
    dialect, fold = DIALECTS[warehouse], DIALECTS[warehouse].fold
    version = fold("_sdc_table_version") if versioned else None
    batch = [*load.columns, Column(fold(ORDER_NAME), dialect.types.created(INTEGER))]
    if load.method.feed.partial and fold(MISSING_NAME) not in {column.name for column in batch}:
        properties = [column for column in batch if column.property is not None]
        batch.insert(len(properties), Column(fold(MISSING_NAME), dialect.types.created(TEXT)))
    scratch, chosen = (Table(load.table.schema, fold(f"scratch_{number}")) for number in (1, 2))
    merging = batch_of(dialect, load, scratch, chosen, batch, version)
    made = [
        words.create_table(dialect, table, columns) for table, columns in further_tables(dialect, load, version).items()
    ]
    made += [words.create_scratch(dialect, table, batch) for table in (scratch, chosen)]
    made.append(look([merging]))
    if applied_table(dialect, load) != load.table:
        made.append(into_history(merging, load.table, [column.name for column in load.columns]))
    if not load.method.feed.order:
        made += [step.sql for step in merge_all(merging, 1)]
    steps = merge_steps(merging, [fold(name) for name in left_out])
    steps += obsolete_versions(dialect, load, 7, "2020-06-01 12:00:00+00") if versioned else []
    return made + [sql for step in steps for sql in (step.sql, step.counted, step.lacking) if sql is not None]


def _views(warehouse: str, load: TableLoad, left_out: tuple[str, ...], *, versioned: bool) -> list[str]:
    dialect, fold = DIALECTS[warehouse], DIALECTS[warehouse].fold
    version = fold("_sdc_table_version") if versioned else None
    events = events_of(dialect, load, load.columns, version)
    activated = f"(SELECT MAX(activated) FROM {dialect.table(Table(load.table.schema, fold('ledger')))})"
    views = Views(dialect, load.table, events, load.columns, [fold(name) for name in left_out],
                  activated if versioned else None)  # fmt: skip
    made = [words.create_view(dialect, view.name, view.query) for view in views.all()]
    return made + [words.drop_view(dialect, view.name) for view in views.all()]
