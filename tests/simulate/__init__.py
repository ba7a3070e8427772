"""Whole runs against an S3 and a warehouse in memory, in every order of events that a seed decides."""
