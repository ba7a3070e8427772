"""The text of a statement becomes tokens, names and the options of COPY."""
