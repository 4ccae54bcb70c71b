"""What is emitted and what is remembered: bookmarks, and the orders that move."""
