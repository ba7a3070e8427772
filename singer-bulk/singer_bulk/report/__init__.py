"""What a run tells, and to whom: a live view, the log, a report, other programs; and what the ledger has kept of it."""
