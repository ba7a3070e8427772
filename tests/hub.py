"""The definitions of the three plugins as Meltano's hub has them, written from what `--about` says.

Each plugin comes twice: under its own name, and as a variant of the name under which people look for it. Beside them
the entries that the hub's lists need, and the lock files by which this repository's meltano.yml inherits the settings.

Source: https://github.com/meltano/hub (CONTRIBUTING.md, schemas/, .yamllint.yaml), looked at in August 2026
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from tap_csv_extract.cli import TapCsvExtract
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

from tests.environments import TOP
from tests.package_metadata import declared

VARIANT = "singer-warehouse"
HUB = Path("hub") / "_data"
LOCKS = Path("plugins")
LOADERS, EXTRACTORS = "loaders", "extractors"
# JSON Schema type -> Meltano's kind
KINDS = {
    "string": "string",
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
}
WORDS = {"oauth": "OAuth", "sdc": "_sdc"} | {
    word.lower(): word for word in ("AWS", "S3", "SQL", "KMS", "ACL", "ID", "URL", "ARN", "CDC", "JSON", "DB", "FIPS")
}
KNOWN_TO_ALL = """A STATE is written only after the COMMIT of every record before it, a value arrives as it left or is
refused by name, and rows read, staged and counted are the same number, or nothing is committed. An error ends in a code
in square brackets, which the documents explain. `load_method` is append-only unless you set it."""


@dataclass(frozen=True)
class Plugin:
    """What the hub shows of a plugin and no declaration says. also: the name under which people look for it.

    groups: settings that belong together; each group is enough to connect.
    """

    connector: Any
    kind: str
    also: str
    label: str
    description: str
    domain_url: str
    logo: str
    packages: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    prereq: str = ""
    usage: str = KNOWN_TO_ALL
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its own name, which is that of its command."""
        return str(self.connector.name)


BUCKET = ("s3_bucket",)
PLUGINS = (
    Plugin(
        TapCsvExtract,
        EXTRACTORS,
        "tap-csv",
        "CSV files (tap-csv-extract)",
        "CSV files of a folder, an archive or S3: full, incremental and change files",
        "https://en.wikipedia.org/wiki/Comma-separated_values",
        "csv.png",
        ("tap-csv-extract",),
        (("files",),),
        usage="A full extract, an incremental one by a column, or change files whose first field is the operation. "
        "STATE says for each file how far it was read.",
        more={"keywords": ["meltano_sdk", "file", "csv", "s3"]},
    ),
    Plugin(
        TargetRedshiftCopy,
        LOADERS,
        "target-redshift",
        "Amazon Redshift (COPY)",
        "Amazon Redshift by COPY from pipe-delimited files in S3, exactly once",
        "https://aws.amazon.com/redshift/",
        "redshift.png",
        ("singer-bulk", "target-redshift-copy"),
        (
            ("host", "user", "password", "database", *BUCKET),
            ("cluster_identifier", *BUCKET),
            ("cluster_identifier", "user", *BUCKET),
            ("workgroup_name", *BUCKET),
            ("secret_arn", *BUCKET),
        ),
        "A bucket in the region of the cluster or workgroup, and a role that COPY may read it with (`iam_role`).",
        more={"dialect": "redshift", "keywords": ["meltano_sdk", "database", "redshift", "s3"]},
    ),
    Plugin(
        TargetSnowflakeStage,
        LOADERS,
        "target-snowflake",
        "Snowflake (external stage)",
        "Snowflake by COPY INTO from pipe-delimited files in an external stage, exactly once",
        "https://www.snowflake.com/",
        "snowflake.png",
        ("singer-bulk", "target-snowflake-stage"),
        tuple(
            ("account", "user", *way, "warehouse", "database", *BUCKET)
            for way in (
                ("private_key_path",),
                ("private_key",),
                ("authenticator", "token"),
                ("authenticator", "token_file_path"),
                ("authenticator", "oauth_client_id", "oauth_client_secret", "oauth_token_request_url"),
                ("authenticator", "workload_identity_provider"),
                ("password",),
            )
        ),
        "A bucket, and a storage integration that may read it (`storage_integration`), or a stage (`stage`).",
        more={"dialect": "snowflake", "keywords": ["meltano_sdk", "database", "snowflake", "s3"]},
    ),
)


def settings_of(connector: Any) -> dict[str, dict[str, Any]]:
    """Return the connector's settings as `--about` shows them."""
    found: dict[str, dict[str, Any]] = connector._get_about_info().settings["properties"]
    return found


def kind_of(declared: Mapping[str, Any]) -> Any:
    """Return Meltano's kind of a setting."""
    if "enum" in declared:
        return "options"
    types = declared.get("type", ["string"])
    found = [KINDS[one] for one in ([types] if isinstance(types, str) else types) if one != "null"]
    return next((kind for kind in ("array", "object") if kind in found), found[0] if found else "object")


def definition(plugin: Plugin, name: str) -> dict[str, Any]:
    """Return the definition of a plugin under one of its two names."""
    about, common = plugin.connector._get_about_info(), declared()
    capabilities = [one.value for one in about.capabilities]
    made = {
        "name": name,
        "namespace": name.replace("-", "_"),
        "variant": VARIANT,
        "label": plugin.label,
        "description": plugin.description,
        "domain_url": plugin.domain_url,
        "docs": f"{common['address']}/docs/",
        "repo": common["address"],
        "logo_url": f"/assets/logos/{plugin.kind}/{plugin.logo}",
        "pip_url": " ".join(f"{package}=={common['version']}" for package in plugin.packages),
        "executable": plugin.name,
        "supported_python_versions": [*about.supported_python_versions],
        "maintenance_status": "beta",
        "quality": "silver",
        "capabilities": sorted(capabilities),
        "settings": [*_settings(plugin)],
        "settings_group_validation": [[*group] for group in plugin.groups],
        "usage": " ".join(plugin.usage.split()),
        **plugin.more,
    }
    if plugin.prereq:
        made["prereq"] = plugin.prereq
    if "structured-logging" in capabilities:
        made["log_parser"] = "singer-sdk"
    if plugin.kind == LOADERS:
        made["target_schema"] = f"${made['namespace'].upper()}_DEFAULT_TARGET_SCHEMA"
    return made


def _settings(plugin: Plugin) -> Iterator[dict[str, Any]]:
    for name, one in settings_of(plugin.connector).items():
        kind = kind_of(one)
        shown = {"name": name, "label": label(name), "kind": kind}
        if description := " ".join(one.get("description", "").split()):
            shown["description"] = description
        if kind == "options":
            shown["options"] = [{"label": label(text), "value": text} for text in one["enum"] if text is not None]
        if one.get("secret"):
            shown["sensitive"] = True
        if one.get("default") not in (None, ""):
            shown["value"] = json.loads(json.dumps(one["default"]))
        yield shown


def label(name: str) -> str:
    """Return the name of a setting as a title."""
    return " ".join(WORDS.get(word, word.capitalize()) for word in name.replace("-", "_").split("_") if word)


def as_yaml(content: Any) -> str:
    """Return YAML as the hub's linter wants it: keys in alphabetical order, lists not indented, no line cut."""
    return str(yaml.safe_dump(content, sort_keys=True, allow_unicode=True, width=10**6))


def files() -> dict[Path, str]:
    """Return all files: definitions, entries of the hub's lists, lock files."""
    made: dict[Path, str] = {}
    for plugin in PLUGINS:
        for name in (plugin.name, plugin.also):
            made[HUB / "meltano" / plugin.kind / name / f"{VARIANT}.yml"] = as_yaml(definition(plugin, name))
        lock = {"plugin_type": plugin.kind, **definition(plugin, plugin.name)}
        made[LOCKS / plugin.kind / f"{plugin.name}--{VARIANT}.lock"] = json.dumps(lock, indent=2) + "\n"
    common = declared()
    maintainer = {"label": common["authors"], "name": VARIANT, "url": common["address"]}
    made[HUB / "maintainers.yml"] = as_yaml({VARIANT: maintainer})
    variants: dict[str, dict[str, str]] = {}
    for plugin in PLUGINS:
        variants.setdefault(plugin.kind, {})[plugin.name] = VARIANT
    made[HUB / "default_variants.yml"] = as_yaml(variants)
    return {TOP / path: text for path, text in made.items()}


def write() -> None:
    """Write the files."""
    for path, text in files().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
