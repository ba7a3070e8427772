"""Who somebody is: what is verified of what a login brings."""
