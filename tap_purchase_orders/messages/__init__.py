"""Singer messages, written by one thread."""
