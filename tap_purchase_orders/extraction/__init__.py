"""Extraction of each upstream: request, read, compare, and hand over to be written."""
