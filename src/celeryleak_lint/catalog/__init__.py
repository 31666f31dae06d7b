"""What the tool knows about libraries: validated TOML data, never code."""
