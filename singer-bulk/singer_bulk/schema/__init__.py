"""A SCHEMA becomes columns, and what they leave to be checked."""
