"""COPY INTO a table, and what else reads the files of a stage."""
