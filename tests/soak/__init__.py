"""Histories of runs from a seed, with faults, kills and changes, and what came of them.

`python -m tests.soak` runs them; docs/reliability.md says what is in one.
"""
