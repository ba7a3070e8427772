"""`NAME = value` lists of DDL and COPY: read generically, then taken one by one; what is left over is refused."""

from __future__ import annotations

from collections.abc import Sequence

from local_warehouse.snowflake.errors import compilation, invalid_parameter
from local_warehouse.snowflake.grammar.cursor import Cursor
from local_warehouse.snowflake.grammar.lexer import NAME, NUMBER, QUOTED, STRING


class Word(str):
    """A bare word, in upper case."""


class Name(list[str]):
    """A name of one to three parts."""


Value = str | int | Word | Name | list[str] | dict[str, object]


def read(cursor: Cursor, stop: Sequence[str] = ()) -> dict[str, object]:
    """Properties up to the end, a `)`, or a word of `stop`; a name given twice is an error."""
    found: dict[str, object] = {}
    while cursor.token.kind == NAME and cursor.token.value not in stop:
        name = cursor.next().value
        cursor.need_op("=")
        if name in found:
            raise compilation(f"duplicate property '{name}'", 1003)
        found[name] = _value(cursor)
        cursor.op(",")
    return found


def _value(cursor: Cursor) -> object:
    token = cursor.token
    if token.kind == STRING:
        return cursor.string()
    if token.kind == NUMBER:
        return cursor.integer()
    if cursor.op("-"):
        return -cursor.integer()
    if cursor.op("("):
        if cursor.token.kind == NAME and cursor.is_op("=", 1):
            inner: object = read(cursor)
        else:
            inner = _list(cursor)
        cursor.need_op(")")
        return inner
    if token.kind == QUOTED or (token.kind == NAME and cursor.is_op(".", 1)):
        return Name(cursor.qualified())
    if token.kind == NAME:
        return Word(cursor.next().value)
    raise cursor.error()


def _list(cursor: Cursor) -> list[str]:
    found: list[str] = []
    while not cursor.is_op(")"):
        found.append(cursor.string())
        if not cursor.op(","):
            break
    return found


class Properties:
    """Takes properties out of a dict by the type they must have."""

    def __init__(self, values: dict[str, object]) -> None:
        self.values = dict(values)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str) -> str | None:
        value = self.values.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, str):
            raise invalid_parameter(name, str(value))
        return value

    def word(self, name: str, allowed: Sequence[str]) -> str | None:
        """One of `allowed`, in upper case."""
        value = self.text(name)
        if value is None:
            return None
        if value.upper() not in allowed:
            raise invalid_parameter(name, value)
        return value.upper()

    def flag(self, name: str) -> bool | None:
        value = self.word(name, ("TRUE", "FALSE"))
        return None if value is None else value == "TRUE"

    def number(self, name: str, low: int = 0) -> int | None:
        value = self.values.pop(name, None)
        if value is not None and (not isinstance(value, int) or value < low):
            raise invalid_parameter(name, str(value))
        return value

    def texts(self, name: str) -> list[str] | None:
        value = self.values.pop(name, None)
        if isinstance(value, str) and not isinstance(value, Word):
            return [value]
        if value is not None and (not isinstance(value, list) or isinstance(value, Name)):
            raise invalid_parameter(name, str(value))
        return value

    def group(self, name: str) -> dict[str, object] | None:
        value = self.values.pop(name, None)
        if isinstance(value, list) and not value:
            return {}
        if value is not None and not isinstance(value, dict):
            raise invalid_parameter(name, str(value))
        return value

    def name(self, name: str) -> list[str] | None:
        """A name of an object: bare, quoted, or as a string."""
        value = self.values.pop(name, None)
        if value is None:
            return None
        if isinstance(value, Name):
            return list(value)
        if isinstance(value, Word):
            return [str(value)]
        if isinstance(value, str):
            cursor = Cursor(value)
            parts = cursor.qualified()
            cursor.finish()
            return parts
        raise invalid_parameter(name, str(value))

    def finish(self, what: str) -> None:
        """Everything must have been taken."""
        if self.values:
            raise compilation(f"invalid property '{min(self.values)}' for '{what}'", 1420, "22023")
