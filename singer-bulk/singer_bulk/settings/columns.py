"""What is wrong with the settings of columns, before a run: types that are none, masks that cannot be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from singer_bulk.schema.chosen_types import chosen_type
from singer_bulk.settings.named import of_each


def column_problems(config: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with `columns` and `mask`, for all streams and for one."""
    problems = []
    for where, own in of_each(config, ["columns"]):
        for name, words in (own["columns"] or {}).items():
            try:
                chosen_type(words)
            except ValueError as error:
                problems.append(f"setting {f'{where}columns.{name}'!r} {error}")
    for where, own in of_each(config, ["mask"]):
        if "hmac" in (own["mask"] or {}).values() and not config.get("mask_key"):
            problems.append(f"setting {f'{where}mask'!r} takes hmac only with 'mask_key', the key")
        if "" in (own["mask"] or {}):
            problems.append(f"setting {f'{where}mask'!r} has a property without a name")
    return problems
