"""The misconfigurations of a first day: what is said of each, and whether what it says makes the next run work."""
