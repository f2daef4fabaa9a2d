"""A batch of environments as the types that other libraries expect, and back."""
