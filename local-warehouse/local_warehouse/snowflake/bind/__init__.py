"""A query and its names become DuckDB SQL with Snowflake types."""
