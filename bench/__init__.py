"""`make bench`: what a record costs, as ratios of one run."""
