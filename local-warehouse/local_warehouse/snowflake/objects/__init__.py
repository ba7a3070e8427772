"""Statements that make, alter, describe and drop objects."""
