"""A target killed while it changes a type leaves a table that the next run completes; two at once do no harm."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from local_warehouse import faults
from local_warehouse.directory import admin_socket

from tests.conftest import Run, Warehouses
from tests.fakes import record, schema
from tests.forks import Forked
from tests.load.loaders import Loader

INTEGER, STRING = {"type": ["null", "integer"]}, {"type": ["null", "string"]}


@pytest.fixture
def killed_at(warehouses: Warehouses, tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Start a target, and kill it when its warehouse has met the statement that matches."""
    used: set[Path] = set()

    def kill(loader: Loader, messages: list[Any], **where: Any) -> None:
        server = "redshift" if "redshift" in loader.command else "snowflake"
        path = admin_socket(warehouses.start(server).path, server)
        used.add(path)
        faults.send(path, {"do": "fault", "action": "hang", **where})
        config = tmp_path / "killed.json"
        with open(os.open(config, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            json.dump(loader.config, file)
        with Forked(loader.command, ["--config", config]) as run:
            assert run.stdin is not None
            run.stdin.write("".join(json.dumps(message) + "\n" for message in messages).encode())
            run.stdin.close()
            try:
                while _unmet(path, where.get("at", 1)):
                    assert run.poll() is None, "the target ended before it came to the statement"
                    threading.Event().wait(0.05)
            finally:
                run.kill()
        faults.send(path, {"do": "clear"})

    yield kill
    for path in used:
        faults.send(path, {"do": "clear"})


def _unmet(path: Path, at: int) -> bool:
    """Whether the fault still waits for its call; one that has hit is listed no more."""
    listed = faults.send(path, {"do": "list"})
    return any(fault["seen"] < at for fault in listed["faults"])


POINTS = [
    {"match": "UPDATE .*_sdc_widened_v", "when": "after"},
    {"match": "RENAME COLUMN", "when": "after"},
    {"match": "DROP COLUMN", "when": "before"},
]


@pytest.mark.parametrize("point", POINTS, ids=["filled", "renamed", "before the drop"])
def test_killed_in_the_middle_of_a_type_change(
    loader: Loader, killed_at: Callable[..., None], point: dict[str, Any]
) -> None:
    """Every value is readable behind the kill, and the next run has the table as if nothing had been."""
    loader.load(schema("s", id=INTEGER, v=INTEGER), record("s", id=1, v=7), record("s", id=2, v=None))
    text = [schema("s", id=INTEGER, v=STRING), record("s", id=3, v="x")]
    killed_at(loader, text, **point)
    names = [name.lower() for (name,) in loader.rows(_COLUMNS[loader.command])]
    # `v` first: the statement that hung may still take effect after the kill, and drop the column that v replaced.
    readable = sorted((name for name in names if name == "v" or name.startswith("_sdc_")), key=lambda name: name != "v")
    assert any(
        sorted(str(value) for (value,) in loader.rows(f"SELECT {name} FROM {{schema}}.s")) == ["7", "None"]
        for name in readable
    ), names
    run = loader.load(*text)
    assert run.status == 0, run.stderr
    assert sorted(name.lower() for (name,) in loader.rows(_COLUMNS[loader.command])) == ["id", "v"]
    assert loader.rows("SELECT id, v FROM {schema}.s ORDER BY id") == [(1, "7"), (2, None), (3, "x")]


_COLUMNS = {
    "target-redshift-copy": (
        "SELECT column_name FROM svv_columns WHERE table_schema = '{schema}' AND table_name = 's'"
    ),
    "target-snowflake-stage": (
        "SELECT column_name FROM information_schema.columns WHERE table_schema = '{schema}' AND table_name = 'S'"
    ),
}


def test_two_runs_change_one_table_at_once(loader: Loader) -> None:
    """Two runs that add columns to one table and change its types: each row of both arrives, or its run fails whole."""
    loader.load(schema("s", id=INTEGER, v=INTEGER), record("s", id=0, v=7))

    def load(number: int) -> Run:
        stream = schema("s", id=INTEGER, v=STRING, **{"common": STRING, f"only{number}": STRING})
        return loader.load(stream, record("s", id=number, v="x", common="y", **{f"only{number}": "z"}))

    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(load, (1, 2)))
    arrived = [number for number, run in enumerate(runs, start=1) if run.status == 0]
    assert arrived, runs[0].stderr[-2000:] + runs[1].stderr[-2000:]
    for number in {1, 2} - set(arrived):
        assert load(number).status == 0  # as its tap would send it again
    columns = sorted(name.lower() for (name,) in loader.rows(_COLUMNS[loader.command]))
    assert columns == ["common", "id", "only1", "only2", "v"]
    assert loader.rows("SELECT id, v, common, only1, only2 FROM {schema}.s ORDER BY id") == [
        (0, "7", None, None, None), (1, "x", "y", "z", None), (2, "x", "y", None, "z"),
    ]  # fmt: skip
