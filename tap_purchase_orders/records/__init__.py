"""Exact records and issues from the bodies of responses."""
