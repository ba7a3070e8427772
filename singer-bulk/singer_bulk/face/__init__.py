"""The Singer SDK's plugin as ours: its reader, its settings, its output."""
