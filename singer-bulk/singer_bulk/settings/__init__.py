"""What the user may choose, and chose: settings of loads, the methods by which rows enter, files that say so."""
