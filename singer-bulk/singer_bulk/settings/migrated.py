"""Which settings of ours do what those of another loader did, which have no counterpart, and what is another meaning?

Names are found in the table of `other_loaders.py`; a row here says what else a value becomes. What a loader does
without being asked is set here, where ours does otherwise. A secret is handed on as it is.

https://github.com/transferwise/pipelinewise-target-redshift/blob/master/README.md
https://github.com/transferwise/pipelinewise-target-snowflake/blob/master/README.md
https://github.com/TicketSwap/target-redshift/blob/main/target_redshift/target.py (and sinks.py)
https://github.com/MeltanoLabs/target-snowflake
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from singer_bulk.settings.other_loaders import THEIRS

Becomes = Callable[[Any], Mapping[str, Any]]


@dataclass
class Migrated:
    """Our settings, and what is to be said of them."""

    loader: str
    config: dict[str, Any] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Loader:
    """Another loader. marks: settings that it alone has; implied: what it does without being asked; becomes: name ->
    our settings for a value; dropped: name -> why it has no counterpart; differs: what has another meaning.
    """

    name: str
    marks: frozenset[str]
    implied: Mapping[str, Any]
    becomes: Mapping[str, Becomes]
    differs: tuple[str, ...]
    dropped: Mapping[str, str] = field(default_factory=dict)


def _flattened(value: Any) -> Mapping[str, Any]:
    depth = int(value or 0)
    return {"flattening_enabled": True, "flattening_max_depth": depth} if depth else {}


def _granted(value: Any) -> Mapping[str, Any]:
    """Return the grants: users and groups of Redshift, by name or as JSON; a role of Snowflake, or several."""
    if isinstance(value, str) and value.lstrip().startswith(("{", "[")):
        value = json.loads(value)
    if isinstance(value, Mapping):
        groups = [f"GROUP {one}" for one in value.get("groups") or ()]
        return {"grants": [*(value.get("users") or ()), *groups]}
    found = [value] if isinstance(value, str) else list(value or ())
    return {"grants": found} if found else {}


def _tag(value: Any) -> Mapping[str, Any]:
    text = str(value).replace("{{table}}", "{stream}").replace("{{schema}}.", "").replace("{{database}}.", "")
    return {} if "{{" in text else {"query_tag": text}


def _kept(value: Any) -> Mapping[str, Any]:
    return {"keep_staged_files": not value}


def _role(value: Any) -> Mapping[str, Any]:
    return {"iam_role": value}


def _timestamps(value: Any) -> Mapping[str, Any]:
    return {"datetime_type": "timestamp" if "NTZ" in str(value).upper() else "timestamptz"}


def _acl(value: Any) -> Mapping[str, Any]:
    return {"s3_acl": value} if value == "bucket-owner-full-control" else {}


def _nothing(value: Any) -> Mapping[str, Any]:
    return {}


_NO_KEYS = "a stream without key properties was {}; 'upsert' refuses it: give it 'append-only' in stream_settings"
_KEYS = (
    _NO_KEYS.format("appended"),
    "batch_size_rows closes files here, and a load ends at a STATE: their batches were committed one by one",
)
_PIPELINEWISE_KEYS = (_NO_KEYS.format("appended where primary_key_required was false"), *_KEYS[1:])
_BLANKS = (
    "'' and texts of blanks alone became NULL, and blanks at the end were cut (EMPTYASNULL, BLANKSASNULL, TRIMBLANKS); "
    "here each text arrives as it was sent, '' beside NULL",
    "a text that was too long was cut (TRUNCATECOLUMNS); here its column is widened, or the value is refused",
)
_TLS = "the certificate of the server was not verified; sslmode is verify-full here, unless it is set"
_VERSIONS = (
    "hard_delete acted on ACTIVATE_VERSION alone; here it also removes the row of a record with _sdc_deleted_at",
)
_ONCE = {"load_method": "upsert", "create_schema": True}
_ENCODERS = "their threads flush streams; 'encoders' are threads that encode rows, and are chosen by the machine"
_THREADS = dict.fromkeys(("parallelism", "parallelism_max", "max_parallelism"), _ENCODERS)
_PIPELINEWISE: Mapping[str, Becomes] = {
    "data_flattening_max_level": _flattened,
    "default_target_schema_select_permissions": _granted,
    "default_target_schema_select_permission": _granted,
    "hard_delete": lambda value: {"hard_delete": value, **({"add_record_metadata": True} if value else {})},
    "archive_load_files": lambda value: {"keep_staged_files": bool(value)},
    "primary_key_required": _nothing,
    "query_tag": _tag,
    "s3_acl": _acl,
}
_LATER = {"skip_updates": "rows of known keys are replaced by 'upsert', kept beside the new ones by 'append-only'"}

PIPELINEWISE_REDSHIFT = Loader(
    "pipelinewise",
    frozenset(
        (
            "copy_options", "compression", "add_metadata_columns", "data_flattening_max_level", "primary_key_required",
            "default_target_schema_select_permissions", "skip_updates", "flush_all_streams", "max_parallelism",
        )
    ),
    _ONCE,
    _PIPELINEWISE,
    (*_BLANKS, *_PIPELINEWISE_KEYS, _TLS),
    {**_THREADS, **_LATER},
)  # fmt: skip
TICKETSWAP = Loader(
    "ticketswap",
    frozenset(("ssl_enable", "ssl_mode", "remove_s3_files", "activate_version", "enable_iam_authentication")),
    {**_ONCE, "keep_staged_files": True, "process_activate_version_messages": False},
    {
        "port": lambda value: {"port": int(value)},
        "aws_redshift_copy_role_arn": _role,
        "remove_s3_files": _kept,
        "ssl_enable": lambda value: {} if value else {"sslmode": "disable"},
        "ssl_mode": lambda value: {"sslmode": value},
        "enable_iam_authentication": _nothing,
    },
    (*_BLANKS, *_KEYS, *_VERSIONS, "staged files stay unless remove_s3_files is true: keep_staged_files says so here"),
)
PIPELINEWISE_SNOWFLAKE = Loader(
    "pipelinewise",
    frozenset(("dbname", "add_metadata_columns", "data_flattening_max_level", "archive_load_files", "no_compression")),
    {**_ONCE, "validate_records": False},
    _PIPELINEWISE,
    (
        "'' became NULL; here '' arrives beside NULL",
        *_PIPELINEWISE_KEYS,
        "files went through the table's own stage unless 'stage' was set; here they go through a bucket and a stage "
        "over it, so 's3_bucket' is needed",
    ),
    {
        **_THREADS,
        **_LATER,
        "file_format": "COPY INTO states how our files are read; their format reads another kind of files",
    },
)
MELTANOLABS = Loader(
    "meltanolabs",
    frozenset(("schema", "clean_up_batch_files", "use_browser_authentication", "oauth_access_token", "timestamp_type")),
    {**_ONCE, "add_record_metadata": True},
    {
        "clean_up_batch_files": _kept,
        "oauth_access_token": lambda value: {"token": value, "authenticator": "oauth"},
        "use_browser_authentication": lambda value: {"authenticator": "externalbrowser"} if value else {},
        "timestamp_type": _timestamps,
    },
    (
        *_KEYS,
        *_VERSIONS,
        "files went into the user's own stage (PUT); here they go through a bucket and a stage over it, so 's3_bucket' "
        "is needed, and 'storage_integration' or 'aws_role'",
    ),
)
# By what a target has: the loaders of its warehouse, the one that is taken where no mark tells first.
OF_REDSHIFT, OF_SNOWFLAKE = (PIPELINEWISE_REDSHIFT, TICKETSWAP), (MELTANOLABS, PIPELINEWISE_SNOWFLAKE)


def loader_of(theirs: Collection[str], loaders: Collection[Loader], named: str = "") -> Loader:
    """Return the loader whose settings these are: the one that is named, else the one with most marks among them.

    Raises LookupError for a name that none has.
    """
    by_name = {one.name: one for one in loaders}
    return by_name[named] if named else max(loaders, key=lambda one: len(one.marks & set(theirs)))


def migrated(theirs: Mapping[str, Any], ours: Collection[str], loader: Loader) -> Migrated:
    """Return our settings, with what has no counterpart and what differs; no value stands in what is said."""
    found = Migrated(loader.name, differs=list(loader.differs))
    for name, value in theirs.items():
        if value is None:
            continue
        if name in loader.dropped:
            found.lost.append(f"{name!r}: {loader.dropped[name]}")
        elif name in loader.becomes:
            _take(found, name, value, loader.becomes[name])
        elif name in ours:
            found.config[name] = value
        else:
            _take_named(found, name, value, ours)
    for name, value in loader.implied.items():
        if name in ours:
            found.config.setdefault(name, value)
    _settle(found, theirs)
    return found


def _take(found: Migrated, name: str, value: Any, becomes: Becomes) -> None:
    try:
        made = becomes(value)
    except (ValueError, TypeError):
        found.lost.append(f"{name!r}: its value cannot be read")
        return
    found.config |= made
    if not made and becomes in (_acl, _tag):
        found.lost.append(f"{name!r}: this value has no counterpart")


def _take_named(found: Migrated, name: str, value: Any, ours: Collection[str]) -> None:
    """Take a setting that has another name here, and nothing else about it."""
    known = THEIRS.get(name)
    if known is None:
        found.lost.append(f"{name!r}: no loader that is known here has it")
    elif len(known.here) == 1 and known.here[0] in ours:
        found.config.setdefault(known.here[0], value)
    else:
        found.lost.append(f"{name!r}: {known.how or 'nothing here does the same'}")


def _settle(found: Migrated, theirs: Mapping[str, Any]) -> None:
    """See to what several settings say together."""
    config = found.config
    if theirs.get("enable_iam_authentication"):
        if config.pop("password", None) is not None:
            found.lost.append("'password': IAM gives the password, as enable_iam_authentication says")
    elif "cluster_identifier" in config and "password" in config:
        del config["cluster_identifier"]
        found.lost.append("'cluster_identifier': it was not looked at without enable_iam_authentication")
    if "stage" in config and config.get("s3_key_prefix"):
        del config["stage"]
        found.lost.append("'stage': ours leads to bucket and s3_key_prefix, and is made: set storage_integration")
