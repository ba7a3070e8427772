"""Small batches that are appended, or replace tables, are copied side by side; large ones straight into them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from singer_bulk.errors import CommitError, WarehouseError
from singer_bulk.model.columns import Column, ColumnType
from singer_bulk.model.kinds import Kind
from singer_bulk.model.load import APPEND, OVERWRITE, Table
from singer_bulk.warehouse.copy import LoadRows
from singer_bulk.warehouse.side_by_side import SMALL_BYTES

from tests.unit.load_rows import PLAIN, Session, rows_of

FOUR = "abcd"


def appended(streams: str = FOUR, **other: Any) -> tuple[LoadRows, Session]:
    """Return the rows of a load that appends, into a warehouse that copies three at a time."""
    other.setdefault("methods", dict.fromkeys(streams, APPEND))
    return rows_of("snowflake", streams=streams, copies_at_once=3, **other)


def verbs(sent: list[str]) -> list[str]:
    return [sql.split()[0] for sql in sent]


def copied(session: Session) -> list[str]:
    """Return the COPYs that ran side by side."""
    return [sql for calls in session.together for call in calls for sql in call]


def test_small_appends_pass_through_scratch_tables() -> None:
    """Four streams: a table and a COPY for each, side by side, their rows counted by one question; behind BEGIN an
    INSERT for each and nothing else, from its own scratch table, columns by name."""
    rows, session = appended()
    rows.fill_scratch(session)
    assert verbs(session.sent) == ["CREATE"] * 4 + ["SELECT"]
    assert len({*copied(session)}) == 4
    session.sent.clear()
    assert rows.enter(session) == dict.fromkeys(FOUR, 3)
    assert len(session.sent) == 4
    for number, (stream, sql) in enumerate(zip(FOUR, session.sent, strict=True), start=1):
        assert sql.startswith(f'INSERT INTO "DEMO"."s"."{stream}" ("ID", "NOTE") SELECT "ID", "NOTE" FROM ')
        assert sql.endswith(f'_{number}"')
        assert sum(f'_{number}" ' in one for one in copied(session)) == 1


@pytest.mark.parametrize(
    ("streams", "through"), [("a", 0), ("abc", 0), ("abcd", 4), ("abcdL", 4), ("abcL", 0), ("LMNO", 0)]
)
def test_few_or_large_appends_are_copied_straight_into_their_tables(streams: str, through: int) -> None:
    """Less than four small batches, and each large one: one COPY in the transaction, and nothing else."""
    rows, session = appended(streams, byte_counts=dict.fromkeys("LMNO", SMALL_BYTES + 1))
    rows.fill_scratch(session)
    assert len(copied(session)) == through
    assert verbs(session.sent) == (["CREATE"] * through + ["SELECT"] if through else [])
    session.sent.clear()
    rows.enter(session)
    straight = [sql.split()[2] for sql in session.sent if sql.startswith("COPY")]
    assert straight == [f'"DEMO"."s"."{stream}"' for stream in sorted(streams) if not through or stream in "LMNO"]
    assert verbs(session.sent).count("INSERT") == through


def test_appends_and_upserts_of_one_load_count_together() -> None:
    """Three upserted streams and one that is appended are four COPYs: all of them run side by side."""
    rows, session = appended(FOUR, methods={"d": APPEND})
    session.counts = [(place, PLAIN) for place in range(3)]
    rows.fill_scratch(session)
    assert len(copied(session)) == 4
    session.sent.clear()
    assert rows.enter(session) == dict.fromkeys(FOUR, 3)
    assert verbs(session.sent) == ["MERGE"] * 3 + ["INSERT"]


def test_full_loads_are_copied_before_their_tables_are_emptied() -> None:
    """DELETE and INSERT .. SELECT stand next to one another in the transaction; no COPY is in it."""
    rows, session = appended(methods=dict.fromkeys(FOUR, OVERWRITE))
    rows.fill_scratch(session)
    session.sent.clear()
    rows.enter(session)
    assert verbs(session.sent) == ["DELETE", "INSERT"] * 4


def test_parallel_copies_of_one_is_one_after_the_other() -> None:
    """Who sets parallel_copies to 1 has each batch copied straight into its table, as Redshift does in any case."""
    for warehouse in ("redshift", "snowflake"):
        rows, session = rows_of(warehouse, streams=FOUR, methods=dict.fromkeys(FOUR, APPEND))
        session.answers = {"pg_last_copy_count": [(3,)]}
        rows.fill_scratch(session)
        assert session.sent == []
        rows.enter(session)
        assert verbs(session.sent) == ["COPY"] * 4


def test_scratch_columns_have_the_types_of_the_table() -> None:
    """What somebody else made narrower is as narrow there, so no value is another one behind INSERT; COPY reads the
    files by the types of the SCHEMA, as it does straight into the table."""
    rows, session = appended()
    known = {name: dict(columns) for name, columns in ((key.name, value) for key, value in rows.known.items())}
    known["a"]["ID"] = Column("ID", ColumnType(Kind.DECIMAL, 10, 2))
    known["b"]["NOTE"] = Column("NOTE", ColumnType(Kind.JSON))
    rows = replace(rows, known={Table("s", name): columns for name, columns in known.items()})
    straight = replace(rows, _passing={})
    rows.fill_scratch(session)
    assert '("ID" NUMBER(10, 2), "NOTE" VARCHAR)' in session.sent[0]
    assert '("ID" NUMBER(38, 0), "NOTE" VARIANT)' in session.sent[1]
    for table in rows.load.tables:
        (batch,) = table.batches
        (through,), (to_table,) = rows._statements(table, batch), straight._statements(table, batch)
        assert through.split()[3:] == to_table.split()[3:]
        assert through.split()[2] != to_table.split()[2]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("count", [2, 4, 0, None], ids=lambda count: f"{count} of three")
def test_rows_that_copy_has_not_brought_are_noticed(place: int, count: int | None) -> None:
    """Each scratch table has as many rows as were staged, or nothing of the load enters: also if no row answers."""
    rows, session = appended()
    session.filled = [(other, 3) for other in range(4) if other != place] + ([] if count is None else [(place, count)])
    with pytest.raises(CommitError, match=f"stream '{FOUR[place]}'") as refused:
        rows.fill_scratch(session)
    assert refused.value.code == "LOAD-COUNT"


def test_rows_of_many_scratch_tables_are_counted_in_parts() -> None:
    """51 of them are asked for by two questions; the last one that lacks rows is noticed as well as the first."""
    streams = "".join(chr(ord("\u0400") + number) for number in range(51))
    rows, session = appended(streams)
    answer = session.execute
    session.execute = lambda sql: (  # type: ignore[method-assign]
        [(0, 2)] if sql.startswith("SELECT 0, COUNT(") and " UNION ALL " not in sql else answer(sql)
    )
    with pytest.raises(CommitError, match=f"stream '{streams[-1]}'"):
        rows.fill_scratch(session)


@pytest.mark.parametrize(
    "answer", [[(2,)], [(4,)], [(0,)], []], ids=["one too few", "one too many", "none", "no answer"]
)
def test_rows_that_insert_leaves_out_or_doubles_are_noticed(answer: Any) -> None:
    """What INSERT answers is the number of rows of the batch, or the load is rolled back."""
    rows, session = appended()
    session.answers = {'INSERT INTO "DEMO"."s"."c"': answer}
    rows.fill_scratch(session)
    with pytest.raises(CommitError, match=r"table s\.c") as refused:
        rows.enter(session)
    assert refused.value.code == "LOAD-WRITTEN"


@pytest.mark.parametrize("where", ["COPY", "CREATE"])
def test_what_fails_side_by_side_is_tried_again_in_another_session_without_it(where: str) -> None:
    """Nothing of this session is used any more; in the other one each batch is copied straight into its table, once."""
    rows, session = appended()
    if where == "COPY":
        session.refusal = WarehouseError("refused", code="SF-SQL")
    else:
        session.answers = {"CREATE": WarehouseError("refused", code="SF-SQL")}
    with pytest.raises(WarehouseError, match="refused") as failed:
        rows.fill_scratch(session)
    assert failed.value.connection_lost
    other = Session([])
    rows.fill_scratch(other)
    assert (other.sent, other.together) == ([], [])
    assert rows.enter(other) == dict.fromkeys(FOUR, 3)
    assert [sql.split()[:3] for sql in other.sent] == [["COPY", "INTO", f'"DEMO"."s"."{stream}"'] for stream in FOUR]


@pytest.mark.parametrize(
    "flags", [{}, {"conflict": True}, {"connection_lost": True}], ids=["refused", "conflict", "connection lost"]
)
def test_what_insert_refuses_is_left_to_copy(flags: dict[str, bool]) -> None:
    """A value that the table refuses is told by COPY, with file, line and column: the load is tried again, straight
    into the tables. A conflict or a lost connection says nothing against the way through scratch tables."""
    rows, session = appended()
    rows.fill_scratch(session)
    session.answers = {'INSERT INTO "DEMO"."s"."c"': WarehouseError("NULL for NOT NULL", code="SF-SQL", **flags)}
    with pytest.raises(WarehouseError, match="NULL for NOT NULL") as failed:
        rows.enter(session)
    assert failed.value.connection_lost == bool(flags.get("connection_lost"))
    assert failed.value.conflict == (not failed.value.connection_lost)
    other = Session([], [(place, 3) for place in range(4)])
    rows.fill_scratch(other)
    rows.enter(other)
    assert verbs(other.sent).count("COPY") == (0 if flags else 4)


@pytest.mark.parametrize("changed", range(4))
def test_a_table_that_changes_meanwhile_is_noticed(changed: int) -> None:
    """A column that is another one before COMMIT than when its scratch table was made is a conflict: INSERT would have
    turned the values into its type without a word."""
    rows, session = appended()
    rows.fill_scratch(session)
    rows.enter(session)
    session.answers = {
        "information_schema.columns": [
            ("s", stream, name, kind, None, 38 if kind == "NUMBER" else None, 0, "YES", None, None)
            for number, stream in enumerate(FOUR)
            for name, kind in (("ID", "NUMBER"), ("NOTE", "FLOAT" if number == changed else "TEXT"))
        ]
    }
    for table in rows.known:
        integer = Column("ID", ColumnType(Kind.DECIMAL, 38, 0))
        text = Column("NOTE", ColumnType(Kind.TEXT, max_bytes=16_777_216))
        rows.known[table].update({"ID": integer, "NOTE": text})  # type: ignore[attr-defined]
    with pytest.raises(WarehouseError, match=f"table s.{FOUR[changed]}: another run is changing") as noticed:
        rows.demand_unchanged(session)
    assert noticed.value.conflict
