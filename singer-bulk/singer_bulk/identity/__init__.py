"""Who a run is, to AWS and to a warehouse: what it signs in with, got again before it ends."""
