"""How are Redshift's expressions spelled for PostgreSQL?  By token: date parts, NVL, SYSDATE, VARCHAR(MAX)."""

from __future__ import annotations

from local_warehouse.redshift.grammar.lexer import Token
from local_warehouse.redshift.grammar.names import name_of
from local_warehouse.redshift.postgres.connection import literal
from local_warehouse.redshift.rewrite import column_types

# Functions whose first argument is a bare date part -> the name of the result's column.
DATE_PART_FUNCTIONS = {
    "DATEADD": "date_add",
    "DATE_ADD": "date_add",
    "DATEDIFF": "date_diff",
    "DATE_DIFF": "date_diff",
    "DATE_PART": "date_part",
    "PGDATE_PART": "date_part",
}
GRAMMAR_FUNCTIONS = (
    "JSON_SERIALIZE",
    "JSON_ARRAY",
    "JSON_OBJECT",
    "JSON_SCALAR",
    "JSON_QUERY",
    "JSON_VALUE",
    "JSON_EXISTS",
)
# Types whose name alone means something else in a cast: DECIMAL is DECIMAL(18,0).
CAST_TYPES = {"NVARCHAR": "varchar", "DECIMAL": "numeric(18,0)", "NUMERIC": "numeric(18,0)", "DEC": "numeric(18,0)"}


def rewrite_expressions(significant: list[Token]) -> None:
    """Spell Redshift's expressions as the backend reads them."""
    for n, token in enumerate(significant):
        if token.kind != "word":
            continue
        word = token.word()
        following = significant[n + 1] if n + 1 < len(significant) else Token("end", "")
        before = significant[n - 1] if n else Token("end", "")
        if following.text == "(":
            if word in DATE_PART_FUNCTIONS:
                _rewrite_date_part(significant, n)
            elif word in GRAMMAR_FUNCTIONS:
                token.text = f'"{word.lower()}"'
            elif word == "NVL":
                token.text = "coalesce"
            elif word in ("VARCHAR", "NVARCHAR") and significant[n + 2].word() == "MAX":
                significant[n + 2].text = str(column_types.MAX_VARCHAR_BYTES)
        elif word == "SYSDATE" and before.text != "." and following.text != ".":
            token.text = "pg_catalog.sysdate()"
        if before.text == "::" or (before.word() == "AS" and following.text == ")"):
            token.text = CAST_TYPES.get(word, token.text) if following.text != "(" else token.text


def _rewrite_date_part(significant: list[Token], n: int) -> None:
    """DATEADD(day, 1, '2020-01-01'): the part becomes a text, a bare literal a timestamp."""
    significant[n].text = DATE_PART_FUNCTIONS[significant[n].word()]
    depth = 0
    for at in range(n + 1, len(significant)):
        token, before, following = significant[at], significant[at - 1], significant[min(at + 1, len(significant) - 1)]
        depth += {"(": 1, ")": -1}.get(token.text, 0) if token.kind == "operator" else 0
        if depth == 0:
            return
        if at == n + 2 and token.kind in ("word", "quoted") and following.text == ",":
            token.text, token.kind = literal(name_of(token)), "string"
        elif depth == 1 and token.kind == "string" and before.text == "," and following.text in (",", ")"):
            token.text += "::timestamp"
