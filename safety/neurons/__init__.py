"""Neurons that fail: how networks compute with some of theirs broken, and which are."""
