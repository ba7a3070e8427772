"""CREATE USER, ALTER USER and GRANT.

A password that is given as sha256 is none that libpq can log in with.

The server asks such a user by authentication method 13, which libpq has not and redshift_connector has. Whose password
is one is kept as a setting of the PostgreSQL role, which is rolled back and dropped with it.

PostgreSQL has users, groups and roles under one kind of name, so GRANT .. TO ROLE is its GRANT .. TO.
Sources: r_CREATE_USER, r_GRANT, https://github.com/jazzband/django-redshift-backend/issues/146
"""

from __future__ import annotations

from local_warehouse.redshift.grammar.lexer import Reader, Token, text_of
from local_warehouse.redshift.rewrite.plans import Plan

PREFIX = "sha256|"
SHA256 = "rs.password=sha256"  # the setting of a role whose password is one


def user(tokens: list[Token], tag: str = "") -> Plan:
    """How CREATE or ALTER USER is carried out."""
    reader = Reader(tokens)
    name = reader.peek(2).text
    password = None
    for at, token in enumerate(reader.tokens):
        if token.word() == "PASSWORD" and reader.peek(at + 1).kind == "string":
            password = reader.peek(at + 1)
        elif token.word() == "PASSWORD" and reader.peek(at + 1).word() == "DISABLE":
            reader.peek(at + 1).text = "NULL"
    if password is None:
        return Plan([text_of(tokens)], tag=tag)
    hashed = password.string().lower().startswith(PREFIX)
    if hashed:
        password.text = "NULL"
    setting = f"ALTER ROLE {name} {f'SET {SHA256}' if hashed else 'RESET rs.password'}"
    return Plan([text_of(tokens), setting], tag=tag)


def grant(tokens: list[Token]) -> Plan:
    """How GRANT and REVOKE are carried out: without ROLE before the names that they give to or take from."""
    before = ""
    for token in Reader(tokens).tokens:
        if token.word() == "ROLE" and before in ("TO", "FROM", ","):
            token.text = ""
        else:
            before = "," if token.text == "," else token.word()
    return Plan([text_of(tokens)])
