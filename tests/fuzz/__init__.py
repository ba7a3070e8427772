"""Random names, messages, settings and files: nothing that they are may end in an error that nobody has foreseen."""
