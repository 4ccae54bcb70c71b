"""What the two upstream APIs offer."""
