"""Programs that do the same work as the tap, each in the way of its own world.

They run in an environment of their own (`.venv-bench`), and import nothing of the tap.
"""
