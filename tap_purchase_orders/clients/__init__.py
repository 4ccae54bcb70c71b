"""Clients of the two upstream APIs, one file each."""
