"""The suite that needs database servers: left out unless it is asked for by --cdc (`make test-cdc`)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cdc.recordings import Recording, record
from tests.load.conftest import loader

__all__ = ["loader"]


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Recording]:
    """What was recorded of each tap so far; `recording` adds what is missing."""
    return {}


@pytest.fixture
def recording(
    request: pytest.FixtureRequest, recordings: dict[str, Recording], tmp_path_factory: pytest.TempPathFactory
) -> Recording:
    """The recording of the tap that the test is parametrized with."""
    name = request.getfixturevalue("tap_name")
    if name not in recordings:
        folder: Path = tmp_path_factory.mktemp(name)
        recordings[name] = record(name, folder)
    return recordings[name]
