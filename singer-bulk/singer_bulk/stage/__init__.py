"""Where files wait between their writing and their load."""
