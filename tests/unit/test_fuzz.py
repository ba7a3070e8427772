"""The short form of the fuzz (tests/fuzz); `make fuzz` is the long one. What either finds gets a case of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.fuzz.kinds import KINDS

# Seeds of each kind: about two seconds each.
SHORT = {"whole_runs": 25, "damaged_lines": 25, "settings": 100, "files": 100, "tap_files": 40, "native_rows": 10}


@pytest.fixture(autouse=True)
def _silent() -> Iterator[None]:
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_comes_up_that_nobody_has_foreseen(kind: str) -> None:
    """Names, messages, settings and files of any kind load whole, or are refused by an error of ours."""
    for seed in range(SHORT[kind]):
        try:
            KINDS[kind](seed)
        except Exception as error:
            pytest.fail(f"{kind}({seed}): {error!r}")
