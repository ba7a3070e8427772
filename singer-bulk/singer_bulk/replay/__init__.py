"""What was staged before is loaded again: kept files of a load, and records that were rejected, each once."""
