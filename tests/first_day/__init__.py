"""The misconfigurations of a first day: what is said of each, and whether doing what it says makes the next run work."""
