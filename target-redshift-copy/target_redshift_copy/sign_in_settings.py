"""The settings of signing in: where the cluster or workgroup is, and who is let in by what."""

from __future__ import annotations

from collections.abc import Mapping, Set
from enum import Enum
from typing import Annotated, Any, Literal

from singer_bulk.identity.aws import AwsSettings
from singer_bulk.identity.aws_contradictions import identity_contradictions
from singer_bulk.model.declared import Meta, Referable, Secret, Settings

DEFAULT_PORT = 5439
SHORTEST_SECONDS = 900  # of a password by IAM, and what AWS gives where nothing is said (GetClusterCredentials)
# Field of AwsSettings -> our setting of it, for the calls that sign in.
LOGIN = {
    "access_key_id": "login_access_key_id",
    "secret_access_key": "login_secret_access_key",
    "session_token": "login_session_token",
    "profile": "login_profile",
    "region": "login_region",
    "role_arn": "login_role_arn",
    "external_id": "login_external_id",
    "session_name": "login_role_session_name",
    "duration_seconds": "login_role_duration_seconds",
}


class Way(Enum):
    """How a session signs in; the value is how an error calls it."""

    PASSWORD = "password"  # noqa: S105
    SECRET = "the secret of secret_arn"  # noqa: S105
    CLUSTER_USER = "GetClusterCredentials"
    CLUSTER_IAM = "GetClusterCredentialsWithIAM"
    WORKGROUP = "GetCredentials"


BY_NAME = {"cluster_identifier", "workgroup_name"}
BY_IAM = (Way.CLUSTER_USER, Way.CLUSTER_IAM, Way.WORKGROUP)


class SignInSettings(Settings, frozen=True, kw_only=True):
    """How the warehouse is reached; one of the ways of `Way` follows from what is set."""

    host: Annotated[
        str | None, Meta(description="Endpoint of the cluster or workgroup; default: as AWS or the secret says.")
    ] = None
    port: Annotated[
        Annotated[int, Meta(ge=1, le=65_535)] | None,
        Meta(description=f"Port of the endpoint; default: as AWS or the secret says, else {DEFAULT_PORT}."),
    ] = None
    cluster_identifier: Annotated[
        str | None,
        Meta(
            description="Name of a provisioned cluster: host, port and database are looked up, and without a password "
            "IAM gives one that ends (GetClusterCredentials for `user`, GetClusterCredentialsWithIAM without a user)."
        ),
    ] = None
    workgroup_name: Annotated[
        str | None,
        Meta(
            description="Name of a Serverless workgroup: host, port and database are looked up, and without a password "
            "IAM gives one that ends (GetCredentials)."
        ),
    ] = None
    user: Annotated[
        Referable | None, Meta(description="Database user; none where IAM or the secret says who it is.")
    ] = None
    database: Annotated[
        str | None,
        Meta(description="Database that holds the tables; default: the first one of the cluster, namespace or secret."),
    ] = None
    db_groups: Annotated[
        tuple[str, ...],
        Meta(description="Groups that `user` is in for sessions of GetClusterCredentials, in addition to its own."),
    ] = ()
    auto_create_user: Annotated[
        bool,
        Meta(description="Whether GetClusterCredentials makes a `user` that is not there, with a session's groups."),
    ] = False
    password_duration_seconds: Annotated[
        int,
        Meta(
            ge=SHORTEST_SECONDS,
            le=3600,
            description="How long a password by IAM opens new connections; open ones live on.",
        ),
    ] = SHORTEST_SECONDS
    secret_arn: Annotated[
        str | None,
        Meta(
            description="ARN or name of a secret in AWS Secrets Manager with username and password, and host, port and "
            "dbname if there are any, as Amazon writes them; read anew for each connection."
        ),
    ] = None
    login_profile: Annotated[
        str | None, Meta(description="Profile of the AWS configuration for the calls that sign in.")
    ] = None
    login_access_key_id: Annotated[
        Secret | None, Meta(description="Key for the calls that sign in; default: as boto3 finds it.")
    ] = None
    login_secret_access_key: Annotated[Secret | None, Meta(description="Its secret.")] = None
    login_session_token: Annotated[Secret | None, Meta(description="Its session token, if it is temporary.")] = None
    login_region: Annotated[
        str | None, Meta(description="Region of the cluster, workgroup or secret; default: the environment's.")
    ] = None
    login_role_arn: Annotated[
        str | None,
        Meta(description="Role that is assumed for the calls that sign in, or a chain of ARNs joined by commas."),
    ] = None
    login_external_id: Annotated[str | None, Meta(description="External id that its trust policy asks for.")] = None
    login_role_session_name: Annotated[str | None, Meta(description="Name of its session, as CloudTrail has it.")] = (
        None
    )
    login_role_duration_seconds: Annotated[
        Annotated[int, Meta(ge=900, le=43_200)] | None,
        Meta(description="How long the role is assumed before it is assumed again; default: 3600."),
    ] = None
    sslmode: Annotated[
        Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        Meta(description="TLS of the connection, as in libpq."),
    ] = "verify-full"
    sslrootcert: Annotated[
        str | None, Meta(description="Certificates to trust; default: the public authorities, Amazon's among them.")
    ] = None
    password: Annotated[
        Secret | None, Meta(description="Password of `user`; IAM or `secret_arn` does without one in the settings.")
    ] = None

    @property
    def way(self) -> Way:
        """How a session signs in."""
        return way_of({name for name in (*BY_NAME, "secret_arn", "password", "user") if getattr(self, name)})

    @property
    def identity(self) -> AwsSettings:
        """Who asks AWS; without a region it is that of the secret's ARN."""
        given = {field: getattr(self, name) for field, name in LOGIN.items()}
        parts = (self.secret_arn or "").split(":")
        if given["region"] is None and len(parts) > 3 and parts[0] == "arn":
            given["region"] = parts[3]
        return AwsSettings(LOGIN, **given)


def way_of(given: Set[str]) -> Way:
    """Return the way that the settings of these names choose: a password comes before IAM where both could be."""
    if "secret_arn" in given:
        return Way.SECRET
    if "password" in given or not BY_NAME & given:
        return Way.PASSWORD
    if "workgroup_name" in given:
        return Way.WORKGROUP
    return Way.CLUSTER_USER if "user" in given else Way.CLUSTER_IAM


def sign_in_contradictions(config: Mapping[str, Any]) -> list[str]:
    """Return what the settings of signing in say against one another, or leave open; no value is shown."""
    given = {name for name, value in config.items() if value not in (None, "", (), [], False)}
    way = way_of(given)
    problems = [text for holds, text in _rules(config, given, way) if holds]
    idle = [name for name in LOGIN.values() if name in given]
    if idle and way is Way.PASSWORD and not BY_NAME & given:
        problems.append(
            f"setting {idle[0]!r} is for the calls of AWS that sign in, and none is made; set 'cluster_identifier', "
            "'workgroup_name' or 'secret_arn', or leave it out"
        )
    return problems + identity_contradictions(config, LOGIN, "who signs in")


def _rules(config: Mapping[str, Any], has: Set[str], way: Way) -> list[tuple[bool, str]]:
    """Return what must not hold, and the text for it."""
    by_name, of_password = bool(BY_NAME & has), way is Way.PASSWORD
    return [
        (
            not by_name and not {"host", "secret_arn"} & has,
            "setting 'host' is missing; or set 'cluster_identifier' or 'workgroup_name', by which AWS is asked for it",
        ),
        (of_password and "user" not in has, "setting 'user' is missing"),
        (of_password and not by_name and "database" not in has, "setting 'database' is missing"),
        (
            {"cluster_identifier", "workgroup_name"} <= has,
            "settings 'cluster_identifier' and 'workgroup_name' both say where Redshift is; keep one",
        ),
        (
            {"password", "secret_arn"} <= has,
            "settings 'password' and 'secret_arn' both give the password; keep one",
        ),
        (
            way is Way.SECRET and "user" in has,
            "settings 'user' and 'secret_arn' both say who the user is; leave 'user' out",
        ),
        (
            way is Way.WORKGROUP and "user" in has,
            "setting 'user' says nothing in a workgroup without a password, where IAM names the user after the "
            "identity; leave it out, or set 'password' or 'secret_arn'",
        ),
        (
            way is not Way.CLUSTER_USER and bool({"db_groups", "auto_create_user"} & has),
            "settings 'db_groups' and 'auto_create_user' are GetClusterCredentials' alone: set 'cluster_identifier' "
            "and 'user', and no password",
        ),
        (
            way not in BY_IAM and config.get("password_duration_seconds", SHORTEST_SECONDS) != SHORTEST_SECONDS,
            "setting 'password_duration_seconds' is of a password by IAM; set 'cluster_identifier' or 'workgroup_name' "
            "and no password",
        ),
        (
            way in BY_IAM and config["sslmode"] in ("disable", "allow", "prefer"),
            "a password by IAM is given through TLS alone: set 'sslmode' to verify-full, or at least to require",
        ),
    ]
