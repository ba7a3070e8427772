"""Misconfigurations that are planted, what `--doctor` says of each, and whether doing what it says makes it pass."""
