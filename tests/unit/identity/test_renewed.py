"""A value that ends is got again before it does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from singer_bulk.errors import ConfigError
from singer_bulk.identity.renewed import Ending, Renewed

from tests.aws_endpoint import BEGIN, MovedClock


class Source:
    """Gives the numbers from 1 on, each for so many seconds; fails while `refusal` is set."""

    def __init__(self, clock: MovedClock, seconds: float | None) -> None:
        self.clock, self.seconds = clock, seconds
        self.given = 0
        self.refusal: Exception | None = None

    def get(self) -> Ending[int]:
        if self.refusal is not None:
            raise self.refusal
        self.given += 1
        return Ending(self.given, None if self.seconds is None else self.clock.now() + timedelta(seconds=self.seconds))


@pytest.mark.parametrize(
    ("seconds", "asked_at", "given"),
    [
        (900, [0, 599, 600, 1199, 1200, 1800], [1, 1, 2, 2, 3, 4]),  # five minutes early
        (60, [0, 29, 30, 60], [1, 1, 2, 3]),  # at half of its life
        (None, [0, 10**9], [1, 1]),  # never by itself
    ],
)
def test_a_value_is_got_again_before_it_ends(seconds: float | None, asked_at: list[int], given: list[int]) -> None:
    """Five minutes before its end, or at half of a short life; one without end is kept."""
    clock = MovedClock()
    renewed = Renewed(Source(clock, seconds).get, "the number", runtime=clock)
    found = []
    for second in asked_at:
        clock.time = BEGIN + timedelta(seconds=second)
        found.append(renewed.value())
    assert found == given


def test_a_value_is_used_to_its_end_where_it_cannot_be_renewed(caplog: pytest.LogCaptureFixture) -> None:
    """A failure early is a warning, one after the end an error; as soon as it works again there is a new value."""
    clock = MovedClock()
    source = Source(clock, 900)
    renewed = Renewed(source.get, "the number", runtime=clock)
    assert renewed.value() == 1
    source.refusal = ConfigError("AWS is away", code="CFG-AWS")
    clock.after(899)
    assert renewed.value() == 1
    assert caplog.messages == ["the number could not be renewed, and is used until it ends: AWS is away [CFG-AWS]"]
    clock.after(1)
    with pytest.raises(ConfigError, match="AWS is away"):
        renewed.value()
    source.refusal = None
    assert renewed.value() == 2


def test_a_value_that_was_refused_is_got_again() -> None:
    """Whoever is given a password that no longer opens can ask for another one."""
    clock = MovedClock()
    renewed = Renewed(Source(clock, None).get, "the number", runtime=clock)
    assert (renewed.value(), renewed.value()) == (1, 1)
    renewed.drop()
    assert renewed.value() == 2
