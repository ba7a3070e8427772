"""The PostgreSQL behind the stand-in: its process, its catalogs, and the protocol towards it."""
