"""Where purchase order numbers come from, by name."""
