"""Statements that change rows: INSERT, UPDATE, DELETE and MERGE."""
