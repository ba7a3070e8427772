"""Singer target that loads Snowflake by COPY INTO from an external stage."""
