"""What does a new connection sign in with? Asked anew for each one, so that a run outlives its first password.

1. Where: `host` and `port`, or what AWS says of the cluster or workgroup, asked once; or the secret.
2. Who: the settings, the secret (read for each connection, since it may have been rotated), or IAM, whose password is
   kept until shortly before it ends. A session that is open outlives its password.

https://docs.aws.amazon.com/redshift/latest/mgmt/generating-user-credentials.html
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from singer_bulk.errors import ConfigError
from singer_bulk.identity.aws import AwsIdentity
from singer_bulk.identity.references import resolved
from singer_bulk.identity.renewed import Ending, Renewed
from singer_bulk.model.runtime import STANDARD, Runtime
from singer_bulk.settings.secrets import masks

from target_redshift_copy.aws_calls import Endpoint, RedshiftCalls
from target_redshift_copy.secret import SecretLogin, read_secret
from target_redshift_copy.sign_in_settings import BY_IAM, DEFAULT_PORT, SignInSettings, Way

logger = logging.getLogger(__name__)

# Of a cluster or namespace whose answer names no database: the first one of both.
DEFAULT_DATABASE = "dev"


@dataclass(frozen=True)
class Place:
    """Where a session connects to."""

    host: str
    port: int
    database: str


@dataclass(frozen=True)
class Login:
    """All that one new connection is made with; `account` is who it is in the database."""

    place: Place
    user: str
    password: str | None = field(repr=False)
    account: str


class SignIn:
    """Gives a login to each new connection, by the one way that the settings choose."""

    def __init__(self, settings: SignInSettings, runtime: Runtime = STANDARD) -> None:
        self.settings = settings
        self.way = settings.way
        self._calls = RedshiftCalls(settings, AwsIdentity(settings.identity, runtime))
        self._place = Renewed(lambda: Ending(self._look_up(), None), "the endpoint", runtime=runtime)
        self.last: Login | None = None  # of the newest connection
        self._issued = Renewed(self._issue, f"the password by {self.way.value}", runtime=runtime)

    def login(self) -> Login:
        """Return what a new connection signs in with now; raises ConfigError."""
        self.last = login = self._login()
        return login

    def _login(self) -> Login:
        settings = resolved(self.settings)  # at each connection: what a reference leads to may have an end
        if self.way is Way.SECRET:
            secret = read_secret(self._calls)
            masks.hide([secret.password])
            return Login(self._of_secret(secret), secret.username, secret.password, secret.username)
        if self.way in BY_IAM:
            user, password = self._issued.value()
            # IAM:name and IAMA:name:group say how `user` signs in; IAM:name and IAMR:name of an identity are its name.
            account = settings.user if self.way is Way.CLUSTER_USER else user
            return Login(self._place.value(), user, password, account or user)
        assert settings.user is not None  # as the contradictions have it
        return Login(self._place.value(), settings.user, settings.password, settings.user)

    def refused(self) -> None:
        """Forget a password that was refused, and where to: the next connection asks AWS for both."""
        self._issued.drop()
        self._place.drop()

    def _look_up(self) -> Place:
        given = self.settings
        host, port, database = given.host, given.port, given.database
        if self._by_name and not (host and port and database):
            found = self._named(given.cluster_identifier)
            host, port, database = host or found.host, port or found.port, database or found.database
            database = database or DEFAULT_DATABASE
            logger.info("Redshift is at %s:%s, database %r", host, port, database)
        assert host is not None  # as the contradictions have it
        assert database is not None
        return Place(host, port or DEFAULT_PORT, database)

    @property
    def _by_name(self) -> bool:
        return bool(self.settings.cluster_identifier or self.settings.workgroup_name)

    def _named(self, cluster: str | None) -> Endpoint:
        if cluster:
            return self._calls.of_cluster(cluster)
        assert self.settings.workgroup_name is not None
        return self._calls.of_workgroup(self.settings.workgroup_name, self.settings.database is None)

    def _of_secret(self, secret: SecretLogin) -> Place:
        """Return where the settings, the secret, or the cluster that it names lead to: the first one that says it."""
        if self._by_name:
            return self._place.value()
        given = self.settings
        host, port, database = given.host or secret.host, given.port or secret.port, given.database or secret.dbname
        if not host and secret.cluster:
            found = self._named(secret.cluster)
            host, port, database = found.host, port or found.port, database or found.database
        for value, name, setting in ((host, "host", "host"), (database, "dbname", "database")):
            if not value:
                raise ConfigError(
                    f"the secret of secret_arn has no {name!r}; set {setting!r}, or 'cluster_identifier' or "
                    "'workgroup_name'",
                    code="RS-SECRET",
                )
        assert host
        assert database
        return Place(host, port or DEFAULT_PORT, database)

    def _issue(self) -> Ending[tuple[str, str]]:
        place = self._place.value()
        issued = self._calls.issue(self.way, place.database)
        masks.hide([issued.value[1]])
        assert issued.ends is not None
        logger.info("signing in as %s, by %s, until %s", issued.value[0], self.way.value, issued.ends.isoformat())
        return issued
