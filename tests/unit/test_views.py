"""Views are replaced where their text has changed, and documents are set without a function of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from singer_bulk.errors import ConfigError, WarehouseError
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
    """A session that knows views by their texts and comments, and refuses what it is told to."""

    def __init__(self, refuses: Callable[[str], bool] = lambda sql: False, *, conflict: bool = False) -> None:
        self._conflict = conflict
        self.comments: dict[str, str | None] = {}
        self.texts: dict[str, str] = {}
        self.sent: list[str] = []
        self._refuses = refuses

    def execute(self, sql: str) -> Rows:
        self.sent.append(sql)
        if self._refuses(sql):
            raise WarehouseError("refused", code="RS-SQL", conflict=self._conflict)
        if sql.startswith("SELECT table_name, remarks"):
            return list(self.comments.items())
        if made := re.match(r'CREATE OR REPLACE VIEW (?:"\w+"\.)+"(\w+)"', sql):
            self.texts[made[1]] = sql
        if sql.startswith("SHOW VIEW "):
            if sql.split('"')[3] not in self.texts:
                raise WarehouseError("does not exist", code="RS-SQL")
            return [(self.texts[sql.split('"')[3]],)]
        if sql.startswith("SHOW VIEWS"):
            begin = sql.split("'")[1]
            return [("", name, *[""] * 5, text) for name, text in self.texts.items() if name.startswith(begin)]
        if sql.startswith("COMMENT ON VIEW"):
            self.comments[sql.split('"')[3]] = sql.split("'")[1]
        return []

    def transaction(self) -> str:
        return "1"


def views(note: str = "note", warehouse: str = "redshift") -> Views:
    """Return the views of a table."""
    dialect = DIALECTS[warehouse]
    columns = [Column(dialect.fold(name), kind, name) for name, kind in (("id", INTEGER), (note, TEXT))]
    columns.append(Column(dialect.fold("operation"), TEXT, "operation"))
    columns += [Column(dialect.fold(name), METADATA_TYPES[name]) for name in ("_sdc_received_at", "_sdc_sequence")]
    method = MethodRules(cdc=CdcSettings("book"), current_view=True, ordered=True).of("orders", ("id",), columns)
    load = TableLoad("orders", Table("sales", dialect.fold("orders")), tuple(columns), (), method)
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


THEIRS = "SELECT id, _sdc_sequence FROM orders WHERE active"


@pytest.mark.parametrize("comment", [None, "of somebody"])
@pytest.mark.parametrize("name", ["orders__current", "orders__history"])
def test_view_of_somebody_else_is_not_replaced(name: str, comment: str | None) -> None:
    """A view that has neither our comment nor our text stays, and the error says how both can be had."""
    session: Any = Commented()
    session.texts[name], session.comments[name] = THEIRS, comment
    with pytest.raises(ConfigError, match=rf"view sales\.{name} is there, .* rename it, or set current_view to false"):
        make_views(session, views())
    assert session.texts[name] == THEIRS
    session.comments.clear()
    session.texts.clear()  # renamed, as the error says
    make_views(session, views())
    assert len(session.texts) == 2


@pytest.mark.parametrize("text", [THEIRS, "", None], ids=["theirs", "not shown", "none"])
def test_view_of_somebody_else_is_not_replaced_where_there_are_no_marks(text: str | None) -> None:
    """Snowflake: the text of the view is looked at; what is not shown may be ours, and is replaced as before."""
    session: Any = Commented()
    session.texts["ORDERS__CURRENT_OF_MINE"] = THEIRS
    make_views(session, views(warehouse="snowflake"))
    make_views(session, views("other", "snowflake"))
    assert len(session.texts) == 3
    if text is None:
        return
    session.texts["ORDERS__HISTORY"] = text
    if text:
        with pytest.raises(ConfigError, match=r"view sales\.ORDERS__HISTORY is there"):
            make_views(session, views("third", "snowflake"))
    else:
        make_views(session, views("third", "snowflake"))
    assert (session.texts["ORDERS__HISTORY"] == THEIRS) is bool(text)


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
