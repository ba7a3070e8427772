"""`--dry-run`: what a run would send and make, from the run itself, and no connection to anywhere."""

from __future__ import annotations

import io
import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from singer_bulk.dry_run.answer import planned
from singer_bulk.dry_run.screen import WIDTH, screen

from bench.stub import target_of
from tests.fakes import lines, record, schema, state
from tests.sql.runs import CONFIG, SHARED, Driver, steady, told
from tests.sql.scenarios import KINDS, RUNS, keyed

WAREHOUSES = ("redshift", "snowflake")
WRITES = re.compile(r"(?!SELECT|DESC |SHOW|--|SET|ALTER SESSION)")
# Of a real Snowflake the stage and the file format are made too, which belong to no load; a scratch name has a number.
OBJECTS = ("CREATE STAGE", "CREATE FILE FORMAT")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing may be connected, nor a name be looked up."""

    def refuse(*arguments: Any, **named: Any) -> Any:
        raise AssertionError(f"a dry run connects: {arguments}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def plan(warehouse: str, messages: Any, **changes: Any) -> dict[str, Any]:
    """Return the report of a dry run; messages may be lines as they stand."""
    target = target_of(warehouse)(config={**CONFIG[warehouse], **SHARED, **changes})
    text = messages if isinstance(messages, str) else lines(*messages)
    return planned(target, io.StringIO(text))


def written(statements: Iterator[str]) -> list[str]:
    """Those that make, copy or write, without what belongs to no load."""
    return [sql for sql in statements if WRITES.match(sql) and not sql.startswith(OBJECTS)]


@pytest.mark.parametrize("warehouse", WAREHOUSES)
@pytest.mark.parametrize(("what", "messages", "changes"), [run for run in RUNS if run[1] is not None])
def test_a_dry_run_says_what_a_run_sends(
    warehouse: str, what: str, messages: list[dict[str, Any]], changes: dict[str, Any]
) -> None:
    """DDL and COPYs are those of the run, text by text; what writes comes as often, by its first word."""
    report = plan(warehouse, messages, **changes)
    assert report["ends"] is None
    sent = written(steady(told(Driver(warehouse), messages, changes)))
    shown = [*steady([*report["ddl"], *report["copies"]])]
    assert Counter(shown) == Counter(
        sql for sql in sent if sql.startswith(("CREATE", "ALTER", "COMMENT", "GRANT", "DROP", "COPY"))
    ), what
    kinds = Counter(sql.split()[0] for sql in sent)
    said = report["cost"]["statements"]
    assert {kind: said.get(kind, 0) for kind in kinds} == kinds, what


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_every_refused_value_is_told(warehouse: str) -> None:
    """Not the first one alone, nor the first of a record: each with its line, its column and a remedy."""
    messages = [
        keyed(**KINDS),
        record(id="x", amount="1,5", done="yes", day="2020-02-30"),
        record(id=2),
        record(id=3, note="a\0b"),
        state(1),
    ]
    report = plan(warehouse, messages)
    refused = report["refused"]
    assert (refused["records"], refused["values"], refused["ends_the_run"]) == (2, 5, True)
    told = {(one["line"], one["place"].lower()) for one in refused["listed"]}
    assert told == {(2, "id"), (2, "amount"), (2, "done"), (2, "day"), (4, "note")}
    assert report["streams"][0]["rows"] == 1
    assert not plan(warehouse, messages, on_invalid_record="reject")["refused"]["ends_the_run"]
    assert plan(warehouse, messages, on_invalid_record="reject", max_rejected_records=1)["refused"]["ends_the_run"]


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_columns_show_what_was_seen_and_how_names_change(warehouse: str) -> None:
    """The longest text in bytes, the most digits, a property by another name, and two that differ in case."""
    text = {"type": ["null", "string"]}
    messages = [
        schema(id={"type": "integer"}, Note=text, note=text, amount={"type": "number", "multipleOf": 0.01}),
        record(id=12, Note="ä" * 10, note='say "x"', amount=10.25),
        record(id=-5, Note="", note=None, amount=7),
        state(1),
    ]
    columns = {one["property"]: one for one in plan(warehouse, messages)["streams"][0]["columns"]}
    assert columns["id"]["seen"] == {"values": 2, "whole_digits": 2, "digits": 2}
    assert columns["Note"]["seen"] == {"values": 2, "longest_bytes": 20}
    assert columns["note"]["seen"] == {"values": 1, "longest_bytes": 7}
    assert columns["amount"]["seen"] == {"values": 2, "whole_digits": 2, "digits": 4}
    assert columns["Note"]["collides_with"] == ["note"]
    assert [columns["Note"]["renamed"], columns["note"]["renamed"]].count(True) == 1


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_what_ends_a_run_is_told_with_all_before_it(warehouse: str) -> None:
    """A line that is no message ends the dry run as it ends a run; what was read until then is in the report."""
    text = lines(schema(), record(id=1), state(1)) + "{broken\n"
    report = plan(warehouse, text)
    assert report["ends"]["code"] == "IN-JSON"
    assert report["messages"]["RECORD"] == 1


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_a_feed_that_is_refused_everywhere(warehouse: str) -> None:
    """All are counted, as many as are kept are listed, and the table is made for no row."""
    messages = [schema(), *(record(id="x") for _ in range(11_000)), state(1)]
    report = plan(warehouse, messages)
    assert report["refused"]["values"] == 11_000
    assert len(report["refused"]["listed"]) == 10_000
    assert report["streams"][0]["rows"] == 0
    assert "and 10,980 more values; --format json lists more" in screen(report)


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_a_screen_has_80_columns(warehouse: str) -> None:
    """However many columns a stream has, and however long their names are, up to a word that is longer."""
    properties = {f"column_{number}_with_a_rather_long_name": {"type": ["null", "string"]} for number in range(300)}
    report = plan(
        warehouse, [schema(**properties), record(**dict.fromkeys(properties, "x" * 50)), state(1)], encoders=0
    )
    text = screen(report)
    assert max(map(len, text.splitlines())) <= WIDTH
    assert len(report["streams"][0]["columns"]) == 300
    assert json.loads(json.dumps(report)) == report


def test_no_secret_is_read_and_none_is_shown() -> None:
    """References stay references, and COPY shows stars in place of keys."""
    changes = {
        "password": "vault://secret/no-such#p",
        "iam_role": None,
        "aws_access_key_id": "AKIA",
        "aws_secret_access_key": "wJalrXUtnFEMI",
    }
    report = plan("redshift", [schema(), record(id=1), state(1)], **changes)
    assert "SECRET_ACCESS_KEY '***'" in report["copies"][0]
    assert "wJalr" not in json.dumps(report)
