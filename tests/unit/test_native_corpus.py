"""The corpus of the fuzz of the native pass (tests/native), with the sanitisers of the system's compiler."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.native import replay


def test_the_corpus_passes_the_sanitizers(tmp_path: Path) -> None:
    """No input that the fuzz has kept makes the native pass leave a buffer, do what C leaves open, or fail a check."""
    try:
        program = replay.built(tmp_path)
    except replay.NoSanitizers as reason:
        pytest.skip(f"the corpus is not replayed: {reason}")
    inputs = sorted(replay.CORPUS.iterdir())
    done = subprocess.run([program, *inputs], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{len(inputs)} inputs\n", "")
    assert len(inputs) > 100
