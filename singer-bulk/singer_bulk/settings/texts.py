"""Which texts can no setting have? Drivers cut them at NUL, S3 and the warehouses keep them where nobody finds them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from singer_bulk.errors import ConfigError

# Setting -> what it may not be, and what it is then; an empty prefix is one.
_RULES: Mapping[str, tuple[re.Pattern[str], str]] = {
    **dict.fromkeys(
        ("default_target_schema", "ledger_table", "pipeline_id"),
        (re.compile(r"\s*"), "is blank; name it, or leave it out"),
    ),
    "s3_key_prefix": (
        re.compile(r"\s+|.*[\x00-\x1f\x7f].*|(.*/)?\.\.?(/.*)?", re.DOTALL),
        "is no prefix of keys: it is blank, or has a control character or a part . or ..",
    ),
}


def refuse_texts(config: Mapping[str, Any]) -> None:
    """Raise ConfigError for a text that its setting cannot have; it shows no value."""
    for name, value in config.items():
        if "\0" in _texts(value):
            raise _wrong(name, "has the character NUL, at which drivers cut a text; remove it")
        pattern, problem = _RULES.get(name, (None, ""))
        if pattern is not None and isinstance(value, str) and pattern.fullmatch(value):
            raise _wrong(name, problem)


def _wrong(name: str, problem: str) -> ConfigError:
    return ConfigError(f"setting {name!r} {problem}", code="CFG-VALUE")


def _texts(value: Any) -> str:
    """Return all texts of a value, one behind the other."""
    if isinstance(value, Mapping):
        return "".join(f"{name}{_texts(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return "".join(map(_texts, value))
    return value if isinstance(value, str) else ""
