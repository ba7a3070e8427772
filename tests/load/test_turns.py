"""Locks of the stand-ins, through the sessions of the targets."""

from __future__ import annotations

import pytest
from singer_bulk.cli import BulkTarget
from singer_bulk.errors import WarehouseError
from singer_bulk.model.columns import TEXT, Column
from singer_bulk.model.load import Table
from singer_bulk.warehouse import words
from singer_bulk.warehouse.dialect import Session
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.load.loaders import Loader

pytestmark = pytest.mark.both

TARGETS: dict[str, type[BulkTarget]] = {
    "target-redshift-copy": TargetRedshiftCopy,
    "target-snowflake-stage": TargetSnowflakeStage,
}


def test_lock_is_waited_for_as_long_as_it_is_told(loader: Loader) -> None:
    """A lock that another session has ends the wait after its time, and shows whose it is; then it can be taken.

    The statements behind it are not bounded, and a lost session that has it can be ended.
    """
    connector = TARGETS[loader.command](config=loader.config | {"lock_wait_seconds": 1}).connector()
    warehouse, dialect = connector.warehouse, connector.warehouse.dialect
    table = Table(warehouse.ledger.schema, dialect.fold("_singer_turn__of_a_test"))
    column = dialect.fold("table_name")
    warehouse.make_table(table, [Column(column, TEXT)])
    first, second = warehouse.session, warehouse.connect()
    first.execute(words.insert(dialect.table(table), words.name(column), "VALUES ('orders')"))
    (lock,) = dialect.lock([(table, column)])

    def take(session: Session) -> None:
        session.execute(words.BEGIN)
        session.lock([lock], 1)

    take(first)
    with pytest.raises(WarehouseError) as late:
        take(second)
    assert late.value.waited, late.value
    second.execute(words.ROLLBACK)
    assert "held by" in second.holders([table])
    second.end_transaction(first.transaction())
    take(second)
    if loader.command == "target-redshift-copy":
        assert second.execute("SHOW statement_timeout") == [("0",)]
    second.execute(words.COMMIT)
    for session in (first, second):
        session.close()
