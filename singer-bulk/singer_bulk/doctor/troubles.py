"""An error that a load would end with, as what a step has found: its cause, its remedy, the statements in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from singer_bulk.doctor.steps import PROBE, Trouble
from singer_bulk.errors import BulkError, ConfigError
from singer_bulk.model.rights import statements_told
from singer_bulk.warehouse.ledger_form import MEND

# What is said of a thing that may be there unseen: what the doctor makes is not.
_OF_PROBE = re.compile(rf", or, if [^;]*{PROBE}[^;]* is there already, run .*", re.IGNORECASE)
# What stands between a cause and its remedy, in an error of ours.
_BREAK = "; "


def trouble_of(error: BulkError, add: Iterable[str] = ()) -> Trouble:
    """Return it; `add`: what else is to be added, literally."""
    cause, remedy = _parts(_OF_PROBE.sub("", error.text))
    remedy = remedy or ("correct what this names" if isinstance(error, ConfigError) else "")
    # What helps if a thing is there unseen is an alternative, but behind what makes it: then both are to be run.
    made, _, _ = remedy.partition(", or, if ")
    told = statements_told(remedy if "CREATE SCHEMA" in made else made)
    return Trouble(cause, remedy, (*told, *add), error.code)


def _parts(text: str) -> tuple[str, str]:
    """Return cause and remedy; the ledger's problems are a list, so its remedy is found by its own words."""
    if MEND in text:
        return text.partition(MEND)[0].rstrip(" :,"), MEND
    cause, _, remedy = text.partition(_BREAK)
    return cause, remedy


def as_policy(document: Mapping[str, Any]) -> str:
    """Return a policy document as it is pasted into the console, or given to the AWS CLI."""
    return json.dumps(document, indent=2)
