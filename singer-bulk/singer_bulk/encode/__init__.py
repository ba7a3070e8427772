"""Records become the bytes of files."""
