"""Secrets by reference: what a text means, how often a source is asked, and what is said where nothing is found."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from singer_bulk.identity.held import AGAIN_SECONDS, EARLY_SECONDS, Found, NotResolved, Secrets, Source

SECRET = "hunter2"


class World:
    """A source that counts its readings, a clock that a test moves, and what has been masked."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.answers: dict[str, Any] = {}
        self.readings: list[str] = []
        self.hidden: list[str] = []
        self.work: list[Callable[[], None]] = []
        self.secrets = Secrets(
            {"store": Source("a store", self.read), "plain": Source("a place", self.read, has_parts=False)},
            self.hidden.append,
            clock=lambda: self.now,
            start=self.work.append,
        )

    def read(self, place: str) -> Found:
        self.readings.append(place)
        answer = self.answers.get(place, NotResolved("which is not there", "put it there"))
        if isinstance(answer, Exception):
            raise answer
        return answer() if callable(answer) else Found(answer)

    def value(self, text: str) -> str:
        return self.secrets.values({"password": text})["password"]


@pytest.fixture
def world() -> World:
    """Nothing read yet."""
    return World()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("store:a", "one"),
        ("store:a:b", "two"),  # an ARN has colons
        ("store:json#user", "me"),
        ("store:json#port", "5439"),
        ("plain:with#mark", "three"),  # a file's name may have any character
        ("literal:store:a", "store:a"),
        ("literal:literal:x", "literal:x"),
        ("literal:", ""),
        ("store", "store"),
        ("STORE:a", "STORE:a"),
        ("my store:a", "my store:a"),  # only how a text begins counts
        (" store:a", " store:a"),
        ("storex:a", "storex:a"),
        ("store:leads", "store:a"),  # what a reference leads to is no reference
        ("", ""),
    ],
)
def test_what_a_text_means(world: World, text: str, value: str) -> None:
    """A text that begins with a scheme and a colon is a reference; an escape writes one that is none."""
    world.answers = {"a": "one", "a:b": "two", "json": '{"user": "me", "port": 5439}', "with#mark": "three"}
    world.answers["leads"] = "store:a"
    assert world.value(text) == value


ESCAPE = "or, if the text is the secret itself, write literal: before it"


@pytest.mark.parametrize(
    ("text", "problem", "remedy"),
    [
        ("store:nowhere", "which is not there", "put it there"),
        ("store:", "whose name is missing", "write it behind store:"),
        ("store:#user", "whose name is missing", "write it behind store:"),
        ("store:json#pass", "which has no part of that name", "correct what stands behind #"),
        ("store:text#user", "which is no JSON object and has no parts", "leave out # and what stands behind it"),
        ("store:json#list", "which is no text there", "name a part that is one"),
        ("store:json#flag", "which is no text there", "name a part that is one"),
        ("store:parts", "which has parts, and none is named", "write # and the name of one behind it"),
        ("store:empty", "which is empty", "put the secret there"),
        ("store:nul", "which has the character NUL, at which drivers cut a text", "remove it"),
    ],
)
def test_a_reference_that_leads_nowhere(world: World, text: str, problem: str, remedy: str) -> None:
    """The setting is named, with what is wrong and what to do; neither the reference nor a value is shown."""
    world.answers = {
        "json": '{"user": "hunter2", "list": ["hunter2"], "flag": true}',
        "text": SECRET,
        "empty": "",
        "nul": "hunter2\0",
        "parts": lambda: Found(parts={"user": SECRET}),
    }
    with pytest.raises(NotResolved) as refused:
        world.value(text)
    assert str(refused.value) == (
        f"setting 'password' is a reference (store:) to a store, {problem}; {remedy}, {ESCAPE}"
    )


def test_each_source_is_asked_once(world: World) -> None:
    """Settings that name parts of one secret share a reading, as all connections do; each value is masked at once."""
    world.answers = {"json": '{"user": "me", "password": "hunter2"}'}
    for _ in range(3):
        assert world.secrets.values({"user": "store:json#user", "password": "store:json#password"}) == {
            "user": "me",
            "password": SECRET,
        }
    assert world.readings == ["json"]
    assert set(world.hidden) == {"me", SECRET}
    world.value("literal:s3cret")
    assert "s3cret" in world.hidden
    assert SECRET not in repr(vars(world.secrets)["_held"])


def test_threads_share_a_reading(world: World) -> None:
    """Connections that are made side by side do not ask side by side."""
    world.answers = {"a": SECRET}
    threads = [threading.Thread(target=world.value, args=("store:a",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.readings == ["a"]


def test_what_is_rotated_is_read_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A connection after an hour looks again, and goes on with what it had where the store is away."""
    world.answers = {"a": "old"}
    assert world.value("store:a") == "old"
    world.answers = {"a": "new"}
    world.now += AGAIN_SECONDS - 1
    assert world.value("store:a") == "old"
    world.now += 1
    assert world.value("store:a") == "new"
    world.now += AGAIN_SECONDS
    world.answers = {}
    assert world.value("store:a") == "new"
    assert "a secret that was due could not be read again, the one before is used: which is not there" in caplog.text


class Leases:
    """A store that leases: each reading another value, for an hour, renewed up to three hours after it was given."""

    def __init__(self, world: World, hours: float = 3) -> None:
        self.world, self.hours = world, hours
        self.given = self.renewed = 0

    def __call__(self) -> Found:
        self.given += 1
        got = self.world.now
        return Found(
            parts={"user": f"u{self.given}", "password": f"p{self.given}"},
            ends=got + 3600,
            renew=lambda: self._renew(got + self.hours * 3600),
        )

    def _renew(self, latest: float) -> float:
        self.renewed += 1
        return min(self.world.now + 3600, latest)


def test_a_run_of_three_lifetimes_keeps_its_lease(world: World) -> None:
    """Sessions that stay open lose nothing: the lease is renewed before it ends, without anybody asking for it."""
    world.answers = {"db": (leases := Leases(world, hours=100))}
    assert world.value("store:db#password") == "p1"
    assert len(world.work) == 1  # what looks after leases runs, once
    ends = world.now + 3600
    for _ in range(3):
        world.now = ends - EARLY_SECONDS - 1
        world.secrets.renew_due()
        renewed = leases.renewed
        world.now += 1
        world.secrets.renew_due()
        assert leases.renewed == renewed + 1
        ends = world.now + 3600
    assert world.value("store:db#password") == "p1"
    assert (leases.given, leases.renewed) == (1, 3)


def test_what_can_no_longer_be_renewed_is_leased_anew(world: World) -> None:
    """At the end of all renewals a connection gets another user with its password, both of one lease."""
    world.answers = {"db": (leases := Leases(world))}
    got = []
    for _ in range(360):  # ten hours
        got.append(world.secrets.values({"user": "store:db#user", "password": "store:db#password"}))
        world.now += 100
        world.secrets.renew_due()
    assert all(one["user"][1:] == one["password"][1:] for one in got)
    assert [one["user"] for one in got] == sorted(one["user"] for one in got)
    assert leases.given == 4  # not quite three hours from each


def test_a_lease_that_has_ended_is_not_used(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Where the store is away in the end the error says so; until then the lease that is there serves."""
    leases = [Leases(world)()]
    world.answers = {"db": lambda: leases[0]}
    assert world.value("store:db#user") == "u1"
    broken = NotResolved("which is away", "bring it back")
    leases[0] = Found(parts={}, ends=0)
    world.answers = {"db": broken}
    world.now += 3600 - EARLY_SECONDS
    # It can still be renewed, so it is not even asked for.
    assert world.value("store:db#user") == "u1"
    world.now += 3 * 3600
    with pytest.raises(NotResolved, match="is a reference \\(store:\\) to a store, which is away; bring it back"):
        world.value("store:db#user")


def test_a_lease_whose_renewal_fails_is_read_anew_in_time(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A renewal that is refused costs the run nothing while the store gives another."""
    refused = NotResolved("whose lease is not renewed", "ask for another")

    def renew() -> float:
        raise refused

    given = iter("12")
    world.answers = {"db": lambda: Found(parts={"user": f"u{next(given)}"}, ends=world.now + 3600, renew=renew)}
    assert world.value("store:db#user") == "u1"
    world.now += 3600 - EARLY_SECONDS
    world.secrets.renew_due()
    assert world.value("store:db#user") == "u2"
    assert "a lease could not be renewed: whose lease is not renewed" in caplog.text
