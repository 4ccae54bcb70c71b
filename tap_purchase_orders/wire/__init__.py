"""The common ground: JSON bodies, moments, path segments, words for failures."""
