"""Stand-ins for Amazon Redshift, Snowflake and S3 on loopback, strict and installed by pip."""
