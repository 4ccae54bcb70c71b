"""Running many requests side by side: event loop, cancellation, ordered look-ahead."""
