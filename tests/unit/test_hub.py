"""The definitions for Meltano's hub: they are those of the code, and keep the hub's rules.

The rules are stated here in our own words. `HUB=folder pytest --long tests/unit/test_hub.py` holds the files against
the schemas of the hub itself, a checkout of https://github.com/meltano/hub.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator
from referencing import Registry, Resource

from tests import hub
from tests.environments import TOP, environment
from tests.hub import PLUGINS, Plugin

# schemas/common/*.json and schemas/plugin_definitions/*.json: what must be there, what may be, and which words.
REQUIRED = {"name", "namespace", "variant", "quality"}
ALLOWED = REQUIRED | {
    "capabilities", "pip_url", "description", "executable", "repo", "logo_url", "label", "settings", "docs", "python",
    "settings_group_validation", "commands", "hidden", "requires", "maintenance_status", "domain_url", "keywords",
    "definition", "next_steps", "settings_preamble", "usage", "prereq", "supported_python_versions", "log_parser",
}  # fmt: skip
OF_KIND = {"loaders": {"dialect", "target_schema"}, "extractors": {"metadata", "schema", "select"}}
CAPABILITIES = {
    "loaders": {
        "about", "stream-maps", "activate-version", "batch", "soft-delete", "hard-delete", "datatype-failsafe",
        "schema-flattening", "target-schema", "validate-records", "structured-logging",
    },
    "extractors": {
        "properties", "catalog", "discover", "state", "about", "stream-maps", "schema-flattening", "activate-version",
        "batch", "test", "log-based", "structured-logging",
    },
}  # fmt: skip
SETTING = {
    "name", "aliases", "label", "value", "placeholder", "kind", "description", "tooltip", "documentation", "env",
    "value_processor", "value_post_processor", "oauth", "options", "docs", "hidden", "sensitive",
}  # fmt: skip
SETTING_KINDS = {
    "oauth", "hidden", "password", "date_iso8601", "file", "email", "integer", "options", "object", "array", "boolean",
    "string", "decimal",
}  # fmt: skip
# Logos that the hub has; a new one would be a file of its own.
LOGOS = {"loaders/redshift.png", "loaders/snowflake.png", "extractors/csv.png"}
LINT = {
    "extends": "default",
    "rules": {
        "braces": {"forbid": "non-empty"},
        "document-start": {"present": False},
        "indentation": {"indent-sequences": False, "spaces": 2},
        "key-ordering": "enable",
        "line-length": "disable",
        "trailing-spaces": "disable",
        "truthy": "disable",
    },
}
VALUES = {
    "files": [{"path": str(TOP / "demo" / "orders.csv"), "stream": "orders"}],
    "private_key": "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----",
    "oauth_token_request_url": "https://login.example.com/token",
    "workload_identity_provider": "AWS",
    "host": "cluster.example.com",
}

each = pytest.mark.parametrize(
    ("plugin", "name"),
    [(plugin, name) for plugin in PLUGINS for name in (plugin.name, plugin.also)],
    ids=lambda value: value if isinstance(value, str) else "",
)


def test_files_are_those_of_the_code() -> None:
    """Definitions, entries and lock files say what the declarations say."""
    made = hub.files()
    assert {path: path.read_text(encoding="utf-8") for path in made} == made, "run python -m tests.generated"
    there = {path for folder in ("hub", "plugins") for path in (TOP / folder).rglob("*") if path.is_file()}
    assert there == set(made)


@each
def test_definition_keeps_the_rules_of_the_hub(plugin: Plugin, name: str) -> None:
    """It lies in the folder of its name, and has no key, kind or capability that the hub does not know."""
    path = TOP / hub.HUB / "meltano" / plugin.kind / name / f"{hub.VARIANT}.yml"
    made = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert made["name"] == path.parent.name
    assert made.keys() >= REQUIRED
    assert made.keys() <= ALLOWED | OF_KIND[plugin.kind]
    assert set(made["capabilities"]) <= CAPABILITIES[plugin.kind]
    assert made["logo_url"].removeprefix("/assets/logos/") in LOGOS
    for setting in made["settings"]:
        assert setting.keys() <= SETTING
        assert setting["kind"] in SETTING_KINDS


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_definition_says_what_about_says(plugin: Plugin) -> None:
    """Capabilities and settings are those of `--about`, all of them, and what is secret is what is declared so."""
    made, about = hub.definition(plugin, plugin.name), plugin.connector._get_about_info()
    assert set(made["capabilities"]) == {one.value for one in about.capabilities}
    declared = about.settings["properties"]
    assert [one["name"] for one in made["settings"]] == list(declared)
    secret = {name for name, one in declared.items() if one.get("secret")}
    assert {one["name"] for one in made["settings"] if one.get("sensitive")} == secret
    assert not {"s3_key_prefix", "pipeline_id"} & secret


@pytest.mark.parametrize(
    ("plugin", "group"),
    [(plugin, group) for plugin in PLUGINS for group in plugin.groups],
    ids=lambda value: "-".join(value) if isinstance(value, tuple) else "",
)
def test_group_of_settings_is_enough(plugin: Plugin, group: tuple[str, ...]) -> None:
    """With a value for each setting of a group the configuration is right."""
    assert set(plugin.connector._get_about_info().settings.get("required", ())) <= set(group)
    plugin.connector(config={name: _value(name, group) for name in group})


def _value(name: str, group: tuple[str, ...]) -> Any:
    if name == "authenticator":
        ways = {"workload_identity_provider": "workload_identity", "oauth_client_id": "oauth_client_credentials"}
        return next((way for setting, way in ways.items() if setting in group), "oauth")
    return VALUES.get(name, "a-value")


def test_meltano_file_is_short_and_names_no_other_setting() -> None:
    """meltano.yml of the repository can be read, and what it sets is a setting."""
    text = (TOP / "meltano.yml").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 60
    for plugins in yaml.safe_load(text)["plugins"].values():
        for one in plugins:
            (plugin,) = [found for found in PLUGINS if found.name == one["name"]]
            assert one["config"].keys() <= hub.settings_of(plugin.connector).keys()
            assert one["variant"] == hub.VARIANT


@pytest.mark.long
def test_linter_of_the_hub_has_nothing_to_say(tmp_path: Path) -> None:
    """yamllint, with the hub's rules."""
    (tmp_path / "rules.yml").write_text(yaml.safe_dump(LINT))
    linter = environment("yamllint", ["yamllint>=1.38"]) / "yamllint"
    done = subprocess.run(
        [linter, "--strict", "--config-file", tmp_path / "rules.yml", TOP / "hub"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.long
@each
def test_schema_of_the_hub_takes_it(plugin: Plugin, name: str) -> None:
    """The hub's own schema has nothing against a definition."""
    if "HUB" not in os.environ:
        pytest.skip("HUB names no checkout of the hub")
    schemas = Path(os.environ["HUB"]) / "schemas"
    found: dict[str, Mapping[str, Any]] = {
        path.relative_to(schemas).as_posix(): json.loads(path.read_text()) for path in schemas.rglob("*.json")
    }
    # Their references are paths; what they call themselves ($id) are not.
    bare = {place: {key: value for key, value in one.items() if key != "$id"} for place, one in found.items()}
    root = "https://hub.invalid/"
    registry: Registry[Any] = Registry().with_resources(
        (root + place, Resource.from_contents(one)) for place, one in bare.items()
    )
    validator = Draft7Validator({"$ref": f"{root}plugin_definitions/{plugin.kind}.schema.json"}, registry=registry)
    assert [error.message for error in validator.iter_errors(hub.definition(plugin, name))] == []
