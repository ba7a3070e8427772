"""What is written from the settings' declarations: the settings in meltano.yml, and docs/settings.md.

`python -m tests.generated` writes both; a test compares them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tap_csv_extract.cli import TapCsvExtract
from target_redshift_copy.cli import TargetRedshiftCopy
from target_snowflake_stage.cli import TargetSnowflakeStage

TOP = Path(__file__).parent.parent
MELTANO_FILE = TOP / "meltano.yml"
SETTINGS_PAGE = TOP / "docs" / "settings.md"
CONNECTORS = (TapCsvExtract, TargetRedshiftCopy, TargetSnowflakeStage)

# JSON Schema type -> Meltano's kind
KINDS = {
    "string": "string",
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "array": "array",
    "object": "object",
}


def settings_of(connector: Any) -> dict[str, dict[str, Any]]:
    """Return the connector's settings as `--about` shows them."""
    declared: dict[str, dict[str, Any]] = connector._get_about_info().settings["properties"]
    return declared


def meltano_file(text: str) -> str:
    """Return meltano.yml with the settings of each plugin written anew."""
    for connector in CONNECTORS:
        lines = "".join(_meltano_setting(name, one) for name, one in settings_of(connector).items())
        pattern = rf"(  - name: {connector.name}\n(?:    .*\n)*?    settings:)(?: \[\])?\n(?:    - .*\n)*"
        text = re.sub(pattern, lambda found, lines=lines: f"{found[1]}\n{lines}", text)  # type: ignore[misc]
    return text


def _meltano_setting(name: str, declared: dict[str, Any]) -> str:
    parts = {"name": name, "kind": _kind(declared)}
    if "options" in parts["kind"]:
        parts["options"] = [{"label": value, "value": value} for value in declared["enum"] if value is not None]
    if declared.get("secret"):
        parts["sensitive"] = True
    if declared.get("default") not in (None, ""):
        parts["value"] = declared["default"]
    parts["description"] = " ".join(declared.get("description", "").split())
    return "    - {" + ", ".join(f"{key}: {json.dumps(value)}" for key, value in parts.items()) + "}\n"


def _kind(declared: dict[str, Any]) -> Any:
    if "enum" in declared:
        return "options"
    types = declared.get("type", ["string"])
    found = [KINDS[one] for one in ([types] if isinstance(types, str) else types) if one != "null"]
    return next((kind for kind in ("array", "object") if kind in found), found[0] if found else "object")


def settings_page() -> str:
    """Return docs/settings.md."""
    parts = [
        "# Settings\n\nWritten from the declarations in the code by `python -m tests.generated`; "
        "`COMMAND --about` shows the same.\n"
    ]
    for connector in CONNECTORS:
        parts.append(f"\n## {connector.name}\n\n| setting | kind | default | meaning |\n|---|---|---|---|\n")
        parts.extend(_settings_row(connector, name, one) for name, one in settings_of(connector).items())
    return "".join(parts)


def _settings_row(connector: Any, name: str, declared: dict[str, Any]) -> str:
    required = name in connector._get_about_info().settings.get("required", [])
    default = declared.get("default")
    shown = "required" if required else "" if default in (None, "") else f"`{json.dumps(default)}`"
    kind = ", ".join(f"`{value}`" for value in declared["enum"] if value) if "enum" in declared else _kind(declared)
    if declared.get("secret"):
        kind += ", secret"
    meaning = " ".join(declared.get("description", "").split()).replace("|", "\\|")
    return f"| `{name}` | {kind} | {shown} | {meaning} |\n"


def main() -> None:
    """Write both files."""
    MELTANO_FILE.write_text(meltano_file(MELTANO_FILE.read_text()))
    SETTINGS_PAGE.parent.mkdir(exist_ok=True)
    SETTINGS_PAGE.write_text(settings_page())


if __name__ == "__main__":
    main()
