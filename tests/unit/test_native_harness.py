"""The program that shows what the native pass does where no Python runs (tests/native/harness.c)."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from singer_bulk.model.library import library

from tests.native.cases import cases, file_of, output_of
from tests.native.replay import SOURCES


def test_the_program_writes_what_the_library_does(tmp_path: Path) -> None:
    """On this machine both make the same of all cases; so a difference on another one is that machine's."""
    compiler = shutil.which("cc")
    if compiler is None or library() is None:
        pytest.skip("no cc, or no native library")
    made, program, file = list(cases()), tmp_path / "harness", tmp_path / "cases"
    sources = [Path(__file__).parent.parent / "native" / "harness.c", *SOURCES[1:]]
    subprocess.run([compiler, "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program, *sources], check=True)
    file.write_bytes(file_of(made))
    done = subprocess.run([program, file], check=True, capture_output=True)
    assert done.stdout == output_of(made)
    assert done.stdout.count(b"rows ") > 100
