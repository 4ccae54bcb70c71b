"""Authentication methods, one file each."""
