"""What a room loads: the words of a warehouse are text, and need nothing of what reads, encodes or sends."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["target_redshift_copy.sql", "target_snowflake_stage.sql"])
def test_the_words_of_a_warehouse_load_no_library_of_others(module: str) -> None:
    """The SQL of a target can be imported and tested without the Singer SDK, S3 and the compiler of JSON Schemas."""
    code = f"import {module}, sys; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert module in loaded
    assert {"singer_sdk", "boto3", "botocore", "jsonschema_rs"}.isdisjoint(loaded)
