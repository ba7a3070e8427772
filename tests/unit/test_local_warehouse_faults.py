"""Which call a fault hits."""

import pytest
from local_warehouse.faults import Fault, FaultError, Faults


def hits(faults: Faults, *calls: str) -> list[bool]:
    return [faults.due(call) is not None for call in calls]


def test_the_nth_matching_call_fails_and_only_that():
    """`at` counts the calls that match from the moment the fault is set; the fault is spent after one hit."""
    faults = Faults()
    faults.set(Fault("error", at=2, match="^copy"))
    assert hits(faults, "COPY a", "SELECT 1", "copy b", "COPY c") == [False, False, True, False]


def test_times_hits_that_many_calls_in_a_row():
    """`times` makes the n-th call and those after it fail, then the server is well again."""
    faults = Faults()
    faults.set(Fault("cut", at=2, times=2))
    assert hits(faults, "a", "b", "c", "d") == [False, True, True, False]


def test_two_faults_count_independently():
    """Each fault counts its own matches, also while another one hits."""
    faults = Faults()
    faults.set(Fault("error", at=1, match="a"))
    faults.set(Fault("hang", at=2, match="a"))
    first, second, third = faults.due("a"), faults.due("a"), faults.due("a")
    assert (first and first.action, second and second.action, third) == ("error", "hang", None)


def test_clear_drops_waiting_faults_and_releases_hanging_calls():
    """After clear no call fails, and a call that hangs in a spent fault goes on."""
    faults = Faults()
    faults.set(Fault("hang"))
    faults.set(Fault("error", at=9))
    hanging = faults.due("x")
    assert hanging is not None
    faults.clear()
    assert hanging.released.is_set()
    assert faults.shown() == []


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"action": "explode"}, "explode"),
        ({}, "action"),
        ({"action": "cut", "when": "later"}, "later"),
        ({"action": "cut", "at": 0}, "at"),
        ({"action": "cut", "times": "2"}, "times"),
        ({"action": "cut", "match": "("}, "match"),
        ({"action": "cut", "seen": 3}, "seen"),
        ({"action": "conflict", "conflict": 1018}, "conflict"),
        ({"action": "cut", "statement": "x"}, "statement"),
    ],
)
def test_a_fault_that_cannot_be_set_is_refused_by_name(fields, named):
    """A mistyped fault would let a crash test pass without a crash: it is refused and says which field."""
    with pytest.raises(FaultError, match=named):
        Fault.parse(fields)
