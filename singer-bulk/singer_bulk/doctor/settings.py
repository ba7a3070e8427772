"""Which settings are wrong, and what can be tried without them? The configuration that the steps stand on.

A setting that is wrong is left out, and one that is missing has a stand-in's value, so that what does not need it is
tried all the same: of a bucket whose settings are wrong nothing is, of the warehouse then all that it says without it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from singer_bulk.doctor.steps import Part
from singer_bulk.errors import ConfigError
from singer_bulk.face.questions import AnsweringTarget, Asked
from singer_bulk.stage.s3 import S3Settings

BUCKET_PLACEHOLDER = {"s3_bucket": "placeholder"}
_NAMED = re.compile(r"'([A-Za-z_]\w*)(?:\.[^']*)?'")
# More than one round is needed where a setting that is left out makes another one wrong.
_ROUNDS = 6


@dataclass
class Examined:
    """What is given, what is wrong with it, and the target without that; None if there is no target even so.

    given: name -> value; wrong: the names that problems name.
    """

    given: dict[str, Any] = field(repr=False)
    problems: list[str] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)
    target: AnsweringTarget | None = None
    sign_in: frozenset[str] = frozenset()
    of_copy: frozenset[str] = frozenset()

    def blocked(self, part: Part) -> str:
        """Return why nothing of a part is tried, "" if it is."""
        if part is Part.NOTHING:
            return ""
        if self.target is None:
            return "needs 'settings', which failed"
        bucket = bucket_names()
        names = {Part.BUCKET: bucket, Part.WAREHOUSE: self.sign_in}.get(part, bucket | self.sign_in | self.of_copy)
        in_the_way = sorted(self.wrong & names)
        return f"needs {', '.join(map(repr, in_the_way))}, which 'settings' found wrong" if in_the_way else ""


def bucket_names() -> frozenset[str]:
    """Return the settings that the bucket stands on."""
    return names_of(S3Settings) | {"s3_key_prefix"}


def names_of(declaration: type[msgspec.Struct]) -> frozenset[str]:
    """Return the settings of a declaration by their names."""
    return frozenset(one.encode_name for one in msgspec.structs.fields(declaration))


def examine(
    asked: Asked, sign_in: frozenset[str], of_copy: frozenset[str], placeholders: Mapping[str, Any]
) -> Examined:
    """Return what is wrong, and a target without it. sign_in, of_copy: what the warehouse and its COPY stand on."""
    found = Examined({}, sign_in=sign_in, of_copy=of_copy)
    if asked.problem is not None:
        found.problems.append(asked.problem.text)
        return found
    found.given = _given(asked, found)
    left = {name: value for name, value in found.given.items() if value is not None}
    for _ in range(_ROUNDS):
        problems = asked.target.problems(dict(left))
        if not problems:
            try:
                found.target = asked.target(config=dict(left))
                return found
            except ConfigError as error:
                problems = [error.text]
        found.problems += [one for one in problems if one not in found.problems]
        named = _named(problems, asked.target.config_jsonschema["properties"]) | _unknown(asked, left)
        if not named - found.wrong:
            left = _without_parts(left, found, placeholders)
            found.wrong |= named
            continue
        found.wrong |= named
        left = {name: value for name, value in left.items() if name not in named}
        left |= {name: value for name, value in {**BUCKET_PLACEHOLDER, **placeholders}.items() if name in named}
    return found


def _given(asked: Asked, found: Examined) -> dict[str, Any]:
    """Return what files and, if it is to be read, the environment give; each wrong variable is a problem."""
    given = dict(asked.config.config)
    if not asked.config.parse_env:
        return given
    found.problems += asked.target.problems_of_environment()
    for name, text in asked.target.texts_of_environment().items():
        try:
            given |= asked.target.values({name: text})
        except ConfigError as error:
            found.problems.append(error.text.partition("; see `")[0])
            found.wrong.add(name)
    return given


def _named(problems: Collection[str], known: Collection[str]) -> set[str]:
    """Return the settings that are wrong: those named first, before the remedy."""
    return {
        name
        for problem in problems
        for part in problem.split("; setting")
        for name in _NAMED.findall(part.partition(";")[0])
        if name in known
    }


def _unknown(asked: Asked, given: Mapping[str, Any]) -> set[str]:
    return {name for name in given if name not in asked.target.config_jsonschema["properties"]}


def _without_parts(left: dict[str, Any], found: Examined, placeholders: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings without a part that is wrong: leaving single ones out has not helped."""
    out: set[str] = set()
    for names in (bucket_names(), found.sign_in):
        if found.wrong & names:
            out |= names
    found.wrong |= out & left.keys()
    kept = {name: value for name, value in left.items() if name not in out}
    return {**BUCKET_PLACEHOLDER, **placeholders, **kept}
