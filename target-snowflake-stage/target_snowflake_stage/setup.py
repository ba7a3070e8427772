"""What `--setup-sql` prints for Snowflake: role, schema, integration and rights; the policies of its files."""

from __future__ import annotations

from collections.abc import Iterator

from singer_bulk.doctor.setup import Policy, Setup, granting, of_reader, of_writer
from singer_bulk.face.questions import AnsweringTarget
from singer_bulk.model.declared import read
from singer_bulk.model.names import DEFAULT_SCHEMA
from singer_bulk.model.rights import Feature, Object
from singer_bulk.settings.features import features_of
from singer_bulk.stage.s3 import S3Settings
from singer_bulk.warehouse.words import literal, name

from target_snowflake_stage.config import SnowflakeSettings
from target_snowflake_stage.objects import stage_url
from target_snowflake_stage.rights import READER, RIGHTS
from target_snowflake_stage.sql import NAMES

ROLE_ARN = "<ARN of the role that reads the bucket>"
USER_ARN, EXTERNAL_ID = "<STORAGE_AWS_IAM_USER_ARN>", "<STORAGE_AWS_EXTERNAL_ID>"


def of_setup(target: AnsweringTarget) -> Setup:
    """Return all that this configuration needs."""
    settings, bucket = read(SnowflakeSettings, target.config), read(S3Settings, target.config)
    policies = of_writer(target)
    who = settings.aws_role or (settings.storage_integration and ROLE_ARN)
    if who:
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": USER_ARN},
                    "Action": "sts:AssumeRole",
                    "Condition": {"StringEquals": {"sts:ExternalId": EXTERNAL_ID}},
                }
            ],
        }
        shows = f"DESC INTEGRATION {settings.storage_integration}" if settings.storage_integration else "DESC STAGE"
        policies += [
            of_reader(target, READER, f"the role {who}"),
            Policy(f"the role {who}: its trust policy, with what {shows} shows", trust),
        ]
    elif bucket.access_key_id:
        policies.append(of_reader(target, READER, "the user of aws_access_key_id"))
    return Setup([*_statements(target, settings, bucket)], policies)


def _statements(target: AnsweringTarget, settings: SnowflakeSettings, bucket: S3Settings) -> Iterator[tuple[str, str]]:
    loads = target.load_settings()
    role = NAMES.fold(settings.role or "LOADER")
    database = name(NAMES.fold(settings.database))
    schema = f"{database}.{name(NAMES.name_for(loads.default_target_schema or DEFAULT_SCHEMA))}"
    yield f"CREATE ROLE IF NOT EXISTS {name(role)}", ""
    features = {*features_of(loads), Feature.MAKE_STAGE}
    on: dict[Object, list[str]] = {Object.USER: [name(role)]}
    if settings.warehouse:
        on[Object.WAREHOUSE] = [name(NAMES.fold(settings.warehouse))]
    on[Object.DATABASE] = [database]
    if not loads.create_schema:
        yield f"CREATE SCHEMA IF NOT EXISTS {schema}", ""
        on[Object.SCHEMA] = [schema]
    if settings.storage_integration:
        integration = name(NAMES.fold(settings.storage_integration))
        url = stage_url(bucket.bucket, f"{prefix}/" if (prefix := loads.s3_key_prefix.strip("/")) else "")
        yield (
            f"CREATE STORAGE INTEGRATION IF NOT EXISTS {integration} TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' "
            f"ENABLED = TRUE STORAGE_AWS_ROLE_ARN = {literal(ROLE_ARN)} STORAGE_ALLOWED_LOCATIONS = ({literal(url)})",
            "",
        )
        on[Object.INTEGRATION] = [integration]
    user = name(NAMES.fold(settings.user))
    whom = {kind: user if kind is Object.USER else name(role) for kind in on}
    yield from granting(RIGHTS, features, on, whom)
