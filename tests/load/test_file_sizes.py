"""A large stream reaches its warehouse in the files that it wants: Redshift one for each slice, Snowflake one."""

from __future__ import annotations

import random
import zlib
from typing import Any

import pytest
from target_redshift_copy.cli import TargetRedshiftCopy
from target_redshift_copy.config import DEFAULT_SLICES

from tests.fakes import record, schema, state
from tests.load.loaders import Loader

COUNT = 40_000
ORDERS = schema(id={"type": "integer"}, note={"type": "string"})


def records() -> list[dict[str, Any]]:
    """Return records whose rows take about 4 MB compressed: the digits of random bytes cannot be squeezed further."""
    source = random.Random(7)
    return [record(id=number, note=source.randbytes(90).hex()) for number in range(COUNT)]


@pytest.mark.parametrize("encoders", [0, 2])
def test_files_of_a_large_stream(loader: Loader, encoders: int, pytestconfig: pytest.Config) -> None:
    """Redshift: a file for each slice, as the cluster says, four on Serverless; Snowflake: one. Each row once."""
    run = loader.load(ORDERS, *records(), state("end"), keep_staged_files=True, encoders=encoders)
    assert run.status == 0, run.stderr
    assert run.states == ["end"]
    assert loader.rows("SELECT count(*), count(distinct id), min(id), max(id) FROM {schema}.orders") == [
        (COUNT, COUNT, 0, COUNT - 1)
    ]
    files = [loader.s3.body(key) for key in loader.staged_keys() if key.endswith(".csv.gz")]
    wanted = 1
    if loader.command == "target-redshift-copy":
        serverless = pytestconfig.getoption("--redshift") == "serverless"
        wanted = DEFAULT_SLICES if serverless else loader.rows("SELECT count(*) FROM stv_slices")[0][0]
    assert len(files) == wanted
    sizes = [len(file) for file in files]
    assert min(sizes) > 0.8 * sum(sizes) / len(sizes)
    assert max(sizes) - min(sizes) < 300_000
    rows = 0
    for file in files:
        reader = zlib.decompressobj(wbits=31)
        rows += reader.decompress(file).count(b"\n")
        assert reader.eof
        assert reader.unused_data == b""
    assert rows == COUNT
    assert loader.rows("SELECT file_count FROM {schema}._singer_loads") == [(len(files),)]


def test_refused_question_costs_the_session_nothing(redshift_config: dict[str, Any]) -> None:
    """What a warehouse refuses to answer (Serverless: STV_SLICES) is None, and the session goes on."""
    warehouse = TargetRedshiftCopy(config=redshift_config).connector().warehouse
    assert warehouse.ask_if_allowed("counting", "SELECT COUNT(*) FROM stv_nothing") is None
    assert warehouse.ask_if_allowed("counting", "SELECT COUNT(*) FROM pg_namespace WHERE nspname = 'none'") == [(0,)]
    warehouse.close()
