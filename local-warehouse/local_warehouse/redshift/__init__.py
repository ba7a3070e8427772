"""A stand-in for Amazon Redshift: PostgreSQL's wire protocol in front of an embedded PostgreSQL."""
