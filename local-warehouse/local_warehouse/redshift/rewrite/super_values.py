"""A literal for a SUPER column is a string, not a document: only JSON_PARSE makes one.

PostgreSQL would hand the literal to the type's input function, which parses JSON. So in INSERT ... VALUES and
UPDATE ... SET a bare literal or parameter for a SUPER column becomes VARCHAR first, which is then stored as a string.
Source: https://docs.aws.amazon.com/redshift/latest/dg/ingest-super.html
"""

from __future__ import annotations

from local_warehouse.redshift.errors import RedshiftError
from local_warehouse.redshift.grammar.lexer import Reader, Token, split_at_commas
from local_warehouse.redshift.grammar.names import name_of

Columns = list[tuple[str, str]]  # (column, type) in order


def mark_insert(reader: Reader, table: Columns) -> None:
    """Rewrite the literals of one INSERT in place; the reader stands after the table's name."""
    listed = None
    if reader.sees("(") and reader.peek(1).word() not in ("SELECT", "WITH"):
        listed = [name_of(part[0], True) for part in split_at_commas(reader.group())]
    if not reader.accept("VALUES"):
        return
    _refuse_subqueries(reader)
    types = dict(table)
    names = listed if listed is not None else list(types)
    places = [n for n, name in enumerate(names) if types.get(name) == "super"]
    while places and reader.sees("("):
        items = split_at_commas(reader.group())
        for n in places:
            if n < len(items):
                _to_varchar(items[n])
        reader.accept(",")


def _refuse_subqueries(reader: Reader) -> None:
    """Several rows of VALUES take no subquery (c_Examples_of_INSERT_30)."""
    if not any(token.kind == "word" and token.text.upper() == "SELECT" for token in reader.tokens[reader.at :]):
        return
    depth, rows = 0, 0
    for token in reader.tokens[reader.at :]:
        if token.kind == "operator" and token.text in "()":
            depth += 1 if token.text == "(" else -1
            rows += token.text == "(" and depth == 1
    if rows > 1:
        raise RedshiftError("0A000", "can't use subqueries in multi-row VALUES")


def mark_update(reader: Reader, table: Columns) -> None:
    """Rewrite the literals of one UPDATE in place; the reader stands after the table's name."""
    supers = {name for name, kind in table if kind == "super"}
    while supers and not reader.ended():
        token = reader.next()
        assigns = reader.peek(-2).word() in ("SET", ",") and token.kind in ("word", "quoted")
        if assigns and name_of(token, True) in supers and reader.accept("="):
            following = reader.peek(1)
            if following.kind == "end" or following.word() in (",", "WHERE", "FROM"):
                _to_varchar([reader.peek()])


def _to_varchar(item: list[Token]) -> None:
    if len(item) == 1 and item[0].kind in ("string", "parameter"):
        item[0].text += "::varchar"
