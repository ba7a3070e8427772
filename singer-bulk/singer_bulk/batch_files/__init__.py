"""The files that a BATCH names, read as the RECORDs that they stand for; no file is ever written or removed."""
