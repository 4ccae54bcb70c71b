"""Mutation testing of the modules that read, decide and remember.

`python -m tests.mutation` runs it; docs/mutation-testing.md says what came of it.
"""
