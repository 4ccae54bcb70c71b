"""Who we are: methods of signing in, by name."""
