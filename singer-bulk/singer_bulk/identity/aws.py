"""An identity of AWS: boto3's chain, or keys or a profile from the settings, and roles that are assumed with it.

1. Who begins: keys, a profile, or what boto3 finds (environment, SSO, web identity, container, instance).
   https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
2. Each role of the chain is assumed with the one before it, at the regional endpoint of STS.
3. boto3 asks for the credentials at each call, and they renew themselves; nobody keeps them.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from threading import Lock
from typing import Any

from singer_bulk.errors import ConfigError
from singer_bulk.identity.aws_errors import aws_errors
from singer_bulk.identity.references import resolve_all
from singer_bulk.model.block_memory import collector_paused
from singer_bulk.model.runtime import STANDARD, Runtime

# Of each call; boto3 waits longer from one to the next, up to 20 seconds, and differently each time.
MAX_ATTEMPTS = 8
# The session's name in CloudTrail, and what a trust policy may ask for (sts:RoleSessionName).
SESSION_NAME = "singer-bulk"
# Role chaining gives an hour at most, and it is what AssumeRole gives where nothing is said.
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
ROLE_SECONDS = 3600
# A role is assumed again at half of its time, so that keys handed on (to a COPY) always have the other half; where that
# fails it is tried at each call, and is an error from a sixth before the end.
RENEWED_AT, REFUSED_AT = 2, 6

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class AwsSettings:
    """Who asks AWS; what is None comes from the environment as boto3 finds it.

    `called`: field, or endpoint_url where there is one, -> how the user calls the setting, for errors. `role_arn`: one,
    or a chain joined by commas; `external_id` and `duration_seconds` are of its last one, which is who acts.
    """

    called: Mapping[str, str]
    access_key_id: str | None = None
    secret_access_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)
    profile: str | None = None
    region: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    session_name: str | None = None
    duration_seconds: int | None = None
    client_config: Mapping[str, Any] = field(default_factory=dict, repr=False)  # of every client, STS's too

    @property
    def roles(self) -> list[str]:
        """The roles in their order."""
        return [role.strip() for role in (self.role_arn or "").split(",") if role.strip()]


@dataclass(frozen=True)
class AwsKeys:
    """The keys of one moment."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


class AwsIdentity:
    """Makes the clients of one identity; boto3 is imported with the first one, since it takes 0.3 s."""

    def __init__(self, settings: AwsSettings, runtime: Runtime = STANDARD) -> None:
        self.settings = settings
        self._runtime = runtime
        self._lock = Lock()  # a session of boto3 makes one client at a time
        self._made: Any = None

    def session(self) -> Any:
        """Return the boto3 session; raises ConfigError for a profile or a region that is not there."""
        with self._lock:
            return self._session()

    def client(
        self, service: str, endpoint_url: str | None = None, default_region: str | None = None, **config: Any
    ) -> Any:
        """Return a boto3 client; `config` goes to botocore's Config. Raises ConfigError."""
        with self._lock, self._own_errors(service):
            session = self._session()
            from botocore.config import Config

            # The cycle collector would take a fifth of the time, among the descriptions of a service, which stay.
            with collector_paused():
                made = Config(**{**_CONFIG, **self.settings.client_config, **config})
                region = session.region_name or default_region
                return session.client(service, endpoint_url=endpoint_url, region_name=region, config=made)

    def call(
        self, service: str, operation: str, remedies: Mapping[str, str] | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """Return what a call of AWS answers; raises ConfigError. `remedies`: AWS's code -> what to do about it."""
        client = self.client(service)
        with self._own_errors(f"{service} {operation}", remedies):
            answer: dict[str, Any] = getattr(client, operation)(**arguments)
            return answer

    def keys(self) -> AwsKeys:
        """Return the keys of this moment, renewed where it is time; raises ConfigError where there are none."""
        session = self.session()
        with self._own_errors("looking for credentials"):
            found = session.get_credentials()
            if found is None:
                from botocore.exceptions import NoCredentialsError

                raise NoCredentialsError
            frozen = found.get_frozen_credentials()
        return AwsKeys(frozen.access_key, frozen.secret_key, frozen.token)

    def _own_errors(self, doing: str, remedies: Mapping[str, str] | None = None) -> Any:
        return aws_errors(doing, self.settings.called, remedies or {})

    def _session(self) -> Any:
        if self._made is None:
            with collector_paused(), self._own_errors("the AWS session"):
                self._made = self._make()
        return self._made

    def _make(self) -> Any:
        import boto3

        given = self.settings
        keys = self._keys_given()
        if keys == self._texts():
            session = boto3.Session(
                *map(keys.get, map(given.called.__getitem__, _KEYS)),
                region_name=given.region,
                botocore_session=self._begun(),
            )
        else:
            session = self._by_reference(keys)
        roles = given.roles
        for place, role in enumerate(roles):
            session = self._assumed(session, role, last=place == len(roles) - 1)
        return session

    def _texts(self) -> dict[str, str]:
        """Return the keys as the settings have them, by the names of the settings."""
        texts = {self.settings.called[name]: getattr(self.settings, name) for name in _KEYS}
        return {setting: text for setting, text in texts.items() if text}

    def _keys_given(self) -> dict[str, str]:
        """Return the keys that the settings hold or refer to, as they are now; raises ConfigError."""
        return resolve_all(self._texts())

    def _by_reference(self, keys: Mapping[str, str]) -> Any:
        """Return a session of keys that may be leased or rotated: what the references lead to is asked at each use."""
        import boto3
        from botocore.credentials import RefreshableCredentials

        def made(keys: Mapping[str, str]) -> dict[str, Any]:
            found = {name: keys.get(self.settings.called[field]) for field, name in _KEYS.items()}
            return {**found, "expiry_time": (self._runtime.now() + _ASKED_AGAIN).isoformat()}

        # botocore tells of what fails with a traceback, and goes on with what it has; the next use asks again.
        logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
        inner = self._begun()
        credentials = RefreshableCredentials.create_from_metadata(
            made(keys),
            refresh_using=lambda: made(self._keys_given()),
            method="settings",
            # Always nearer than that to its end, so that each use asks; what has been read is kept by `resolve_all`.
            advisory_timeout=2 * int(_ASKED_AGAIN.total_seconds()),
            mandatory_timeout=0,
        )
        inner.register_component("credential_provider", _Given(credentials))
        return boto3.Session(botocore_session=inner, region_name=self.settings.region)

    def _begun(self) -> Any:
        """Return a session of botocore with the profile's own settings, and without the global endpoint of STS."""
        from botocore.session import Session

        session = Session(profile=self.settings.profile)
        session.set_config_variable("sts_regional_endpoints", "regional")
        return session

    def _assumed(self, source: Any, role: str, *, last: bool) -> Any:
        """Return a session that is the role, assumed when it is first needed."""
        import boto3
        from botocore.credentials import RefreshableCredentials

        given = self.settings
        seconds = (given.duration_seconds if last else None) or ROLE_SECONDS
        asked = {"RoleArn": role, "RoleSessionName": given.session_name or SESSION_NAME, "DurationSeconds": seconds}
        if last and given.external_id:
            asked["ExternalId"] = given.external_id
        # botocore tells of what fails with a traceback; `_assume` tells it in words.
        logging.getLogger("botocore.credentials").setLevel(logging.ERROR)
        credentials = RefreshableCredentials(
            None,
            None,
            None,
            expiry_time=datetime(1970, 1, 1, tzinfo=timezone.utc),  # so the first use gets them
            refresh_using=lambda: self._assume(source, asked),
            method="assume-role",
            time_fetcher=self._runtime.now,
            advisory_timeout=seconds // RENEWED_AT,
            mandatory_timeout=seconds // REFUSED_AT,
        )
        inner = self._begun()
        inner.register_component("credential_provider", _Given(credentials))
        return boto3.Session(botocore_session=inner, region_name=source.region_name)

    def _assume(self, source: Any, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Return the keys of the role as botocore takes them; raises ConfigError."""
        from botocore.config import Config

        if source.region_name is None:
            raise ConfigError(
                "a role is assumed in a region, and there is none; "
                f"set {self.settings.called['region']} or AWS_DEFAULT_REGION",
                code="CFG-AWS",
            )
        try:
            with self._own_errors(f"role {asked['RoleArn']!r}", {}):
                client = source.client("sts", config=Config(**{**_CONFIG, **self.settings.client_config}))
                answer = client.assume_role(**asked)["Credentials"]
        except ConfigError as error:
            logger.warning("%s", error)
            raise
        ends = answer["Expiration"]
        if ends <= self._runtime.now():
            raise ConfigError(
                f"AWS: role {asked['RoleArn']!r}: by the clock of this machine its keys ended at {ends.isoformat()}, "
                "before they came; set the clock right",
                code="CFG-AWS",
            )
        logger.info("assumed role %s until %s", asked["RoleArn"], ends.isoformat())
        return {
            "access_key": answer["AccessKeyId"],
            "secret_key": answer["SecretAccessKey"],
            "token": answer["SessionToken"],
            "expiry_time": ends.isoformat(),
        }


# Field of AwsSettings -> what botocore calls it.
_KEYS = {"access_key_id": "access_key", "secret_access_key": "secret_key", "session_token": "token"}
_ASKED_AGAIN = timedelta(hours=1)


class _Given:
    """Where a session of botocore looks for credentials: these, and no others."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def load_credentials(self) -> Any:
        return self._credentials


_CONFIG: Mapping[str, Any] = {
    "retries": {"total_max_attempts": MAX_ATTEMPTS, "mode": "standard"},
    "connect_timeout": 10,
    "read_timeout": 60,
}
