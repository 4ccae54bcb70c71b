"""From the given configuration to checked and typed settings."""
