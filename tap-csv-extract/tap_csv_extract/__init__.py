"""Singer tap that reads CSV files: full, incremental and change files."""
