"""What is kept: the DuckDB file, its catalog and transactions, and the files of stages."""
