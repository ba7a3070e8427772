"""Names of columns: from the header row, from the settings, and unique in any case."""

from __future__ import annotations

from collections.abc import Sequence


def column_names(fields: Sequence[str | None]) -> tuple[str, ...]:
    """Give every column a name of its own.

    A blank name becomes `column_N` (N counts from 1), a name that was there already gets `_2`, `_3`, ... until it
    is new. The same header gives the same names in every run.

    >>> column_names(["id", "", "id", "id_2"])
    ('id', 'column_2', 'id_3', 'id_2')
    """
    given = [field or "" for field in fields]
    taken = {name for name in given if name.strip()}
    seen: set[str] = set()
    names = []
    for place, name in enumerate(given, start=1):
        if not name.strip():
            name = _free(f"column_{place}", taken)
        elif name in seen:
            name = _free(name, taken)
        seen.add(name)
        taken.add(name)
        names.append(name)
    return tuple(names)


def _free(name: str, taken: set[str]) -> str:
    if name not in taken:
        return name
    number = 2
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"
