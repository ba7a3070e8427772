"""What does a name in a statement mean?  Folded to lower case, cut at 127 bytes, given an alias above 63.

Redshift folds ASCII letters even inside double quotes, unless enable_case_sensitive_identifier is on, and
cuts names at 127 bytes; PostgreSQL stops at 63, so a longer name has an alias there.
Source: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
"""

from __future__ import annotations

import hashlib
import re
import string
import threading
from collections.abc import Callable, Iterable

from local_warehouse.redshift.grammar.lexer import Token

MAX_NAME_BYTES = 127
BACKEND_NAME_BYTES = 63
_ALIAS = re.compile(rb"[^\x00]{42}~[0-9a-f]{20}")
_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


class LongNames:
    """Aliases of the names that do not fit the backend; shared by all sessions of a database server."""

    def __init__(self, store: Callable[[str, str], None]) -> None:
        self._store = store
        self._names: dict[str, str] = {}
        self._lock = threading.Lock()

    def alias(self, name: str) -> str:
        """The name the backend knows: `name` itself, or a stand-in of 63 bytes."""
        encoded = name.encode()
        if len(encoded) <= BACKEND_NAME_BYTES:
            return name
        head = encoded[:42].decode("utf-8", "ignore")
        head += "_" * (42 - len(head.encode()))
        alias = f"{head}~{hashlib.sha256(encoded).hexdigest()[:20]}"
        with self._lock:
            if alias not in self._names:
                self._store(alias, name)
                self._names[alias] = name
        return alias

    def restore(self, text: bytes) -> bytes:
        """`text` with every alias turned back into its name."""
        if not self._names or b"~" not in text:
            return text
        return _ALIAS.sub(lambda found: self._long(found.group()), text)

    def _long(self, alias: bytes) -> bytes:
        name = self._names.get(alias.decode("utf-8", "replace"))
        return name.encode() if name else alias


def fold(name: str) -> str:
    return name.translate(_FOLD)


def cut(name: str) -> str:
    encoded = name.encode()
    return name if len(encoded) <= MAX_NAME_BYTES else encoded[:MAX_NAME_BYTES].decode("utf-8", "ignore")


def name_of(token: Token, case_sensitive: bool = False) -> str:
    """The name that an identifier token stands for."""
    if token.kind == "quoted":
        name = token.text[1:-1].replace('""', '"')
        return cut(name if case_sensitive else fold(name))
    return cut(fold(token.text))


def normalise(tokens: Iterable[Token], names: LongNames, case_sensitive: bool) -> None:
    """Rewrite the identifiers of a statement in place into what the backend is to see."""
    listed = list(tokens)
    users = {id(token) for token in _users([token for token in listed if token.kind != "space"])}
    for token in listed:
        if token.kind == "quoted":
            token.text = quoted(names.alias(name_of(token, case_sensitive or id(token) in users)))
        elif token.kind == "word" and (len(token.text) > 40 or token.text.startswith("#")):
            token.text = quoted(names.alias(name_of(token)))
            token.kind = "quoted"


def _users(tokens: list[Token]) -> list[Token]:
    """The quoted names of users in a statement, which keep their case (r_enable_case_sensitive_identifier).

    GRANT .. TO, REVOKE .. FROM, CREATE, ALTER and DROP USER, OWNER TO.
    """
    words = [token.word() for token in tokens]
    behind = {"GRANT": "TO", "REVOKE": "FROM"}.get(words[0] or "") if words else None
    if behind in words:
        return tokens[words.index(behind) :]
    if words[1:2] == ["USER"]:
        return tokens[2:3]
    owners = [at + 2 for at in range(len(words) - 2) if words[at : at + 2] == ["OWNER", "TO"]]
    return [tokens[at] for at in owners]


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
