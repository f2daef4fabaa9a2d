"""What one receiver decides about one message at a time: believe it, and how much."""
