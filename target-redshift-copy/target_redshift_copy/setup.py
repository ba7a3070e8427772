"""What `--setup-sql` prints for Redshift: user, schema and rights; the policies of files, of COPY's role, of IAM."""

from __future__ import annotations

from collections.abc import Iterator

from singer_bulk.doctor.setup import ACCOUNT, Policy, Setup, granting, of_places, of_reader, of_writer
from singer_bulk.face.questions import AnsweringTarget
from singer_bulk.model.declared import read
from singer_bulk.model.names import DEFAULT_SCHEMA
from singer_bulk.model.rights import Feature, Object
from singer_bulk.settings.features import features_of
from singer_bulk.stage.rights import READER
from singer_bulk.warehouse.words import name

from target_redshift_copy.config import RedshiftSettings
from target_redshift_copy.doctor import TRUST
from target_redshift_copy.rights import RIGHTS, SIGN_IN
from target_redshift_copy.sign_in_settings import BY_IAM, Way
from target_redshift_copy.sql import NAMES

PASSWORD = "<its password>"  # noqa: S105
_OF_WAY = {
    Way.CLUSTER_USER: Feature.BY_USER,
    Way.CLUSTER_IAM: Feature.BY_IAM,
    Way.WORKGROUP: Feature.BY_WORKGROUP,
    Way.SECRET: Feature.SECRET,
}


def of_setup(target: AnsweringTarget) -> Setup:
    """Return all that this configuration needs."""
    settings = read(RedshiftSettings, target.config)
    policies = of_writer(target)
    if settings.iam_role:
        role = settings.iam_role.rpartition(",")[2].strip()
        policies += [
            of_reader(target, READER, f"the role {role}"),
            Policy(f"the role {role}: its trust policy; attach it to the cluster or namespace, too", TRUST),
        ]
    else:
        policies.append(of_reader(target, READER, "the identity that runs the target"))
    return Setup([*_statements(target, settings)], [*policies, *_signing_in(settings)])


def _statements(target: AnsweringTarget, settings: RedshiftSettings) -> Iterator[tuple[str, str]]:
    loads = target.load_settings()
    to = name(NAMES.fold(settings.user or "<the user of IAM>"))
    if settings.way is Way.PASSWORD or settings.way is Way.SECRET:
        yield f"CREATE USER {to} PASSWORD '{PASSWORD}'", "where it is not there yet"
    elif settings.user and not settings.auto_create_user:
        yield f"CREATE USER {to} PASSWORD DISABLE", "where it is not there yet; IAM gives its passwords"
    schemas = [name(NAMES.name_for(loads.default_target_schema or DEFAULT_SCHEMA))]
    features = features_of(loads)
    database = [name(NAMES.fold(settings.database or "<the database>"))]
    if loads.create_schema:
        on = {Object.DATABASE: database}
    else:
        yield f"CREATE SCHEMA IF NOT EXISTS {schemas[0]}", ""
        on = {Object.SCHEMA: schemas, Object.DATABASE: database}
    yield from granting(RIGHTS, features, on, to)


def _signing_in(settings: RedshiftSettings) -> Iterator[Policy]:
    """Yield the policy of the calls that sign in, where there are any."""
    if settings.way not in _OF_WAY:
        return
    features = {_OF_WAY[settings.way]}
    if settings.way in BY_IAM and not (settings.host and settings.port and settings.database):
        features.add(Feature.LOOK_UP)
    features |= {Feature.GROUPS} if settings.db_groups else set()
    features |= {Feature.AUTO_CREATE} if settings.auto_create_user else set()
    region, cluster = settings.login_region or "<region>", settings.cluster_identifier
    of, serverless = f"arn:aws:redshift:{region}:{ACCOUNT}", f"arn:aws:redshift-serverless:{region}:{ACCOUNT}"
    secret, manager = settings.secret_arn or "", f"arn:aws:secretsmanager:{region}:{ACCOUNT}:secret"
    places = {
        Object.CLUSTER: f"{of}:cluster:{cluster}",
        Object.DB_USER: f"{of}:dbuser:{cluster}/{settings.user}",
        Object.DB_NAME: f"{of}:dbname:{cluster}/{settings.database or '*'}",
        Object.DB_GROUP: f"{of}:dbgroup:{cluster}/*",
        Object.WORKGROUP: f"{serverless}:workgroup/*",
        Object.NAMESPACE: f"{serverless}:namespace/*",
        Object.SECRET: secret if secret.startswith("arn:") else f"{manager}:{secret}-??????",
        Object.SECRET_KEY: "<ARN of the KMS key of the secret>",
    }
    is_serverless = settings.way is Way.WORKGROUP
    rights = [
        right
        for right in SIGN_IN.wanted(features)
        if settings.way is Way.SECRET or right.name.startswith("redshift-serverless:") == is_serverless
    ]
    if settings.database:
        rights = [right for right in rights if right.on is not Object.NAMESPACE]
    rights = [right for right in rights if right.on is not Object.SECRET_KEY]
    yield Policy("the identity that signs in", of_places(rights, places))
