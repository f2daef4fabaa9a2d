"""Robust aggregation: combining updates of which up to f are lies."""
