"""A load becomes visible: tables, merge, ledger, one transaction."""
