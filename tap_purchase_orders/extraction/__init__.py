"""Extraction of each upstream: requests, reads and compares, and yields batches."""
