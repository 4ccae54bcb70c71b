"""Singer tap for purchase orders."""
