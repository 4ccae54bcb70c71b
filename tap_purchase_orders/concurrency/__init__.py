"""Concurrency: event loop, cancellation, semaphore, and an ordered map."""
