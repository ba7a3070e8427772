"""The steps of a load by name, as its statements begin."""

from __future__ import annotations

from tests.faults.strikes import METHODS

NAMED = {
    "CREATE": ("^CREATE", METHODS),
    "BEGIN": ("^BEGIN", METHODS),
    "the turn of the table": ("^(LOCK|UPDATE)", ("upsert", "overwrite")),
    "COPY": ("^COPY", METHODS),
    "the look at the scratch tables": ("^SELECT 0, SUM", ("upsert",)),
    "MERGE": ("^MERGE", ("upsert",)),
    "DELETE": ("^DELETE", ("overwrite",)),
    "the ledger's INSERT": ("^INSERT INTO.*_singer_loads", METHODS),
    "COMMIT": ("^COMMIT", METHODS),
}
