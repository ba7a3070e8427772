"""Change feeds by convention: what their properties and envelopes mean."""
