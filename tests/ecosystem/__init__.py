"""The examples of examples/, run by the programs that they are for: make ecosystem."""
