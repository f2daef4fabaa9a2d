"""Attackers that learn: a world seen from the attacker's seat, and what they are trained by."""
