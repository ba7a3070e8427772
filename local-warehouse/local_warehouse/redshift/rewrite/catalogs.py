"""Columns of the catalog that Redshift has and PostgreSQL has not: a statement that names one gets a view with them."""

from __future__ import annotations

from collections.abc import Sequence

from local_warehouse.redshift.grammar.lexer import Token, words
from local_warehouse.redshift.grammar.references import references
from local_warehouse.redshift.rewrite.late_views import has_alias

OWN_COLUMNS = words(
    """
    RELDISTSTYLE RELHASOIDS RELTRIGGERS RELUKEYS RELFKEYS RELREFS RELHASPKEY ATTISDISTKEY ATTSORTKEYORD
    ATTENCODINGTYPE ADSRC
    """
)
VIEWS = ("pg_class", "pg_attribute", "pg_attrdef")


def widen(significant: Sequence[Token]) -> None:
    """Put the views in the place of the tables, where a statement asks for what only they have."""
    if not any(token.kind == "word" and token.text.upper() in OWN_COLUMNS for token in significant):
        return
    for reference in references(significant):
        if reference.is_catalog and reference.last_part in VIEWS:
            alias = "" if has_alias(significant, reference.end) else f" AS {reference.last_part}"
            significant[reference.start].text = f"pg_catalog.rs_{reference.last_part}{alias}"
            for token in significant[reference.start + 1 : reference.end]:
                token.text = ""
