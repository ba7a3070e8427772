"""What `--doctor` tries on Snowflake, from top to bottom."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from singer_bulk.doctor import network
from singer_bulk.doctor.bucket import OF_BUCKET, SETTINGS
from singer_bulk.doctor.ground import Ground, OfWarehouse
from singer_bulk.doctor.network import Endpoint, proxy_for
from singer_bulk.doctor.probe import copy_step
from singer_bulk.doctor.settings import names_of
from singer_bulk.doctor.steps import NotNeeded, Part, Step, Trouble
from singer_bulk.doctor.troubles import as_policy, trouble_of
from singer_bulk.doctor.warehouse import CREATE, LEDGER, SCHEMA, TABLES, TEMPORARY, VIEWS, clock, signed_in
from singer_bulk.errors import BulkError, WarehouseError
from singer_bulk.model.declared import read
from singer_bulk.model.rights import Feature
from singer_bulk.warehouse.words import name

from target_snowflake_stage.config import SnowflakeSettings
from target_snowflake_stage.objects import described, make_objects
from target_snowflake_stage.remedies import Remedies
from target_snowflake_stage.rights import READER
from target_snowflake_stage.sql import NAMES, Place, Snowflake

_PAGE, _RIGHTS = "docs/sign-in/snowflake.md", "docs/rights.md#snowflake"
# What signing in does not stand on.
_OF_LOADS = {
    "stage", "file_format", "storage_integration", "aws_role", "parallel_copies", "query_tag", "session_parameters",
    "statement_timeout_seconds",
}  # fmt: skip


def _settings(ground: Ground) -> SnowflakeSettings:
    return read(SnowflakeSettings, ground.config)


def _dialect(ground: Ground) -> Snowflake:
    dialect = ground.warehouse.dialect
    assert isinstance(dialect, Snowflake)
    return dialect


def _endpoint(ground: Ground) -> Endpoint:
    """Return the host of the account; https://docs.snowflake.com/en/user-guide/organizations-connect"""
    settings = _settings(ground)
    if settings.host:
        return Endpoint(settings.host, settings.port or 443, "host, port and protocol")
    account = settings.account.lower().replace("_", "-")
    return Endpoint(f"{account}.snowflakecomputing.com", settings.port or 443, "account, as in organization-account")


def _reached(ground: Ground) -> str:
    endpoint = _endpoint(ground)
    return network.reached(endpoint, proxy_for(endpoint.host))


def _tls(ground: Ground) -> str:
    import certifi

    endpoint = _endpoint(ground)
    if _settings(ground).protocol == "http":
        raise NotNeeded("protocol is http: what is sent can be read on its way")
    if proxy_for(endpoint.host):
        raise NotNeeded("a proxy stands between; the sign-in verifies the certificate")
    return network.certificate(endpoint, certifi.where())


def _warehouse(ground: Ground) -> str:
    """Demand a virtual warehouse: a session begins without the one that the role may not use."""
    settings = _settings(ground)
    current = ground.session.execute("SELECT CURRENT_WAREHOUSE()")[0][0]
    if current:
        return str(current)
    role = ground.session.execute("SELECT CURRENT_ROLE()")[0][0]
    remedy = Remedies(settings.role or role, settings.warehouse, settings.user).without_warehouse()
    named = f"{settings.warehouse!r} does not exist, or the role may not use it" if settings.warehouse else "none"
    raise trouble_of(WarehouseError(f"the session has no virtual warehouse: {named}; {remedy}", code="SF-RIGHT"))


def _stage(ground: Ground) -> str:
    """Make stage and file format as a load does, or look at those that are there; what was made goes again."""
    session, dialect, settings = ground.session, _dialect(ground), _settings(ground)
    made = []
    for kind, place in (("FILE FORMAT", dialect.file_format), ("STAGE", dialect.stage)):
        if described(session, f"DESC {kind} {place}") is None:
            made.append(kind.lower())
            ground.left[f"{kind.lower()} {place}"] = lambda kind=kind, place=place: _drop(ground, kind, place)  # type: ignore[misc]
    make_objects(session, dialect, settings, ground.bucket)
    return f"{dialect.stage} leads to the files" + (f"; {' and '.join(made)} made, and removed again" if made else "")


def _drop(ground: Ground, kind: str, place: Place) -> None:
    ground.session.execute(f"DROP {kind} IF EXISTS {place}")


def _integration(ground: Ground) -> list[str]:
    """Return the trust policy that lets the integration in, as far as the role may see what it has to name."""
    integration = _settings(ground).storage_integration
    if not integration:
        return []
    try:
        rows = ground.session.execute(f"DESC INTEGRATION {name(NAMES.fold(integration))}")
    except BulkError:
        return []
    shown = {str(row[0]).upper(): str(row[2]) for row in rows}
    who, external = shown.get("STORAGE_AWS_IAM_USER_ARN"), shown.get("STORAGE_AWS_EXTERNAL_ID")
    if not who or not external:
        return []
    condition = {"StringEquals": {"sts:ExternalId": external}}
    statement = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole", "Condition": condition}
    return [json.dumps({"Version": "2012-10-17", "Statement": [statement]}, indent=2)]


def _of_copy(ground: Ground, error: BulkError) -> Trouble:
    """Return the trouble with what the stage's role lacks: its trust, or the policy that lets it read."""
    if "STORAGE_AWS_EXTERNAL_ID" in error.text:
        return trouble_of(error, _integration(ground))
    if READER.all[0].name in error.text:
        features = [Feature.FILES, *([Feature.ENCRYPTION] if ground.kms_key else [])]
        return trouble_of(error, [as_policy(ground.policy(READER.wanted(features)))])
    return trouble_of(error)


STEPS: tuple[Step[Ground], ...] = (
    *SETTINGS,
    *OF_BUCKET,
    Step("reached", "a connection to the account's host, or to the proxy before it", _reached, part=Part.WAREHOUSE,
         page=_PAGE),
    Step("tls", "the certificate of the host, by the public authorities", _tls, ("reached",), Part.WAREHOUSE, _PAGE),
    signed_in("SELECT CURRENT_USER(), CURRENT_ROLE(), CURRENT_DATABASE()", "as {0}, role {1}, database {2}"),
    Step("warehouse", "the virtual warehouse of the session", _warehouse, ("signed in",), Part.WAREHOUSE, _RIGHTS),
    clock("SELECT CURRENT_TIMESTAMP()"),
    SCHEMA,
    CREATE,
    TEMPORARY,
    VIEWS,
    LEDGER,
    TABLES,
    Step("stage", "stage and file format: made as a load makes them, or as they are", _stage, ("schema",), Part.ALL,
         _RIGHTS),
    copy_step("stage", _of_copy),
)  # fmt: skip


def _reads_as_writer(config: Mapping[str, Any]) -> bool:
    return not (config.get("storage_integration") or config.get("aws_role")) and bool(config.get("aws_access_key_id"))


def of_doctor() -> OfWarehouse:
    """Return what the shared steps ask of this target."""
    return OfWarehouse(
        STEPS,
        names_of(SnowflakeSettings) - _OF_LOADS,
        {"account": "placeholder", "user": "placeholder", "password": "placeholder", "database": "placeholder"},
        frozenset(_OF_LOADS),
        False,
        _reads_as_writer,
    )
