"""What a run costs before its first record: `python -m bench.start NAME=FOLDER ...`.

CPU seconds (user and system) of whole commands against the stand-ins: of an input without a message, of a SCHEMA and a
STATE without a record, and of one record; and what the largest imports are alone. Each FOLDER has an environment for
each target, as a user has it; those of several checkouts run in turn, and the table has a column for each, of medians.
In a checkout, for each TARGET:

    UV_PROJECT_ENVIRONMENT=FOLDER/TARGET uv sync --locked --no-dev --no-editable --compile-bytecode --package TARGET

Without an argument the project's own environment is measured. Options: --rounds 7, --warehouses redshift,snowflake.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from local_warehouse.supervisor import StandIns

from bench.measure import run

TARGETS = {"redshift": "target-redshift-copy", "snowflake": "target-snowflake-stage"}
DRIVERS = {"redshift": "psycopg2", "snowflake": "snowflake.connector"}
SCHEMA = {
    "type": "SCHEMA", "stream": "start", "key_properties": ["id"],
    "schema": {"type": "object", "properties": {"id": {"type": "integer"}, "name": {"type": ["null", "string"]}}},
}  # fmt: skip
RECORD = {"type": "RECORD", "stream": "start", "record": {"id": 1, "name": "one"}}
STATE = {"type": "STATE", "value": {"id": 1}}
INPUTS = {"no message": [], "no record": [SCHEMA, STATE], "one record": [SCHEMA, RECORD, STATE]}
# What is run -> its command and its input.
Cases = dict[str, tuple[list[str], Path]]


def cases(stand_ins: StandIns, warehouse: str, environment: Path, folder: Path) -> Cases:
    """Return the commands by what they do."""
    python = [str(environment / "bin" / "python"), "-c"]
    command = [str(environment / "bin" / TARGETS[warehouse])]
    nothing = Path("/dev/null")
    made: Cases = {
        f"{warehouse}: import singer_sdk": ([*python, "import singer_sdk"], nothing),
        f"{warehouse}: import botocore.session": ([*python, "import botocore.session"], nothing),
        f"{warehouse}: import {DRIVERS[warehouse]}": ([*python, f"import {DRIVERS[warehouse]}"], nothing),
        f"{warehouse}: --version": ([*command, "--version"], nothing),
    }
    for pipeline in (None, "start"):
        settings = {**stand_ins.configs[warehouse], "s3_key_prefix": "start", "encoders": 0}
        path = folder / f"{warehouse}.{pipeline}.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps({**settings, "pipeline_id": pipeline} if pipeline else settings))
        for name, messages in INPUTS.items():
            source = folder / f"{name}.singer"
            source.write_text("".join(json.dumps(message) + "\n" for message in messages))
            ending = ", pipeline_id" if pipeline else ""
            made[f"{warehouse}: {name}{ending}"] = ([*command, "--config", str(path)], source)
    return made


def table(costs: dict[str, dict[str, list[float]]]) -> Iterator[str]:
    """Yield the lines of the table: median CPU seconds, by what is run and by checkout."""
    columns = list(next(iter(costs.values())))
    yield f"| | {' | '.join(f'{column}, CPU s' for column in columns)} |"
    yield "|---|" + "---:|" * len(columns)
    for case, found in costs.items():
        yield f"| {case} | {' | '.join(f'{median(found[column]):.2f}' for column in columns)} |"


def environments(text: str) -> tuple[str, Callable[[str], Path]]:
    """Return the name of a column, and where it has the environment of a target."""
    name, _, folder = text.partition("=")
    return name, lambda target: Path(folder) / target


def main() -> None:
    """Read the options, start the stand-ins, measure."""
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("environments", nargs="*", type=environments, default=[("now", lambda _: Path(sys.prefix))])
    words.add_argument("--rounds", type=int, default=7)
    words.add_argument("--warehouses", type=lambda text: text.split(","), default=tuple(TARGETS))
    chosen = words.parse_args()
    costs: dict[str, dict[str, list[float]]] = {}
    with StandIns() as stand_ins, tempfile.TemporaryDirectory() as folder:
        for number in range(chosen.rounds + 1):
            for warehouse in chosen.warehouses:
                columns = {
                    name: cases(stand_ins, warehouse, place(TARGETS[warehouse]), Path(folder))
                    for name, place in chosen.environments
                }
                for case in next(iter(columns.values())):
                    for name, commands in columns.items():
                        command, source = commands[case]
                        cost = run(command, source).cpu_seconds
                        if number:  # the first round makes the tables
                            costs.setdefault(case, {}).setdefault(name, []).append(cost)
    sys.stdout.write("\n".join(table(costs)) + "\n")


if __name__ == "__main__":
    main()
