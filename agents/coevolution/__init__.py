"""Hosts and pathogens: policies, and bounded liars before their eyes, that evolve together."""
