"""A stream between its SCHEMA and its rows: its table, its columns, its open batch."""
