"""A misconfiguration is planted: the doctor is asked, what it says is done literally, it is asked again, until all is
well; then a first load has to pass. What was found in each round is kept."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from unittest import mock

from singer_bulk.doctor.question import examined
from singer_bulk.doctor.steps import Outcome, Result
from singer_bulk.face.plugin import GivenConfig
from singer_bulk.face.questions import Asked
from singer_bulk.model.runtime import STANDARD, Runtime

from tests.first_day.cases import orders
from tests.first_day.place import TARGETS, Config, Place, ran

# Steps whose policies are for who writes the files.
OF_WRITER = ("identity", "bucket", "put", "multipart", "get", "list", "delete")
ROUNDS = 12


def ask(
    warehouse: str, config: Mapping[str, Any], variables: Mapping[str, str] | None = None, runtime: Runtime = STANDARD
) -> list[Result]:
    """Return what the doctor finds, in an environment that says nothing else."""
    given = GivenConfig()
    given.config.update({name: value for name, value in config.items() if value is not None})
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TARGET_"))}
    clean |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": tempfile.gettempdir(), **(variables or {})}
    with mock.patch.dict(os.environ, clean, clear=True):
        return [*examined(Asked(TARGETS[warehouse], given, True, {}), runtime)]


def right(place: Place, warehouse: str) -> Config:
    """Return the right configuration whose screen is in docs/doctor.md."""
    return {**place.config(warehouse, 1), "load_method": "upsert", "current_view": False}


def failed(results: list[Result]) -> list[Result]:
    return [one for one in results if one.outcome is Outcome.FAILED]


@dataclass
class Planted:
    """One misconfiguration while it is tried: whose policies and statements are whose."""

    place: Place
    warehouse: str
    number: int
    config: Config = field(default_factory=dict)  # as it is now
    right: Config = field(default_factory=dict)  # what the settings are corrected to
    variables: dict[str, str] = field(default_factory=dict)
    runtime: Runtime = STANDARD
    literal: bool = False  # statements are run, also where correcting a setting is the other way
    user: str = ""  # of AWS, who writes
    role: str = ""  # of AWS, who reads for COPY
    mended: Callable[[Result], None] | None = None  # what else is done, of what no statement does
    _policies: int = 0

    def sql(self, *statements: str) -> None:
        self.place.sql(self.warehouse, *statements)

    def new_user(self, *actions: str) -> None:
        """Let the files be written by a user of AWS who may do this and nothing else."""
        iam, self.user = self.place.client("iam"), f"doctor{self.number}"
        iam.create_user(UserName=self.user)
        key = iam.create_access_key(UserName=self.user)["AccessKey"]
        self.config |= {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        if actions:
            self.allow("user", *actions)

    def new_role(self, trust: Mapping[str, Any], *actions: str) -> str:
        """Let COPY read as a role of AWS that trusts so, and may do this."""
        self.role = f"doctor-role{self.number}"
        made = self.place.client("iam").create_role(RoleName=self.role, AssumeRolePolicyDocument=json.dumps(trust))
        if actions:
            self.allow("role", *actions)
        return str(made["Role"]["Arn"])

    def allow(self, kind: str, *actions: str) -> None:
        bucket = self.config.get("s3_bucket", "local-stage")
        resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        self.attach(kind, {"Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": resources}]})

    def attach(self, kind: str, document: Mapping[str, Any]) -> None:
        """Add a policy to the user or the role."""
        self._policies += 1
        iam, name = self.place.client("iam"), self.user if kind == "user" else self.role
        put = iam.put_user_policy if kind == "user" else iam.put_role_policy
        whole = json.dumps({"Version": "2012-10-17", **document})
        put(**{f"{kind.title()}Name": name}, PolicyName=f"p{self._policies}", PolicyDocument=whole)

    def do(self, result: Result) -> None:
        """Do what a step says: add its policies, run its statements, or correct the settings that it names."""
        if self.mended is not None:
            self.mended(result)
            return
        corrects = "correct " in result.remedy.partition(" or ")[0] and not self.literal
        if not result.statements or corrects:
            self.config = dict(self.right)
            return
        for statement in result.statements:
            if not statement.startswith("{"):
                self.sql(statement)
                continue
            document = json.loads(statement)
            if "Principal" in document["Statement"][0]:
                self.place.client("iam").update_assume_role_policy(RoleName=self.role, PolicyDocument=statement)
            else:
                self.attach("user" if result.name in OF_WRITER else "role", document)

    def ask(self) -> list[Result]:
        return ask(self.warehouse, self.config, self.variables, self.runtime)


@dataclass(frozen=True)
class Case:
    """A misconfiguration: on which warehouses, the step that finds it, what that says.

    plant: makes it. fine: a note says it, and a load goes through.
    """

    what: str
    on: tuple[str, ...]
    step: str
    told: tuple[str, ...]
    plant: Callable[[Planted], None]
    fine: bool = False


@dataclass(frozen=True)
class Grade:
    """What came of a case. why_not: what is wrong with what the doctor said, None if nothing."""

    case: Case
    warehouse: str
    first: Result | None
    rounds: tuple[str, ...]
    why_not: str | None
    failures: tuple[Result, ...] = ()  # what was done something about, in order
    seconds: float = 0.0

    def __str__(self) -> str:
        grade = "ok" if self.why_not is None else f"NOT OK: {self.why_not}"
        return (
            f"{self.warehouse:<9} {self.case.what}: {' > '.join(self.rounds) or '-'}: {grade}  ({self.seconds:.1f} s)"
        )


def tried(place: Place, case: Case, warehouse: str, number: int) -> Grade:
    """Plant a case, and do what the doctor says until all is well."""
    begun, config = STANDARD.monotonic(), place.config(warehouse, number)
    planted = Planted(place, warehouse, number, dict(config), dict(config))
    try:
        case.plant(planted)
    except Exception as error:
        return Grade(case, warehouse, None, (), f"cannot be planted: {error!r}")
    return replace(_tried(planted, case), seconds=STANDARD.monotonic() - begun)


def _tried(planted: Planted, case: Case) -> Grade:
    results = planted.ask()
    rounds: list[Result] = []
    first = next((one for one in results if one.name == case.step), None)

    def graded(why_not: str | None) -> Grade:
        return Grade(case, planted.warehouse, first, tuple(one.name for one in rounds), why_not, tuple(rounds))

    said = "" if first is None else "; ".join((first.found, first.remedy, *first.statements, *first.notes))
    if missing := [text for text in case.told if text not in said]:
        return graded(f"{case.step!r} does not say {missing[0]!r}: {said}")
    if case.fine:
        return graded("; ".join(one.found for one in failed(results)) or None)
    for _ in range(ROUNDS):
        bad = failed(results)
        if not bad:
            break
        rounds.append(bad[0])
        if len(rounds) == 1 and bad[0].name != case.step:
            return graded(f"{bad[0].name!r} fails first: {bad[0].found}")
        try:
            planted.do(bad[0])
        except Exception as error:
            return graded(f"what {bad[0].name!r} says cannot be done: {error}")
        results = planted.ask()
        again = next(one for one in results if one.name == bad[0].name)
        if again.outcome is Outcome.FAILED and again.found == bad[0].found:
            return graded(f"what {bad[0].name!r} says does not help: {bad[0].remedy}: {again.found}")
    if left := [one.name for one in results if one.outcome in (Outcome.FAILED, Outcome.SKIPPED)]:
        return graded(f"after {len(rounds)} rounds: {left}")
    load = ran(planted.warehouse, planted.config, planted.variables, orders(planted.number))
    return graded(load.error and f"the first load fails: {load.error}")
