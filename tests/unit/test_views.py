"""Views are replaced where their text has changed, and documents are set without a function of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from singer_bulk.errors import WarehouseError
from singer_bulk.feeds.presets import CdcSettings
from singer_bulk.model.added import METADATA_TYPES, ORDER_NAME
from singer_bulk.model.columns import INTEGER, JSON, TEXT, Column
from singer_bulk.model.load import Table, TableLoad
from singer_bulk.settings.methods import MethodRules
from singer_bulk.warehouse.dialect import Rows
from singer_bulk.warehouse.events import events_of
from singer_bulk.warehouse.merge import batch_of, merge_steps
from singer_bulk.warehouse.views import Views, make_views

from tests.fidelity.encoding import DIALECTS


class Commented:
    """A session that knows the comments of views, and refuses what it is told to."""

    def __init__(self, refuses: Callable[[str], bool] = lambda sql: False, *, conflict: bool = False) -> None:
        self._conflict = conflict
        self.comments: dict[str, str] = {}
        self.sent: list[str] = []
        self._refuses = refuses

    def execute(self, sql: str) -> Rows:
        self.sent.append(sql)
        if self._refuses(sql):
            raise WarehouseError("refused", code="RS-SQL", conflict=self._conflict)
        if sql.startswith("SELECT table_name, remarks"):
            return list(self.comments.items())
        if sql.startswith("COMMENT ON VIEW"):
            self.comments[sql.split('"')[3]] = sql.split("'")[1]
        return []

    def transaction(self) -> str:
        return "1"


def views(note: str = "note") -> Views:
    """Return the views of a table of Redshift."""
    dialect = DIALECTS["redshift"]
    columns = [Column("id", INTEGER, "id"), Column(note, TEXT, note), Column("operation", TEXT, "operation")]
    columns += [Column(name, METADATA_TYPES[name]) for name in ("_sdc_received_at", "_sdc_sequence")]
    method = MethodRules(cdc=CdcSettings("book"), current_view=True, ordered=True).of("orders", ("id",), columns)
    load = TableLoad("orders", Table("sales", "orders"), tuple(columns), (), method)
    return Views(dialect, load.table, events_of(dialect, load, columns, None), columns)


def created(sent: list[str]) -> list[str]:
    """Return the names of the views that were created or replaced."""
    return [sql.split('"')[3] for sql in sent if sql.startswith("CREATE OR REPLACE VIEW")]


def test_view_that_has_its_text_stays() -> None:
    """CREATE OR REPLACE VIEW waits for readers on Redshift: it is sent only where the query is another one."""
    session: Any = Commented()
    make_views(session, views())
    assert created(session.sent) == ["orders__current", "orders__history"]
    assert session.sent.count("COMMIT") == 2  # the text and its mark stand or fall together
    session.sent.clear()
    make_views(session, views())
    assert len(session.sent) == 1
    session.comments["orders__history"] = "somebody's own words"
    session.sent.clear()
    make_views(session, views())
    assert created(session.sent) == ["orders__history"]
    session.sent.clear()
    make_views(session, views("remark"))
    assert created(session.sent) == ["orders__current", "orders__history"]


def test_view_whose_comment_cannot_be_seen_is_replaced() -> None:
    """A question that is refused costs a statement, not the load."""
    session: Any = Commented(lambda sql: sql.startswith("SELECT table_name"))
    make_views(session, views())
    assert created(session.sent) == ["orders__current", "orders__history"]


@pytest.mark.parametrize("conflict", [False, True])
def test_view_is_dropped_only_where_it_cannot_be_replaced(conflict: bool) -> None:
    """Another run that replaces it at the same time is no reason: the grants on it would be gone."""
    session: Any = Commented(lambda sql: sql.startswith("CREATE OR REPLACE"), conflict=conflict)
    with pytest.raises(WarehouseError):
        make_views(session, views())
    assert any(sql.startswith("DROP VIEW") for sql in session.sent) is not conflict


def test_documents_of_redshift_are_in_no_function() -> None:
    """No page says that COALESCE takes SUPER: what a delete says of a document is set by a statement of its own."""
    columns = [Column("id", INTEGER, "id"), Column("lines", JSON, "lines"), Column("operation", TEXT, "operation")]
    batch = [*columns, Column(ORDER_NAME, INTEGER)]
    for warehouse, apart in (("redshift", 1), ("snowflake", 0)):
        dialect = DIALECTS[warehouse]
        method = MethodRules("upsert", cdc=CdcSettings("book")).of("orders", ("id",), columns)
        load = TableLoad("orders", Table("s", "orders"), tuple(columns), (), method)
        merging = batch_of(dialect, load, Table("s", "one"), Table("s", "two"), batch, None)
        updates = [step.sql for step in merge_steps(merging) if step.sql.startswith("UPDATE")]
        assert len(updates) == 1 + apart
        assert sum('"lines" = COALESCE' in sql for sql in updates) == 1 - apart
        assert sum('"lines" IS NOT NULL' in sql for sql in updates) == apart
