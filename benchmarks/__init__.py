"""Benchmarks: ratios within one run, measured through the real command."""
