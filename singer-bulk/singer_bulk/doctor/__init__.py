"""Is this configuration right? Each thing that a load needs is tried, and what is missing comes with what grants it."""
