"""docs/rights.md, written from the tables of rights: what is needed for what, and what grants it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from singer_bulk.identity.rights import SECRETS
from singer_bulk.model.rights import Feature, Lack, Object, Right, Rights, statements
from singer_bulk.stage.rights import AGAIN, ASSUMER, READER, WRITER, policy
from target_redshift_copy import rights as redshift
from target_snowflake_stage import rights as snowflake

from tests.house import TOP

RIGHTS_PAGE = TOP / "docs" / "rights.md"
# What the examples are written for.
BUCKET, PREFIX, KEY = "my-bucket", "singer", "arn:aws:kms:eu-west-1:123456789012:key/my-key"
# Kind of object -> how the examples name it, in Redshift and in Snowflake.
WRITTEN = {
    Object.USER: ("loader", "LOADER"),
    Object.DATABASE: ("analytics", "ANALYTICS"),
    Object.SCHEMA: ("public", "ANALYTICS.PUBLIC"),
    Object.WAREHOUSE: ("", "LOADING"),
    Object.INTEGRATION: ("", "MY_S3"),
    Object.STAGE: ("", "ANALYTICS.PUBLIC.SINGER_STAGE"),
    Object.FILE_FORMAT: ("", "ANALYTICS.PUBLIC.SINGER_PIPE"),
    Object.TABLE: ("public.orders", "ANALYTICS.PUBLIC.ORDERS"),
    Object.PLACES: ("public.orders__deleted", "ANALYTICS.PUBLIC.ORDERS__DELETED"),
    Object.LEDGER: ("public._singer_loads", "ANALYTICS.PUBLIC._SINGER_LOADS"),
    Object.FENCE: ("public._singer_loads__<hash>", "ANALYTICS.PUBLIC._SINGER_LOADS__<HASH>"),
    Object.TURN: ("public._singer_turn__<hash>", "ANALYTICS.PUBLIC._SINGER_TURN__<HASH>"),
    Object.VIEW: ("public.orders__current", "ANALYTICS.PUBLIC.ORDERS__CURRENT"),
    Object.SYSTEM_VIEW: ("svv_transactions", ""),
    Object.TAG: ("", "GOVERNANCE.TAGS.OWNER"),
}
_OF = "arn:aws:redshift:eu-west-1:123456789012"
_SERVERLESS = "arn:aws:redshift-serverless:eu-west-1:123456789012"
# Where the rights of signing in are, in the examples of their policies.
PLACES = {
    Object.CLUSTER: f"{_OF}:cluster:my-cluster",
    Object.DB_USER: f"{_OF}:dbuser:my-cluster/loader",
    Object.DB_NAME: f"{_OF}:dbname:my-cluster/analytics",
    Object.DB_GROUP: f"{_OF}:dbgroup:my-cluster/loaders",
    Object.WORKGROUP: f"{_SERVERLESS}:workgroup/*",
    Object.NAMESPACE: f"{_SERVERLESS}:namespace/*",
    Object.SECRET: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:my-secret-??????",
    Object.SECRET_KEY: KEY,
}
SECRET_PLACES = {
    Object.SECRET: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/redshift-*",
    Object.PARAMETER: "arn:aws:ssm:eu-west-1:123456789012:parameter/prod/redshift/*",
    Object.KEY: KEY,
}
LEAST = (Feature.EVERY_RUN, Feature.MAKE_TABLES)
OPENING = """\
# Rights

Written by `python -m tests.generated` from the tables of rights in the code: `rights.py` of target-redshift-copy, of
target-snowflake-stage, and of the stage in singer-bulk. Errors name what is missing by the same statements. What is in
the tables was tried on the stand-ins by a user or a role that has exactly the rights of one feature, and with each
single one of them taken away (`tests/load/test_rights.py`). Not so tried: the notes below the tables, the system view
of Redshift, tags, and s3:GetObjectVersion, of which the stand-ins know nothing or do not ask. On Snowflake any right on
a database or schema shows it, so USAGE there is missed only where it is alone. Nothing was tried in a real account.

`--setup-sql` prints those statements and policies for one configuration, with its own names; `--doctor` tries which of
them are there ([doctor](doctor.md)).

Who makes a table, a view or a stage owns it, and needs no further right on it. So a loader that is alone in its schema
needs the first statements below and no more. Rights on what somebody else has made are in the tables, by feature.
"""
SETUP = {
    "redshift": (*LEAST, Feature.UPSERT, Feature.CREATE_SCHEMA),
    "snowflake": (*LEAST, Feature.VIEWS, Feature.MAKE_STAGE, Feature.MAKE_FORMAT, Feature.CREATE_SCHEMA),
}
# What only a table of somebody else needs.
FOREIGN = (
    Object.TABLE,
    Object.PLACES,
    Object.LEDGER,
    Object.FENCE,
    Object.TURN,
    Object.VIEW,
    Object.STAGE,
    Object.FILE_FORMAT,
)


def rights_page() -> str:
    """Return docs/rights.md."""
    parts = [OPENING]
    for number, (name, title, module) in enumerate(
        (("redshift", "Amazon Redshift", redshift), ("snowflake", "Snowflake", snowflake))
    ):
        parts.append(f"\n## {title}\n\nFor a loader that is alone in its schema:\n\n```sql\n")
        parts += [f"{line}\n" for line in _setup(module.RIGHTS, SETUP[name], number)]
        parts.append("```\n\n")
        parts += _table(module.RIGHTS, number)
        parts += [f"- {note}\n" if number_of else f"\n- {note}\n" for number_of, note in enumerate(module.NOTES)]
    parts += _s3()
    parts += _sign_in()
    parts += _secrets()
    return "".join(parts)


def _setup(rights: Rights, features: Iterable[Feature], number: int) -> Iterator[str]:
    """Yield statements, what a feature alone needs with its name behind."""
    to = WRITTEN[Object.USER][number]
    rest = [right for right in rights.wanted(features) if right.on not in FOREIGN]
    common = [right for right in rest if right.features & set(LEAST)]
    for on in dict.fromkeys(right.on for right in common):
        written = to if on is Object.USER else WRITTEN[on][number]
        yield from (f"{line};" for line in statements([one for one in common if one.on is on], written, to))
    for right in rest:
        if right not in common:
            (line,) = statements([right], WRITTEN[right.on][number], to)
            yield f"{line};  -- {_shown(right.features)}"


def _table(rights: Rights, number: int) -> Iterator[str]:
    yield "| right | on | needed for | without it | granted by | |\n|---|---|---|---|---|---|\n"
    for right in rights.all:
        (line,) = statements([right], WRITTEN[right.on][number], WRITTEN[Object.USER][number])
        yield (
            f"| {right.name} | {right.on.shown} | {_shown(right.features)} | {right.lack.value} | `{line}` | "
            f"{right.because} |\n"
        )


def _shown(features: Iterable[Feature]) -> str:
    asked = set(features)
    return ", ".join(feature.value for feature in Feature if feature in asked)


def _s3() -> Iterator[str]:
    writers = (
        "The target writes and removes files with whatever identity boto3 finds, that of the `aws_` settings, or the "
        "role `s3_role_arn` that this identity assumes"
    )
    yield f"\n## S3 and KMS\n\n{writers}:\n\n"
    yield from _actions(WRITER.all)
    yield from _document("The policy of that identity", WRITER.all)
    yield "\nFor [what is loaded again](replay.md) it also needs, and so that errors of COPY show the record:\n\n"
    yield from _actions(AGAIN.all)
    yield (
        "\nThe role that Redshift's COPY names (`iam_role`) is attached to the cluster, trusts "
        "`redshift.amazonaws.com`, and reads them:\n\n"
    )
    yield from _actions(READER.all)
    yield from _document("Its policy", READER.all)
    yield (
        "\nThe role of Snowflake's storage integration trusts the user that `DESC INTEGRATION` names "
        "(`STORAGE_AWS_IAM_USER_ARN`), on the condition that `sts:ExternalId` is its `STORAGE_AWS_EXTERNAL_ID`. The "
        "two further actions are those that Snowflake's page asks for; the stand-in does not use them:\n\n"
    )
    yield from _actions(snowflake.READER.all)
    yield from _document("Its policy", snowflake.READER.all)


def _statements(rights: Iterable[Right]) -> list[dict[str, Any]]:
    by_object: dict[Object, list[str]] = {}
    for right in rights:
        by_object.setdefault(right.on, []).append(right.name)
    return [{"Effect": "Allow", "Action": names, "Resource": PLACES[on]} for on, names in by_object.items()]


def _sign_in() -> Iterator[str]:
    yield (
        "\n## Signing in to Redshift by IAM\n\nWho asks for a password or a secret is whatever identity boto3 finds, "
        "that of the `login_` settings, or the role `login_role_arn` that this identity assumes "
        "([sign-in](sign-in/redshift.md)):\n\n"
    )
    yield from _actions(redshift.SIGN_IN.all, "there is no connection")
    yield "\nA policy for each way, host, port and database being looked up:\n"
    for way in (Feature.BY_USER, Feature.BY_IAM, Feature.BY_WORKGROUP, Feature.SECRET):
        more = [] if way is Feature.SECRET else [Feature.LOOK_UP]
        serverless = way is Feature.BY_WORKGROUP
        rights = [
            right
            for right in redshift.SIGN_IN.wanted([way, *more])
            if way is Feature.SECRET or right.name.startswith("redshift-serverless:") == serverless
        ]
        document = {"Version": "2012-10-17", "Statement": _statements(rights)}
        yield f"\n{way.value}:\n\n```json\n{json.dumps(document, indent=2)}\n```\n"
    yield "\n## An assumed role\n\nThe identity that assumes a role:\n\n"
    yield from _actions(ASSUMER.all, "no role, no load")


def _secrets() -> Iterator[str]:
    yield (
        "\n## Secrets by reference\n\nWhere [a setting names a secret in AWS](sign-in/secrets.md), the identity that "
        "boto3 finds in the\nenvironment reads it, not that of the `aws_` settings. These rights were not tried: the "
        "stand-ins have no secrets.\n\n"
    )
    yield from _actions(SECRETS.all, "the run fails")
    document = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": [right.name], "Resource": SECRET_PLACES[right.on]} for right in SECRETS.all
        ],
    }
    yield "\nIts policy; each statement only where it is needed:\n\n"
    yield f"```json\n{json.dumps(document, indent=2)}\n```\n"


def _actions(rights: Iterable[Right], failing: str = "the load fails") -> Iterator[str]:
    yield "| action | on | needed for | without it | |\n|---|---|---|---|---|\n"
    for right in rights:
        lack = right.lack.value if right.lack is not Lack.FAILS else failing
        yield f"| {right.name} | {right.on.shown} | {_shown(right.features)} | {lack} | {right.because} |\n"


def _document(what: str, rights: Iterable[Right]) -> Iterator[str]:
    document: dict[str, Any] = policy(rights, BUCKET, PREFIX, KEY)
    yield f"\n{what}; the statement with the key only where the objects are under one:\n\n"
    yield f"```json\n{json.dumps(document, indent=2)}\n```\n"
