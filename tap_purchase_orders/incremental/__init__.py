"""Incremental replication: bookmarks, tracked orders, and what has changed."""
