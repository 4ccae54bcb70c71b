"""Sends one request well: sign-in, limits, retry, budget, TLS."""
