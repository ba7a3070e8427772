"""`python -m tests.native.fuzz --minutes 60`: a fuzz of the native pass, guided by what it covers (fuzz_rows.c).

It goes on with what it found before (.fuzz/rows), and begins with corpus/ and the inputs of seeds.py. An input that
fails the sanitisers of addresses and undefined behaviour, or a check of fuzz_rows.c, is left in .fuzz/rows-*, and the
exit status is not 0. `--keep` puts the fewest inputs of the same coverage into corpus/, which the suite replays. clang
comes from Debian's packages where the machine has none; exit status 3, with a line that says why: it cannot be had.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.debian import AptCache, Unavailable, libraries, program, unpacked
from tests.native import seeds
from tests.native.replay import CORPUS, SOURCES, TOP

CANNOT_BE_HAD = 3
FOLDER = TOP / ".fuzz"
MAX_BYTES = 4096  # of an input
KEPT_BYTES = 600  # of an input in corpus/
SANITIZERS = ("-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all")


def compiler() -> tuple[str, dict[str, str]]:
    """Return clang, and the variables that it needs; raises Unavailable."""
    found = shutil.which("clang")
    if found is not None:
        return found, dict(os.environ)
    root = unpacked("clang", _names)
    version = re.findall(r"\d+", str(max(root.glob("usr/lib/llvm-*"), default="")))[-1:]
    if not version:
        raise Unavailable("clang is installed, but not in the path")
    path = program(root, f"usr/lib/llvm-{version[0]}/bin/clang")
    return str(path), {**os.environ, "LD_LIBRARY_PATH": libraries(root)}


def _names(apt_cache: AptCache) -> list[str]:
    found = apt_cache("search", "--names-only", r"^libclang-rt-[0-9]+-dev$")
    versions = re.findall(r"^libclang-rt-(\d+)-dev ", found, re.MULTILINE)
    if not versions:
        raise Unavailable("no package libclang-rt-*-dev")
    version = min(versions, key=int)
    return [f"clang-{version}", f"libclang-rt-{version}-dev"]


def _fuzzer() -> Path:
    clang, variables = compiler()
    made = FOLDER / "fuzz_rows"
    made.unlink(missing_ok=True)  # it may be running
    command = [clang, "-O2", "-g", "-std=c11", *SANITIZERS, "-o", made, *SOURCES]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"clang does not make a fuzzer here: {done.stderr.splitlines()[-1:]}")
    return made


def _run(fuzzer: Path, *arguments: str | Path) -> int:
    return subprocess.run([fuzzer, f"-max_len={MAX_BYTES}", *arguments], cwd=FOLDER, check=False).returncode


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--keep", action="store_true", help="put what was found into corpus/, and end")
    chosen = parser.parse_args(arguments)
    found, first = FOLDER / "rows", FOLDER / "rows.seeds"
    found.mkdir(parents=True, exist_ok=True)
    try:
        fuzzer = _fuzzer()
    except Unavailable as problem:
        print(f"the native pass is not fuzzed: {problem}")
        return CANNOT_BE_HAD
    seeds.write(first)
    if chosen.keep:
        shutil.rmtree(CORPUS, ignore_errors=True)
        CORPUS.mkdir()
        # How often a place is come to does not count: those inputs would be three times as many.
        return _run(fuzzer, "-merge=1", "-use_counters=0", f"-max_len={KEPT_BYTES}", CORPUS, found, first)
    words = Path(__file__).with_name("json.dict")
    limits = (f"-max_total_time={int(chosen.minutes * 60)}", f"-dict={words}", "-artifact_prefix=rows-")
    return _run(fuzzer, *limits, "-print_final_stats=1", found, CORPUS, first)


if __name__ == "__main__":
    sys.exit(main())
