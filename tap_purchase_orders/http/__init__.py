"""How we ask: within the limits, again when it helps, many at once, in order."""
