"""Does this warehouse keep what it is sent? Tried in a schema of its own, compared value by value, and dropped."""
