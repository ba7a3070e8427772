"""What `--doctor` tries on Redshift, from top to bottom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_bulk.doctor import network
from singer_bulk.doctor.bucket import OF_BUCKET, SETTINGS
from singer_bulk.doctor.ground import Ground, OfWarehouse
from singer_bulk.doctor.network import Endpoint
from singer_bulk.doctor.probe import copy_step
from singer_bulk.doctor.settings import names_of
from singer_bulk.doctor.steps import NotNeeded, Part, Step, Trouble
from singer_bulk.doctor.troubles import as_policy, trouble_of
from singer_bulk.doctor.warehouse import CREATE, LEDGER, SCHEMA, TABLES, TEMPORARY, VIEWS, clock, signed_in
from singer_bulk.errors import BulkError
from singer_bulk.model.declared import read
from singer_bulk.model.rights import Feature
from singer_bulk.stage.rights import READER

from target_redshift_copy.config import RedshiftSettings
from target_redshift_copy.remedies import ROLE_REFUSED
from target_redshift_copy.session import public_authorities
from target_redshift_copy.sign_in import Login, SignIn
from target_redshift_copy.sign_in_settings import SignInSettings

_PAGE = "docs/sign-in/redshift.md"
# Whom the role that COPY names has to trust.
# https://docs.aws.amazon.com/redshift/latest/mgmt/authorizing-redshift-service.html
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def _login(ground: Ground) -> Login:
    return SignIn(read(RedshiftSettings, ground.config), ground.runtime).login()


def _endpoint(ground: Ground) -> Endpoint:
    place = _login(ground).place
    return Endpoint(place.host, place.port, "host, port and database")


def _sign_in(ground: Ground) -> str:
    settings, login = read(RedshiftSettings, ground.config), _login(ground)
    place = login.place
    return f"{place.host}:{place.port}, database {place.database}, as {login.user} by {settings.way.value}"


def _reached(ground: Ground) -> str:
    return network.reached(_endpoint(ground))


def _tls(ground: Ground) -> str:
    settings = read(RedshiftSettings, ground.config)
    if settings.sslmode == "disable":
        raise NotNeeded("sslmode is disable: what is sent can be read on its way")
    verifies = settings.sslmode.startswith("verify")
    trusted = (settings.sslrootcert or public_authorities()) if verifies else None
    try:
        shown = network.certificate(
            _endpoint(ground), trusted, begin=network.POSTGRES_TLS, name=settings.sslmode == "verify-full"
        )
    except network.NoTls:
        if settings.sslmode in ("allow", "prefer"):
            return f"the server has none, and sslmode {settings.sslmode} goes without"
        raise Trouble(
            "the server speaks no TLS", "check host and port; a tunnel to the cluster itself passes TLS on"
        ) from None
    return f"{shown}, sslmode {settings.sslmode}"


def _of_copy(ground: Ground, error: BulkError) -> Trouble:
    """Return the trouble with what COPY's role lacks: its trust, or the policy that lets it read."""
    if ROLE_REFUSED in error.text:
        return trouble_of(error, [as_policy(TRUST)])
    if READER.all[0].name in error.text:
        features = [Feature.FILES, *([Feature.ENCRYPTION] if ground.kms_key else [])]
        return trouble_of(error, [as_policy(ground.policy(READER.wanted(features)))])
    return trouble_of(error)


STEPS: tuple[Step[Ground], ...] = (
    *SETTINGS,
    *OF_BUCKET,
    Step("login", "where the warehouse is and who signs in, asked of AWS where it says so", _sign_in,
         part=Part.WAREHOUSE, page=_PAGE),
    Step("reached", "a connection to host and port", _reached, ("login",), Part.WAREHOUSE, _PAGE),
    Step("tls", "the certificate of the server, by sslmode and sslrootcert", _tls, ("reached",), Part.WAREHOUSE,
         _PAGE),
    signed_in("SELECT current_user, current_database(), version()", "as {0}, database {1}"),
    clock("SELECT GETDATE()"),
    SCHEMA,
    CREATE,
    TEMPORARY,
    VIEWS,
    LEDGER,
    TABLES,
    copy_step(None, _of_copy),
)  # fmt: skip


def _reads_as_writer(config: Mapping[str, Any]) -> bool:
    return not config.get("iam_role")


def of_doctor() -> OfWarehouse:
    """Return what the shared steps ask of this target."""
    return OfWarehouse(
        STEPS,
        names_of(SignInSettings),
        {"host": "placeholder.invalid", "user": "placeholder", "database": "placeholder"},
        frozenset({"iam_role"}),
        True,
        _reads_as_writer,
    )
