"""Which call a fault hits."""

import threading

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
        ({"action": "cut", "seconds": 1}, "seconds"),
        ({"action": "delay"}, "seconds"),
        ({"action": "slow"}, "seconds"),
        ({"action": "delay", "seconds": "1"}, "seconds"),
        ({"action": "delay", "seconds": 1, "times": 3}, "times"),
    ],
)
def test_a_fault_that_cannot_be_set_is_refused_by_name(fields, named):
    """A mistyped fault would let a crash test pass without a crash: it is refused and says which field."""
    with pytest.raises(FaultError, match=named):
        Fault.parse(fields)


def test_a_delay_holds_for_every_answer_until_it_is_cleared():
    """A delay makes no call fail, hides no fault behind it, and the first one that matches says how long it is."""
    faults = Faults()
    faults.set(Fault("delay", match="^copy", seconds=30))
    faults.set(Fault("delay", seconds=0.001))
    faults.set(Fault("error", match="^copy"))
    copying = threading.Thread(target=lambda: faults.trip("COPY a"))
    copying.start()
    faults.trip("SELECT 1")
    assert [fault["seen"] for fault in faults.shown() if fault["action"] == "delay"][1] == 1
    assert copying.is_alive()
    assert hits(faults, "COPY a", "COPY b") == [True, False]
    faults.clear()
    copying.join(10)
    assert not copying.is_alive()
    assert faults.shown() == []


def test_what_is_slow_is_each_statement():
    """A statement takes longer wherever it stands in a call; the answer to the call is not late by itself."""
    faults = Faults()
    faults.set(Fault("slow", match="^copy", seconds=30))
    faults.trip("COPY a; COPY b")
    copying = threading.Thread(target=lambda: hits(faults, "COPY a"))
    copying.start()
    assert hits(faults, "SELECT 1") == [False]
    assert copying.is_alive()
    faults.clear()
    copying.join(10)
    assert not copying.is_alive()


def test_calls_are_counted_from_the_moment_that_is_ordered():
    """Answers that a client waited for and what it asked are told apart, and no key of a COPY is written down."""
    faults = Faults()
    faults.trip("SELECT 0")
    hits(faults, "SELECT 0")
    assert (faults.counted().trips, faults.counted().calls) == (0, [])
    faults.count()
    faults.trip("COPY t ..; SELECT 1")
    hits(faults, "COPY t FROM 's3://b' ACCESS_KEY_ID 'AKIA'", "SELECT 1")
    assert (faults.counted().trips, faults.counted().calls) == (1, ["COPY t ", "SELECT 1"])
