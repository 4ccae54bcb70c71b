"""Credentials and purchase order numbers from the output of commands."""
