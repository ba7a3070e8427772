"""The text of a statement becomes tokens, a tree, or a list of properties; no name is looked up yet."""
