"""Classic control problems, as batches."""
