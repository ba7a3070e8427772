"""What do the settings of an identity of AWS say against one another? No value is shown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from singer_bulk.identity.aws import ROLE_SECONDS

# A role's ARN, in any partition of AWS.
ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
_OF_ROLE = ("external_id", "session_name", "duration_seconds")


def identity_contradictions(config: Mapping[str, Any], called: Mapping[str, str], who: str) -> list[str]:
    """Return what is wrong, in words; `called`: field of AwsSettings -> its setting, `who`: who the identity is."""
    return _of_keys(config, called, who) + _of_roles(config, called)


def _of_keys(config: Mapping[str, Any], called: Mapping[str, str], who: str) -> list[str]:
    problems = []
    pair = (called["access_key_id"], called["secret_access_key"])
    token, profile = called["session_token"], called["profile"]
    missing = [name for name in pair if name not in config]
    if len(missing) == 1 or (token in config and missing):
        given = next(name for name in (*pair, token) if name in config)
        problems.append(
            f"setting {given!r} needs {' and '.join(map(repr, missing))}; set them too, or none of the three, so that "
            "they come from the environment or a profile together"
        )
    if profile in config and len(missing) < len(pair):
        problems.append(f"settings {profile!r} and {pair[0]!r} both say {who}; keep one")
    return problems


def _of_roles(config: Mapping[str, Any], called: Mapping[str, str]) -> list[str]:
    arn, seconds = called["role_arn"], called["duration_seconds"]
    if arn not in config:
        return [
            f"setting {called[field]!r} is of a role that is assumed, and there is no {arn!r}; set it, or leave the "
            "other out"
            for field in _OF_ROLE
            if called[field] in config
        ]
    problems = []
    roles = config[arn].split(",")
    if not all(ROLE.fullmatch(role.strip()) for role in roles):
        problems.append(
            f"setting {arn!r} takes an ARN as in arn:aws:iam::123456789012:role/NAME, or a chain of ARNs joined by "
            "commas"
        )
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html#iam-term-role-chaining
    if len(roles) > 1 and config.get(seconds, 0) > ROLE_SECONDS:
        problems.append(f"setting {seconds!r} is {ROLE_SECONDS} at most for a role that is assumed by another role")
    return problems
