"""A statement of Redshift becomes statements of PostgreSQL, or is refused."""
