"""Names of the warehouse in settings: of columns, roles, groups and users, as SQL would read them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

_NAME = re.compile(r'"((?:[^"]|"")+)"|([^\W\d][\w$]*)')
PUBLIC = "PUBLIC"
_GRANTEE = re.compile(r'(?:([A-Za-z]+)\s+)?("(?:[^"]|"")+"|[^\W\d][\w$]*)')


def stored(written: str, fold: Callable[[str], str]) -> str:
    """Return a name as the warehouse keeps it: in double quotes as it is, without them as the warehouse folds it.

    Raises ValueError for what is no name.
    """
    found = _NAME.fullmatch(written)
    if found is None:
        raise ValueError(f"{written[:80]!r} is no name; one that is no word stands in double quotes")
    return found[1].replace('""', '"') if found[1] else fold(found[2])


def grantee(written: str, kinds: Mapping[str, str], fold: Callable[[str], str]) -> str:
    """Return what GRANT says behind TO; kinds: the words that may stand before the name, and what GRANT says for each.

    Raises ValueError.
    """
    found = _GRANTEE.fullmatch(written.strip())
    kind = (found[1] or "").upper() if found else ""
    if found is None or kind not in kinds:
        forms = ", ".join(f"{one} NAME".strip() for one in kinds)
        raise ValueError(f"{written[:80]!r} names nobody; it takes {forms}, a name that is no word in double quotes")
    if not kinds[kind] and found[2].upper() == PUBLIC:
        return PUBLIC  # everybody, where a name without a kind is a user's
    quoted = stored(found[2], fold).replace('"', '""')
    return f'{kinds[kind]} "{quoted}"'.strip()


def of_each(config: Mapping[str, Any], names: Iterable[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield where settings stand, for all streams and for each one, and what they are there: those not set as for all.

    where: what their names begin with in a message.
    """
    own = {name: config.get(name) for name in names}
    yield "", own
    for stream, chosen in (config.get("stream_settings") or {}).items():
        if any(chosen.get(name) is not None for name in own):
            named = {name: chosen[name] for name in own if chosen.get(name) is not None}
            yield f"stream_settings.{stream}.", {**own, **named}
