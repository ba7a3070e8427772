"""The orders story, told in a terminal on embedded warehouses."""
