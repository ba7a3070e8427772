"""Files are staged by many processes, each of which writes a receipt; one process commits them all, once."""
