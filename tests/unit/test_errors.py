"""Each error that is raised on purpose has a code, which its message ends in."""

from __future__ import annotations

import re

import pytest
from singer_bulk.error_codes import AREAS, CODES
from singer_bulk.errors import ConfigError, Interrupted, MessageError


def test_message_ends_in_the_code() -> None:
    """What is printed of an error ends in its code; its text is free of it, for a message that repeats the text."""
    error = MessageError(7, "broken JSON", "check the tap", code="IN-JSON")
    assert str(error) == "line 7: broken JSON; check the tap [IN-JSON]"
    assert error.text == "line 7: broken JSON; check the tap"
    assert str(Interrupted(15, "nothing was read")) == "stopped by signal 15; nothing was read [RUN-SIGNAL]"


def test_unknown_code_is_refused() -> None:
    """An error is not made with a code that the table does not have."""
    with pytest.raises(LookupError, match="CFG-NONE"):
        ConfigError("a setting is wrong", code="CFG-NONE")


@pytest.mark.parametrize("code", CODES)
def test_code_is_upper_case_and_of_a_known_area(code: str) -> None:
    """A code is AREA-WORD or AREA-WORD-WORD, and its sentence ends."""
    assert re.fullmatch(r"[A-Z]+(-[A-Z]+){1,2}", code)
    assert code.partition("-")[0] in AREAS
    assert CODES[code].endswith(".")


def test_no_area_is_without_codes() -> None:
    """Each area has codes."""
    assert {code.partition("-")[0] for code in CODES} == set(AREAS)
