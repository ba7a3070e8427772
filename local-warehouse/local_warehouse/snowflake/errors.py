"""Errors as Snowflake reports them: a number, an SQLSTATE and a message.

SqlError            a statement is refused or fails
  Unsupported       the stand-in does not know it: refused, never pretended
  LoginError        the login is refused
"""

from __future__ import annotations


class SqlError(Exception):
    """A statement that fails; `code` is the number without leading zeros, as in `000904`."""

    def __init__(self, message: str, code: int = 1003, sqlstate: str = "42000") -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.sqlstate = sqlstate
        self.query_id: str | None = None  # of the statement that failed


class Unsupported(SqlError):
    """What the stand-in cannot do right, it refuses by name."""

    def __init__(self, what: str) -> None:
        super().__init__(f"Unsupported feature {what!r}.", 2, "0A000")


class LoginError(SqlError):
    """The login is refused, with the number that the connectors know."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message, code, "08001")


def compilation(detail: str, code: int = 1003, sqlstate: str = "42000") -> SqlError:
    return SqlError(f"SQL compilation error:\n{detail}", code, sqlstate)


def syntax(what: str, line: int, column: int) -> SqlError:
    return compilation(f"syntax error line {line} at position {column} unexpected {what!r}.")


def no_object(kind: str, name: str) -> SqlError:
    """An object that is not there, or that the role may not see: Snowflake does not tell which."""
    return compilation(f"{kind} '{name}' does not exist or not authorized.", 2003, "42S02")


def exists(kind: str, name: str) -> SqlError:
    return compilation(f"{kind} '{name}' already exists.", 2002, "42710")


def invalid_identifier(name: str) -> SqlError:
    return compilation(f"error line 1 at position 0\ninvalid identifier '{name}'", 904)


def invalid_parameter(what: str, value: str) -> SqlError:
    return compilation(f"invalid value [{value}] for parameter '{what}'", 1008, "22023")
