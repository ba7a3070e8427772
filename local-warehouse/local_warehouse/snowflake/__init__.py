"""A stand-in for Snowflake: the connectors' REST protocol and strict SQL over one DuckDB file."""
