"""`--setup-sql`: what an administrator runs and adds once, so that this configuration loads, and no more than that.

The rights are those of the tables that docs/rights.md is written from. What others have made is in none of this: who
makes a table owns it. The output is SQL; the policies of IAM are comments in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from singer_bulk.face.questions import AnsweringTarget, Asked, Question
from singer_bulk.identity.references import secrets as references
from singer_bulk.identity.rights import SECRETS
from singer_bulk.model.declared import read
from singer_bulk.model.rights import Feature, Object, Right, Rights, statements
from singer_bulk.stage.rights import ASSUMER, WRITER, policy
from singer_bulk.stage.s3 import S3Settings
from singer_bulk.stage.s3_settings import KMS

KEY_ARN = "<ARN of the KMS key>"
ACCOUNT = "<account>"
# Where a setting refers to a secret in AWS: scheme -> what it asks for, and on what.
_OF_SCHEME = {
    "aws-secretsmanager": (Feature.FROM_MANAGER, Object.SECRET, "secretsmanager", "secret:{}-??????"),
    "aws-ssm": (Feature.FROM_PARAMETERS, Object.PARAMETER, "ssm", "parameter/{}"),
}


@dataclass(frozen=True)
class Policy:
    """A policy of IAM, or a trust policy, and whose it is."""

    of: str
    document: Mapping[str, Any]


@dataclass(frozen=True)
class Setup:
    """statements: to run in the warehouse, in this order, each with what is to be known of it, "" for nothing."""

    statements: Sequence[tuple[str, str]]
    policies: Sequence[Policy]


def granting(
    rights: Rights, features: Iterable[Feature], on: Mapping[Object, Sequence[str]], to: Mapping[Object, str] | str
) -> Iterator[tuple[str, str]]:
    """Yield what grants the rights on the objects, in their order, with what is to be known of it."""
    wanted = set(features)
    for kind, objects in on.items():
        asked = [right for right in rights.wanted(wanted, kind) if not right.is_spare]
        whom = to if isinstance(to, str) else to[kind]
        notes = "; ".join(dict.fromkeys(right.because for right in asked if right.because))
        for written in objects if asked else ():
            yield from ((statement, notes) for statement in statements(asked, written, whom))


def of_writer(target: AnsweringTarget) -> list[Policy]:
    """Return the policies of who writes the files, as these settings need them."""
    loads, bucket = target.load_settings(), read(S3Settings, target.config)
    features = {Feature.FILES, Feature.LARGE_FILES}
    asked = {
        Feature.CLEAN_UP: not loads.keep_staged_files,
        Feature.SWEEP: loads.sweep_after_hours is not None,
        Feature.ENCRYPTION: bucket.encryption in KMS,
        Feature.ACL: bucket.acl is not None,
    }
    features |= {feature for feature, is_asked in asked.items() if is_asked}
    document = _policy(target, WRITER.wanted(features))
    who = f"the role {bucket.identity.roles[-1]}" if bucket.role_arn else "the identity that runs the target"
    found = [Policy(f"{who}: it writes and removes files", document)]
    if bucket.role_arn:
        places = dict.fromkeys([Object.ROLE], bucket.identity.roles[0])
        found.append(Policy("the identity that runs the target: it assumes that role", of_places(ASSUMER.all, places)))
    return [*found, *_of_references(target)]


def of_reader(target: AnsweringTarget, reader: Rights, who: str) -> Policy:
    """Return the policy of who reads the files for COPY."""
    is_encrypted = read(S3Settings, target.config).encryption in KMS
    features = [Feature.FILES, *([Feature.ENCRYPTION] if is_encrypted else [])]
    return Policy(f"{who}: COPY reads as it", _policy(target, reader.wanted(features)))


def _policy(target: AnsweringTarget, rights: Iterable[Right]) -> dict[str, Any]:
    bucket = read(S3Settings, target.config)
    key = bucket.kms_key_id if bucket.kms_key_id and bucket.kms_key_id.startswith("arn:") else KEY_ARN
    return policy(rights, bucket.bucket, target.load_settings().s3_key_prefix.strip("/"), key)


def of_places(rights: Iterable[Right], places: Mapping[Object, str]) -> dict[str, Any]:
    """Return the policy document, a statement for each kind of object."""
    by_object: dict[Object, list[str]] = {}
    for right in rights:
        by_object.setdefault(right.on, []).append(right.name)
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": names, "Resource": places[on]} for on, names in by_object.items()],
    }


def _of_references(target: AnsweringTarget) -> Iterator[Policy]:
    """Yield the policies of secrets that settings refer to in AWS."""
    for value in target.config.values():
        if not isinstance(value, str) or not references.is_reference(value):
            continue
        scheme, _, rest = value.partition(":")
        if scheme in _OF_SCHEME:
            feature, on, service, form = _OF_SCHEME[scheme]
            name = rest.partition("#")[0]
            arn = name if name.startswith("arn:") else f"arn:aws:{service}:*:{ACCOUNT}:{form.format(name.lstrip('/'))}"
            document = of_places(SECRETS.wanted([feature]), {on: arn})
            yield Policy("the identity that runs the target: it reads secrets", document)


def answer(asked: Asked) -> None:
    """Print the setup."""
    target = asked.opened()
    setup: Setup = target.of_setup()
    click.echo(_as_json(setup) if asked.others.get("about_format") == "json" else _as_sql(target, setup))


def _as_json(setup: Setup) -> str:
    return json.dumps(
        {
            "statements": [statement for statement, _ in setup.statements],
            "policies": [{"of": one.of, "document": one.document} for one in setup.policies],
        },
        indent=2,
    )


def _as_sql(target: AnsweringTarget, setup: Setup) -> str:
    lines = [f"-- What {target.name} needs for this configuration, and no more (docs/rights.md).", ""]
    for statement, note in setup.statements:
        lines += [*([f"-- {note}"] if note else []), f"{statement};"]
    for one in setup.policies:
        # Not between /* and */: Redshift takes the /* of an ARN for the begin of a comment in it.
        lines += ["", f"-- {one.of}", *(f"-- {line}" for line in json.dumps(one.document, indent=2).splitlines())]
    return "\n".join(lines)


SETUP_SQL = Question(
    "--setup-sql",
    answer,
    {
        "is_flag": True,
        "help": "Print the SQL and the policies of IAM that this configuration needs, and no more: an administrator "
        "runs them once. --format json for machines.",
    },
)
