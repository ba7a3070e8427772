"""What does `--about` say of the settings: name, what it takes, default, variable of the environment, meaning?

The Singer SDK's own text and markdown leave out some of it; its JSON is the schema itself, which has all. The targets'
library and the tap have the same file, as they have declared.py.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from singer_bulk.model.declared import allowed, takes_reference

# Where the SDK's list of settings begins and ends.
TEXT_BEGINS = "\nSettings:\n"
MARKDOWN_BEGINS, MARKDOWN_ENDS = "## Settings\n\n", "\n\nA full list of supported settings"
_WIDTH = 100


def with_settings(about: str, schema: Mapping[str, Any], prefix: str) -> str:
    """Return what the SDK says, as text or markdown, with all that is known of the settings."""
    if MARKDOWN_BEGINS in about:
        head, _, rest = about.partition(MARKDOWN_BEGINS)
        return head + MARKDOWN_BEGINS + _table(schema) + MARKDOWN_ENDS + rest.partition(MARKDOWN_ENDS)[2]
    head, begins, _ = about.partition(TEXT_BEGINS)
    return head + begins + "".join(_paragraph(*one, prefix) for one in _settings(schema)) if begins else about


def _settings(schema: Mapping[str, Any], outer: str = "") -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield each setting, also one inside of another, with its schema and whether it must be given."""
    for name, one in schema["properties"].items():
        yield outer + name, one, name in schema.get("required", ())
        if "properties" in one:
            yield from _settings(one, f"{outer}{name}.")


def _paragraph(name: str, schema: Mapping[str, Any], required: bool, prefix: str) -> str:
    lines = [f"Takes: {_takes(schema)}", f"Default: {_default(schema, required)}"]
    if "." not in name:
        lines.append(f"Environment Variable: {prefix}{name.upper().replace('-', '_')}")
    lines += textwrap.wrap(_meaning(schema), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return f"  - Name: {name}\n" + "".join(f"    {line}\n" for line in lines)


def _table(schema: Mapping[str, Any]) -> str:
    rows = [("Setting", "Required", "Takes", "Default", "Description"), (":---", ":---:", ":---", ":---", ":---")]
    for name, one, required in _settings(schema):
        rows.append((name, str(required), _takes(one), _default(one, required), _meaning(one)))
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def _takes(schema: Mapping[str, Any]) -> str:
    kind = allowed(schema) + (", a secret" if schema.get("secret") else "")
    return kind + (" or a reference to it" if takes_reference(schema) else "")


def _default(schema: Mapping[str, Any], required: bool) -> str:
    if required:
        return "none, it must be given"
    default = schema.get("default")
    return "none" if default in (None, "") else default if isinstance(default, str) else json.dumps(default)


def _meaning(schema: Mapping[str, Any]) -> str:
    return " ".join(schema.get("description", "").split())
