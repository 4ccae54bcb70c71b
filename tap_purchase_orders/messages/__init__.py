"""The messages: one writer, on one thread."""
