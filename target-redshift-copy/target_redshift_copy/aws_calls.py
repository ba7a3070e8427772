"""The calls of AWS that say where Redshift is and let a session in.

https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentials.html
https://docs.aws.amazon.com/redshift/latest/APIReference/API_GetClusterCredentialsWithIAM.html
https://docs.aws.amazon.com/redshift-serverless/latest/APIReference/API_GetCredentials.html
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from singer_bulk.errors import ConfigError
from singer_bulk.identity.aws import AwsIdentity
from singer_bulk.identity.references import resolved
from singer_bulk.identity.renewed import Ending
from singer_bulk.model.rights import Feature
from singer_bulk.stage.rights import s3_grant

from target_redshift_copy.rights import SIGN_IN
from target_redshift_copy.sign_in_settings import SignInSettings, Way

Issued = Ending[tuple[str, str]]  # user and password


class Endpoint(NamedTuple):
    """Where a cluster or workgroup is, and its first database, if the answer has it."""

    host: str
    port: int
    database: str | None


class RedshiftCalls:
    """What one identity asks AWS; each raises ConfigError."""

    def __init__(self, settings: SignInSettings, identity: AwsIdentity) -> None:
        self._settings = settings
        self._identity = identity

    def of_cluster(self, name: str) -> Endpoint:
        """Return the endpoint of a provisioned cluster."""
        found = self._call("redshift", "describe_clusters", ClusterIdentifier=name)["Clusters"][0]
        endpoint = found.get("Endpoint") or {}
        if not endpoint.get("Address"):
            raise _no_endpoint(f"cluster {name!r}", str(found.get("ClusterStatus")))
        return Endpoint(endpoint["Address"], endpoint["Port"], found.get("DBName"))

    def of_workgroup(self, name: str, with_database: bool) -> Endpoint:
        """Return the endpoint of a Serverless workgroup; its namespace has the database, which is asked if wanted."""
        found = self._call("redshift-serverless", "get_workgroup", workgroupName=name)["workgroup"]
        endpoint = found.get("endpoint") or {}
        if not endpoint.get("address"):
            raise _no_endpoint(f"workgroup {name!r}", str(found.get("status")))
        database = None
        if with_database:
            namespace = self._call("redshift-serverless", "get_namespace", namespaceName=found["namespaceName"])
            database = namespace["namespace"].get("dbName")
        return Endpoint(endpoint["address"], endpoint["port"], database)

    def issue(self, way: Way, database: str) -> Issued:
        """Return the user and its password, and when it ends."""
        return _ISSUERS[way](self, database)

    def secret_text(self) -> str | None:
        """Return the text of the secret, None for one that is binary."""
        secret = self._settings.secret_arn
        assert secret is not None
        answer = self._call("secretsmanager", "get_secret_value", SecretId=secret)
        text: str | None = answer.get("SecretString")
        return text

    def _for_user(self, database: str) -> Issued:
        """GetClusterCredentials folds a name that is to be made to small letters, as its page says."""
        given = resolved(self._settings)
        found = self._call(
            "redshift",
            "get_cluster_credentials",
            ClusterIdentifier=given.cluster_identifier,
            DbUser=given.user,
            DbName=database,
            AutoCreate=given.auto_create_user,
            DurationSeconds=given.password_duration_seconds,
            **({"DbGroups": list(given.db_groups)} if given.db_groups else {}),
        )
        return Ending((found["DbUser"], found["DbPassword"]), found["Expiration"])

    def _for_identity(self, database: str) -> Issued:
        found = self._call(
            "redshift",
            "get_cluster_credentials_with_iam",
            ClusterIdentifier=self._settings.cluster_identifier,
            DbName=database,
            DurationSeconds=self._settings.password_duration_seconds,
        )
        return Ending((found["DbUser"], found["DbPassword"]), found["Expiration"])

    def _for_workgroup(self, database: str) -> Issued:
        found = self._call(
            "redshift-serverless",
            "get_credentials",
            workgroupName=self._settings.workgroup_name,
            dbName=database,
            durationSeconds=self._settings.password_duration_seconds,
        )
        return Ending((found["dbUser"], found["dbPassword"]), found["expiration"])

    def _call(self, service: str, operation: str, **arguments: Any) -> dict[str, Any]:
        return self._identity.call(service, operation, _REMEDIES[operation], **arguments)


_ISSUERS: Mapping[Way, Callable[[RedshiftCalls, str], Issued]] = {
    Way.CLUSTER_USER: RedshiftCalls._for_user,
    Way.CLUSTER_IAM: RedshiftCalls._for_identity,
    Way.WORKGROUP: RedshiftCalls._for_workgroup,
}


def _no_endpoint(what: str, status: str) -> ConfigError:
    return ConfigError(
        f"{what} has no endpoint now, its status is {status!r}; resume it, or wait until it is available",
        code="RS-CONNECT",
    )


def _denied(*features: Feature, instead: str = "", call: str = "") -> dict[str, str]:
    """Return what to grant where a right is missing: what the features need, of one call where it is named."""
    rights = [right for right in SIGN_IN.wanted(features) if call in right.name]
    text = s3_grant(rights, "the identity that signs in (login_role_arn, login_profile or the environment's)")
    return dict.fromkeys(("AccessDenied", "AccessDeniedException"), f"{text}{instead}")


_NO_CLUSTER = {"ClusterNotFound": "check cluster_identifier and login_region"}
_NO_WORKGROUP = {"ResourceNotFoundException": "check workgroup_name and login_region"}
_SET = ", or set host, port and database"
_REMEDIES: Mapping[str, Mapping[str, str]] = {
    "describe_clusters": {**_NO_CLUSTER, **_denied(Feature.LOOK_UP, call="DescribeClusters", instead=_SET)},
    "get_workgroup": {**_NO_WORKGROUP, **_denied(Feature.LOOK_UP, call="GetWorkgroup", instead=_SET)},
    "get_namespace": {**_NO_WORKGROUP, **_denied(Feature.LOOK_UP, call="GetNamespace", instead=", or set database")},
    "get_cluster_credentials": {
        **_NO_CLUSTER,
        **_denied(Feature.BY_USER, Feature.AUTO_CREATE, Feature.GROUPS),
    },
    "get_cluster_credentials_with_iam": {**_NO_CLUSTER, **_denied(Feature.BY_IAM)},
    "get_credentials": {**_NO_WORKGROUP, **_denied(Feature.BY_WORKGROUP)},
    "get_secret_value": {
        "ResourceNotFoundException": "check secret_arn and login_region",
        **_denied(Feature.SECRET),
    },
}
