"""What loaders keep of the tap's records: `python -m benchmarks.loaders`.

Each loader is installed in a pinned version, given what two runs of the tap wrote, and
what it stored is read back and compared, value by value.
"""
