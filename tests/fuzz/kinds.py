"""The kinds of fuzz: each takes a seed, and raises where something has come up that nobody has foreseen."""

from __future__ import annotations

import contextlib
import json
import logging
import tempfile
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random
from typing import Any

from singer_bulk.errors import BulkError
from singer_bulk.maps.stream_maps import StreamMapper, settings_of_maps
from singer_bulk.settings.files import read_config
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.mapper import PluginMapper
from tap_csv_extract.errors import TapError, Unexpected
from target_redshift_copy.cli import TargetRedshiftCopy
from target_redshift_copy.config import of_ini
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.fakes import Bench, state
from tests.fuzz import draws
from tests.fuzz.rows import native_rows
from tests.unit.tap_run import run_lines

SETTINGS: Mapping[str, list[Any]] = {
    "load_method": ["append-only", "append-only", "overwrite"],  # the warehouse of the fakes knows no merge
    "validate_records": [True, True, False],
    "on_invalid_record": ["error", "reject", "reject"],
    "extra_properties": ["warn", "column"],
    "invalid_datetime": ["error", "null", "text"],
    "rounding": ["error", "half_even"],
    "number_type": ["double", "decimal"],
    "nul_characters": ["error", "remove"],
    "json_as_text": [False, False, True],
    "add_record_metadata": [False, True],
    "end_of_input": ["auto", "any"],
}
MAPS: list[dict[str, Any]] = [
    {}, {}, {"flattening_enabled": True, "flattening_max_depth": 2}, {"stream_maps": {"*": {"id": "__NULL__"}}},
    {"stream_maps": {"*": {"new": "str(record)"}}},
]  # fmt: skip


def whole_runs(seed: int) -> None:
    """A run of any SCHEMA, records and settings; one without an error has loaded or set aside every record."""
    random = Random(seed)
    stream = "orders"
    message = draws.schema_message(random, stream)
    properties = message["schema"].get("properties")
    names = list(properties) if isinstance(properties, dict) else []
    count = random.choice([1, 3, 12])
    lines = [json.dumps(message), *(draws.record_line(random, stream, names) for _ in range(count))]
    lines.insert(random.randrange(len(lines) + 1), json.dumps(state(draws.value(random))))
    settings = {name: draws.pick(random, choices) for name, choices in SETTINGS.items()}
    bench = _run("\n".join([*lines, json.dumps(state(1))]) + "\n", random, settings)
    if bench is None:
        return
    loaded = sum(len(rows) for table, rows in bench.warehouse.committed.items() if "_singer_loads" not in table)
    aside = sum(text.count(b'"rejected_because"') for key, text in bench.stage.files.items() if "_rejected" in key)
    if settings["load_method"] == "append-only" and loaded + aside != count:
        raise AssertionError(f"{count} records came, {loaded} were loaded and {aside} set aside")


def damaged_lines(seed: int) -> None:
    """A run in which one line is damaged."""
    random = Random(seed)
    message = draws.schema_message(random, "s")
    good = [json.dumps(message), *(draws.record_line(random, "s", ["id"]) for _ in range(10)), json.dumps(state(1))]
    lines = [line.encode() for line in good]
    at = random.randrange(len(lines))
    lines[at] = draws.damaged(random, good[at])
    _run(b"\n".join(lines) + b"\n", random, {"on_invalid_record": random.choice(["error", "reject"])})


def settings(seed: int) -> None:
    """Settings of any value: a target is made of them, or refuses them by name."""
    random = Random(seed)
    target = random.choice([TargetRedshiftCopy, TargetSnowflakeStage])
    names = list(target.config_jsonschema["properties"])
    config = {draws.pick(random, names): draws.value(random) for _ in range(random.randrange(1, 4))}
    needed = dict.fromkeys(target.config_jsonschema.get("required", ()), "x")
    with contextlib.suppress(BulkError, ConfigValidationError):
        made = target(config={**needed, **config})
        made.load_settings()


def files(seed: int) -> None:
    """A configuration file of any bytes."""
    random = Random(seed)
    text = json.dumps(draws.value(random)) if random.random() < 0.5 else "[aws_creds]\nport = 5439\nhost = h\n"
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(BulkError):
        path = Path(folder) / "config"
        path.write_bytes(draws.damaged(random, text))
        read_config(str(path), of_ini)


def tap_files(seed: int) -> None:
    """A CSV file of any bytes, read by the tap with any entry."""
    random = Random(seed)
    rows = [",".join(draws.pick(random, draws.TEXTS) for _ in range(3)) for _ in range(20)]
    text = draws.damaged(random, "a,b,c\n" + "\n".join(rows))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / random.choice(["a.csv", "a.csv.gz", "a.zip"])
        path.write_bytes(text)
        entry: dict[str, Any] = {"stream": draws.pick(random, draws.NAMES) or "s", "path": str(path)}
        if random.random() < 0.5:
            entry[random.choice(["delimiter", "quote", "encoding", "header", "null_text", "keys"])] = draws.value(
                random, 1
            )
        try:
            run_lines(entry)
        except Unexpected:
            raise
        except (TapError, ConfigValidationError):
            pass


def _run(text: str | bytes, random: Random, settings: Mapping[str, Any]) -> Bench | None:
    """Run the lines; return nothing if the run refused them, raise what nobody has foreseen."""
    bench = Bench()
    maps = draws.pick(random, MAPS)
    try:
        with settings_of_maps():
            config = PluginMapper(plugin_config=maps, logger=logging.getLogger("fuzz"))
        bench.run(_source(text), mapper=StreamMapper(config) if maps else None, **settings)
    except BulkError as refused:
        if refused.code.startswith("RUN-") and not _is_of_the_fakes(refused):
            raise
        return None
    return bench


def _is_of_the_fakes(error: BulkError) -> bool:
    """Return whether the warehouse in memory was asked for what it does not know, as the change of a column."""
    cause = error.__cause__
    if not isinstance(cause, AssertionError):
        return False
    return traceback.extract_tb(cause.__traceback__)[-1].filename.endswith("tests/fakes.py")


class _source:  # noqa: N801 - what a run reads from
    """Bytes as a run reads them where there is no descriptor."""

    def __init__(self, text: str | bytes) -> None:
        self._rest = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text

    def read(self, size: int) -> bytes:
        part, self._rest = self._rest[:size], self._rest[size:]
        return part


KINDS: Mapping[str, Callable[[int], None]] = {
    "whole_runs": whole_runs,
    "damaged_lines": damaged_lines,
    "settings": settings,
    "files": files,
    "tap_files": tap_files,
    "native_rows": native_rows,
}
