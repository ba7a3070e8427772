"""Logins and sessions: what a client sends and what it gets."""
