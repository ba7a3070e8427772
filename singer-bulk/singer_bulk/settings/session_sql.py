"""SQL of the user in a run and in its loads, and what he sets for the session: what would break a load is refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from itertools import pairwise
from typing import Any

from singer_bulk.model.statements import first_words, is_clear, names_in, statements_of, steps_of

OF_RUN, OF_LOAD = ("pre_run_sql", "post_run_sql"), ("pre_load_sql", "post_load_sql")
# Words that would leave the session otherwise than our statements need it: a transaction that is open, other
# parameters, another place. A session that is lost is opened anew, without them.
_OF_SESSIONS = {
    **dict.fromkeys(
        ("BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "DECLARE"),
        "begins or ends a transaction; statements of a run commit by themselves",
    ),
    **dict.fromkeys(
        ("SET", "UNSET", "RESET", "USE", "DISCARD"),
        "changes the session; use 'session_parameters', 'role', 'warehouse' or 'database' for what it sets",
    ),
}
_ALTERS_SESSION = ("ALTER", "SESSION")
# https://docs.snowflake.com/en/sql-reference/sql/call-with: WITH p AS PROCEDURE () .. CALL p()
_CALLS = ("AS", "PROCEDURE")
# What functions do that statements may not. https://docs.aws.amazon.com/redshift/latest/dg/r_SET_CONFIG.html
# https://docs.snowflake.com/en/sql-reference/functions/system_abort_transaction
_FUNCTIONS = {"SET_CONFIG": _OF_SESSIONS["SET"], "SYSTEM$ABORT_TRANSACTION": _OF_SESSIONS["ROLLBACK"]}
_UNCLEAR = "has a comment within a comment, or one that ends in a carriage return alone; warehouses read it differently"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def sql_problems(config: Mapping[str, Any], of_load: Collection[str], why: str) -> list[str]:
    """Return what is wrong with the user's SQL; the statements are not shown.

    of_load: the words that a statement inside of a load's transaction may begin with; why: what others would do.
    """
    problems = []
    for setting in (*OF_RUN, *OF_LOAD):
        text = config.get(setting) or ""
        if not is_clear(text):
            problems.append(f"setting {setting!r} {_UNCLEAR}")
        for number, statement in enumerate(statements_of(text), 1):
            for step in steps_of(statement):
                words = (*first_words(step), "", "")[:2]
                inside = _problem(step, words, of_load, why) if setting in OF_LOAD else _problem_of_run(words)
                if problem := inside or _problem_of_calls(step):
                    shown = " ".join(words).strip()[:40] or "no word"
                    problems.append(f"setting {setting!r}, statement {number} ({shown}) {problem}")
    return problems


def _problem(step: str, words: tuple[str, ...], of_load: Collection[str], why: str) -> str | None:
    names = names_in(step)
    if words[0] in of_load and not (words[0] == "WITH" and _CALLS in pairwise(names)):
        return None
    return f"stands inside the load's transaction, which takes {', '.join(of_load)}: {why}"


def _problem_of_run(words: tuple[str, ...]) -> str | None:
    return _OF_SESSIONS["SET"] if words == _ALTERS_SESSION else _OF_SESSIONS.get(words[0])


def _problem_of_calls(step: str) -> str | None:
    called = _FUNCTIONS.keys() & names_in(step)
    return _FUNCTIONS[min(called)] if called else None


def parameter_problems(config: Mapping[str, Any], refused: Mapping[str, str]) -> list[str]:
    """Return what is wrong with the user's session parameters; refused: name in small letters -> what to do instead."""
    problems, seen = [], set()
    for name, value in (config.get("session_parameters") or {}).items():
        where = f"setting 'session_parameters', {name[:80]!r}"
        small = name.lower()
        if not _NAME.fullmatch(name):
            problems.append(f"{where}: is no name of a parameter")
        elif small in refused:
            problems.append(f"{where}: {refused[small]}")
        elif small in seen:
            problems.append(f"{where}: stands there twice, in other letters")
        elif not isinstance(value, str | int | float | bool):
            problems.append(f"{where}: takes text, a number or true or false")
        seen.add(small)
    return problems
