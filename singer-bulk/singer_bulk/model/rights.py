"""What is a right? Its name, the object that it is on, what needs it, and the statement that grants it.

Each warehouse has one table of rights (`rights.py` of its target), the bucket one (`stage/rights.py`). docs/rights.md
is written from them, and the errors read their statements there; nothing else says what is to be granted. Pure data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from singer_bulk.model.added import DELETED_SUFFIX, TURN_PREFIX
from singer_bulk.model.names import lower


class Feature(Enum):
    """What a right is needed for, in the words of the settings that ask for it."""

    EVERY_RUN = "every run"
    MAKE_TABLES = "tables that are not there yet"
    APPEND = "`load_method: append-only`"
    UPSERT = "`load_method: upsert`, `cdc.apply`"
    OVERWRITE = "`load_method: overwrite`"
    DELETES = "`hard_delete`"
    VERSIONS = "`process_activate_version_messages`"
    FEEDS = "`cdc` with deletes or truncates in an order of its own"
    VIEWS = "`current_view`"
    COLUMNS = "`schema_evolution: evolve`"
    CREATE_SCHEMA = "`create_schema`"
    SHARED = "a ledger that others load into as well"
    RECOVERY = "a lost connection that is tried again"
    MAKE_STAGE = "a stage that is not there yet"
    USE_STAGE = "a stage that is there"
    MAKE_FORMAT = "a file format for who queries the stage"
    FILES = "files in the bucket"
    LARGE_FILES = "files of more than 8 MiB"
    ENCRYPTION = "a bucket whose objects are under a KMS key"
    ACL = "`s3_acl`"
    ROLE = "`s3_role_arn`, `login_role_arn`"
    LOOK_UP = "`cluster_identifier` or `workgroup_name` without host, port or database"
    BY_USER = "`cluster_identifier` with `user` and no password"
    BY_IAM = "`cluster_identifier` with neither user nor password"
    BY_WORKGROUP = "`workgroup_name` without a password"
    GROUPS = "`db_groups`"
    AUTO_CREATE = "`auto_create_user`"
    SECRET = "`secret_arn`"  # noqa: S105
    CLEAN_UP = "staged files that go after their load"
    SWEEP = "`sweep_after_hours`"
    REPLAY = "`--replay`, `--rejected`, `--replay-rejected`"
    TAGS = "`tags`"
    FROM_MANAGER = "`aws-secretsmanager:` in a secret setting"
    FROM_PARAMETERS = "`aws-ssm:` in a secret setting"
    FROM_KMS = "a secret or a parameter under a KMS key of your own"


class Object(Enum):
    """What a right is on; the first of the two words is how documents call it, the second what a statement does."""

    USER = ("the user", "USER")
    DATABASE = ("the database", "DATABASE")
    SCHEMA = ("each schema", "SCHEMA")
    WAREHOUSE = ("the warehouse", "WAREHOUSE")
    INTEGRATION = ("the storage integration", "INTEGRATION")
    STAGE = ("the stage", "STAGE")
    FILE_FORMAT = ("the file format", "FILE FORMAT")
    TABLE = ("a table of somebody else", "TABLE")
    PLACES = ("`<table>__deleted` of somebody else", "TABLE")
    LEDGER = ("a ledger of somebody else", "TABLE")
    FENCE = ("the fence `<ledger>__<hash>` of somebody else", "TABLE")
    TURN = ("a turn `_singer_turn__<hash>` of somebody else", "TABLE")
    VIEW = ("the views `__current` and `__history` of somebody else", "VIEW")
    SYSTEM_VIEW = ("the system view", "TABLE")
    OBJECTS = ("the objects below the prefix", "OBJECTS")
    BUCKET = ("the bucket", "BUCKET")
    KEY = ("the KMS key", "KEY")
    ROLE = ("the role", "ROLE")
    CLUSTER = ("the cluster", "CLUSTER")
    WORKGROUP = ("the workgroup", "WORKGROUP")
    NAMESPACE = ("the namespace", "NAMESPACE")
    DB_USER = ("the database user, as dbuser:CLUSTER/USER", "DBUSER")
    DB_NAME = ("the database, as dbname:CLUSTER/DATABASE", "DBNAME")
    DB_GROUP = ("each group, as dbgroup:CLUSTER/GROUP", "DBGROUP")
    SECRET = ("the secret", "SECRET")
    SECRET_KEY = ("the KMS key of the secret", "KEY")
    TAG = ("each tag", "TAG")
    PARAMETER = ("the parameter", "PARAMETER")

    @property
    def shown(self) -> str:
        """How documents call it."""
        return str(self.value[0])

    @property
    def word(self) -> str:
        """How a statement calls its kind."""
        return str(self.value[1])


class Lack(Enum):
    """What a run does without the right."""

    FAILS = "the run fails"
    WARNS = "a WARNING names it"
    GOES_ON = "the log says so"


@dataclass(frozen=True)
class Right:
    """One right. `grant`: the statement that grants it, with {rights} where its name stands, {kind}, {object} and {to};
    rights with the same one on the same object can be granted together. `because`: what the statement does not show."""

    name: str
    on: Object
    features: frozenset[Feature]
    grant: str
    lack: Lack = Lack.FAILS
    because: str = ""

    @property
    def is_spare(self) -> bool:
        """Whether loads go through without it, and nobody is told."""
        return self.lack is Lack.GOES_ON


@dataclass(frozen=True)
class Rights:
    """The table of one warehouse, or of the bucket."""

    all: tuple[Right, ...]

    def wanted(self, features: Iterable[Feature], on: Object | None = None) -> list[Right]:
        """Return what these features need, on one kind of object or on all."""
        asked = set(features)
        return [right for right in self.all if right.features & asked and on in (None, right.on)]


def statements(rights: Sequence[Right], written: str, to: str) -> list[str]:
    """Return what grants the rights on one object, as few statements as can be; the names come as a statement has them.

    Ownership holds every other right on its object, so it stands alone.
    """
    owning = [right for right in rights if right.name == OWNERSHIP]
    grants: dict[str, list[Right]] = {}
    for right in owning or rights:
        grants.setdefault(right.grant, []).append(right)
    return [
        grant.format(
            rights=", ".join(dict.fromkeys(right.name for right in together)),
            kind=together[0].on.word,
            object=written,
            to=to,
        )
        for grant, together in grants.items()
    ]


def table_kind(name: str, ledger: str) -> Object:
    """Return what a table is by its name: the ledger, one of the tables that belong to it, or one of a stream."""
    name, ledger = lower(name), lower(ledger)
    if name == ledger:
        return Object.LEDGER
    if name.startswith(TURN_PREFIX):
        return Object.TURN
    if is_fence(name, ledger):
        return Object.FENCE
    return Object.PLACES if name.endswith(DELETED_SUFFIX) else Object.TABLE


def is_fence(name: str, ledger: str) -> bool:
    """Return whether a table is a fence of the ledger (`warehouse/fence.py`); both in small letters."""
    return name.startswith(ledger) and _FENCE.fullmatch(name[len(ledger) :]) is not None


def told(grants: Sequence[str], there: str = "", of_there: Sequence[str] = ()) -> str:
    """Return what to run; `there`: what may exist without being seen, `of_there`: what lets it be used then."""
    text = f"run {'; '.join(grants)}"
    return f"{text}, or, if {there} is there already, run {'; '.join(of_there)}" if of_there else text


def statements_told(text: str) -> tuple[str, ...]:
    """Return the statements that a remedy tells to run: the inverse of `told`, and of what is written like it."""
    found = dict.fromkeys(part.strip() for told in _TOLD.findall(text) for part in told.split("; "))
    return tuple(found)


OWNERSHIP = "OWNERSHIP"
# What stands behind the name of a ledger in the name of a fence.
_FENCE = re.compile(r"__[0-9a-f]{12}")
# As far as the statements of one `told` go; a user registers a key by ALTER USER.
_WORDS = "(?:GRANT|CREATE|ALTER)"
_TOLD = re.compile(rf"(?:\brun|: |\() ?({_WORDS} .+?)(?=,? or\b|, because|\)?$|\) |; (?!{_WORDS} ))")
