"""`python -m tests.faults`: the long form on both stand-ins at once; writes docs/faults.md.

`--kills 20 --pairs 5 --instants 3` makes it shorter. `--only redshift` writes the outcomes of one warehouse to standard
output, `--pipelines` those of whole pipelines alone, `--side-by-side` those of what Snowflake runs side by side, and
`--page FILE...` the page from such outcomes. `--part 0/3`, 1/3 and 2/3 share the pipelines of one warehouse among three
processes; `--after FILE` goes on where one was stopped. `--redshift serverless` is Redshift alone, as a workgroup; its
outcomes go to standard output.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults.long_form import run_all, run_pipelines, run_side_by_side
from tests.faults.page import page
from tests.faults.strikes import TARGETS

PAGE = Path(__file__).parent.parent.parent / "docs" / "faults.md"


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="at random instants, per warehouse")
    parser.add_argument("--pairs", type=int, default=50, help="of pipelines at once, per warehouse and kind")
    parser.add_argument("--instants", type=int, default=50, help="at which each signal meets each receiver, likewise")
    parser.add_argument("--only", choices=list(TARGETS))
    parser.add_argument("--part", default="0/1", metavar="K/N", help="of the pipelines; goes with --only --pipelines")
    parser.add_argument("--pipelines", action="store_true", help="only whole pipelines")
    parser.add_argument("--side-by-side", action="store_true", help="only what Snowflake runs side by side")
    parser.add_argument("--after", type=Path, metavar="FILE", help="go on behind the pipelines that this output has")
    parser.add_argument("--redshift", choices=["provisioned", "serverless"], default="provisioned")
    parser.add_argument("--page", type=Path, nargs="+", metavar="FILE")
    chosen = parser.parse_args()
    only = "redshift" if chosen.redshift == "serverless" else chosen.only
    if chosen.page:
        write_page(line for file in chosen.page for line in file.read_text().splitlines())
    elif chosen.side_by_side:
        run_side_by_side("snowflake")
    elif only:
        if not chosen.pipelines:
            run_all(only, chosen.kills, chosen.pairs, chosen.redshift)
        part, parts = map(int, chosen.part.split("/"))
        done = _done(chosen.after)
        run_pipelines(only, chosen.instants, chosen.pairs, part, parts, done=done, redshift=chosen.redshift)
    else:
        lines = _both(sys.argv[1:])
        if chosen.pipelines:
            sys.stdout.writelines(line + "\n" for line in lines)
        else:
            write_page(lines)


def write_page(lines: Iterable[str]) -> None:
    """Write docs/faults.md from outcomes."""
    PAGE.write_text(page(json.loads(line) for line in lines))


def _done(file: Path | None) -> Counter[str]:
    """Return the number of outcomes of each kind."""
    lines = [] if file is None else file.read_text().splitlines()
    return Counter(json.loads(line)["kind"] for line in lines)


def _both(arguments: Sequence[str]) -> list[str]:
    command = [sys.executable, "-m", "tests.faults", *arguments, "--only"]
    running = [subprocess.Popen([*command, warehouse], stdout=subprocess.PIPE, text=True) for warehouse in TARGETS]
    with ThreadPoolExecutor(len(running)) as readers:  # one that is not read stops when its pipe is full
        outputs = list(readers.map(lambda process: process.communicate()[0], running))
    if any(process.returncode for process in running):
        raise SystemExit("the long form ended early; see above")
    return [line for output in outputs for line in output.splitlines()]


if __name__ == "__main__":
    main()
