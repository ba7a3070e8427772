"""What the two Singer targets share: messages, batches, files, loads."""
